// SPDX-License-Identifier: Apache-2.0
// Invariant: whatever the bytes are, untar ends; if it takes them, the tree it names is one that
// can be read, and nothing it holds is larger than the limits say.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "git/serve/untar.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::size_t at = 0;
    const origin::git::ReadMore more = [&](char* out,
                                           std::size_t wanted) -> origin::Result<std::size_t> {
        const std::size_t got = std::min(wanted, size - at);
        std::memcpy(out, data + at, got);
        at += got;
        return got;
    };
    origin::git::PackBuilder builder(nullptr);
    constexpr std::uint64_t kBytesMax = 100'000;
    const auto tree = origin::git::untar(more, builder, {.files_max = 100, .bytes_max = kBytesMax});
    if (tree && *tree && (!builder.contains(**tree) || !builder.check_connectivity())) {
        std::abort();
    }
    return 0;
}

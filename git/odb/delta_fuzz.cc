// SPDX-License-Identifier: Apache-2.0
// Invariant: applying any delta to any base ends, reads only the base and the delta, writes only
// the result. In: one byte: length of the base; the base; the delta.
#include <algorithm>
#include <string>
#include <tuple>

#include "git/odb/delta.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::size_t base_size = std::min<std::size_t>(data[0], size - 1);
    const std::string base(reinterpret_cast<const char*>(data + 1), base_size);
    const std::string delta(reinterpret_cast<const char*>(data + 1 + base_size),
                            size - 1 - base_size);
    const auto sizes = origin::git::parse_delta_sizes(delta);
    if (!sizes || sizes->result > 1 << 20) {
        return 0;
    }
    std::string out(sizes->result, '\0');
    std::ignore = origin::git::apply_delta(base, delta, out);
    return 0;
}

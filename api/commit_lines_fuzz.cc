// SPDX-License-Identifier: Apache-2.0
// Invariant: a stream of commit lines means the same whole and in pieces, and what is refused is
// refused in clean UTF-8.
#include <filesystem>

#include "api/commit_lines.h"
#include "base/assert.h"
#include "base/utf8.h"

namespace {

struct Outcome {
    std::string refused;
    std::uint64_t spooled = 0;
    std::size_t actions = 0;
    friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome read(std::string_view bytes, std::size_t piece_bytes) {
    origin::git::Spool spool(std::filesystem::temp_directory_path());
    origin::api::CommitLines lines(spool, {.file_bytes_max = 4096, .content_bytes_max = 16 * 1024});
    origin::Status status;
    while (status && !bytes.empty()) {
        status = lines.feed(origin::bytes_of(bytes.substr(0, piece_bytes)));
        bytes.remove_prefix(std::min(piece_bytes, bytes.size()));
    }
    if (status) {
        status = lines.finish();
    }
    Outcome outcome;
    if (!status) {
        ORIGIN_ASSERT(origin::is_utf8(status.error().told_to_peer()));
        outcome.refused = status.error().told_to_peer();
        return outcome;
    }
    outcome.spooled = spool.size();
    outcome.actions = lines.take_actions().size();
    return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    ORIGIN_ASSERT(read(bytes, size + 1) == read(bytes, 7));
    return 0;
}

// SPDX-License-Identifier: Apache-2.0
// Invariant: any bytes end in a request or a refusal, the same however they are cut; a request has
// a revision or lists formats, and its paths are not empty.
// Input: one byte for the size of the pieces, then the request.
#include <algorithm>
#include <string>

#include "base/assert.h"
#include "git/wire/archive_request.h"

namespace {

std::string read(origin::Bytes all, std::size_t step) {
    origin::git::ArchiveRequestParser parser;
    bool is_complete = false;
    while (!all.empty() && !is_complete) {
        origin::Bytes chunk = all.first(std::min(step, all.size()));
        all = all.subspan(chunk.size());
        const auto complete = parser.feed(chunk);
        if (!complete) {
            return "refused: " + complete.error().told_to_peer();
        }
        is_complete = *complete;
    }
    if (!is_complete) {
        return "cut short";
    }
    const auto request = parser.take();
    if (!request) {
        return "refused: " + request.error().told_to_peer();
    }
    std::string seen = request->format + request->prefix + request->revision;
    for (const std::string& path : request->paths) {
        ORIGIN_ASSERT(!path.empty() && !path.ends_with('/'));
        seen += '\n' + path;
    }
    return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const origin::Bytes all(reinterpret_cast<const std::byte*>(data + 1), size - 1);
    const std::string whole = read(all, std::max<std::size_t>(all.size(), 1));
    ORIGIN_ASSERT(read(all, 1 + data[0] % 64) == whole);
    return 0;
}

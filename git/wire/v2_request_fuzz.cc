// SPDX-License-Identifier: Apache-2.0
// Invariant: any stream ends in requests or one refusal, the same however it is cut, and a request
// holds no more than its lines could carry.
// Input: one byte for the size of the pieces, then the stream.
#include "base/assert.h"
#include "git/wire/v2_request.h"

namespace {

using origin::git::FetchRequest;
using origin::git::LsRefsRequest;
using origin::git::V2Request;
using origin::git::V2Step;

void note(std::string& seen, const V2Request& request, std::size_t input_bytes) {
    seen += request.agent + ';' + request.session_id + ';';
    seen += std::to_string(request.server_options.size()) + ';';
    if (const auto* fetch = std::get_if<FetchRequest>(&request.command)) {
        const std::size_t ids = fetch->wants.size() + fetch->haves.size() + fetch->shallows.size();
        ORIGIN_ASSERT(ids * origin::kOidHexDigits <= input_bytes);
        ORIGIN_ASSERT(fetch->depth <= origin::git::kInfiniteDepth);
        seen += std::to_string(ids) + ',' + std::to_string(fetch->depth) + ',' + fetch->filter;
    } else if (const auto* ls_refs = std::get_if<LsRefsRequest>(&request.command)) {
        for (const std::string& prefix : ls_refs->prefixes.ranges()) {
            ORIGIN_ASSERT(ls_refs->prefixes.matches(prefix));
            seen += prefix + ',';
        }
    } else {
        ORIGIN_ASSERT(false);  // A complete request has a command.
    }
}

std::string read(origin::Bytes all, std::size_t step) {
    origin::git::V2RequestParser parser({.filter = true, .deepen_by_history = true});
    std::string seen;
    const std::size_t input_bytes = all.size();
    while (!all.empty()) {
        origin::Bytes chunk = all.first(std::min(step, all.size()));
        all = all.subspan(chunk.size());
        while (true) {
            const auto result = parser.feed(chunk);
            if (!result) {
                return seen + "refused: " + result.error().told_to_peer();
            }
            if (*result == V2Step::Closed) {
                return seen + "closed";
            }
            if (*result == V2Step::NeedMore) {
                ORIGIN_ASSERT(chunk.empty());
                break;
            }
            note(seen, parser.take(), input_bytes);
        }
    }
    return seen + (parser.finish() ? "ended" : "cut short");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const origin::Bytes all = std::as_bytes(std::span(data + 1, size - 1));
    ORIGIN_ASSERT(read(all, size) == read(all, std::size_t{data[0]} + 1));
    return 0;
}

// SPDX-License-Identifier: Apache-2.0
// Invariant: any body gives steps that end, the same however it is cut; the answers to them are
// whole pkt-lines; a pack never follows without a common commit or `done`.
// Input: one byte for the size of the pieces, then the body.
#include "base/assert.h"
#include "git/wire/fetch_request.h"
#include "git/wire/fetch_response.h"

namespace {

using origin::git::FetchRequest;
using origin::git::FetchStep;
using origin::git::V0FetchParser;

/// Answers a batch as a server would that knows every other id.
void answer(std::string& out, origin::git::V0Acks& acks, const V0FetchParser& parser) {
    const FetchRequest& request = parser.request();
    ORIGIN_ASSERT(parser.batch_begin() <= request.haves.size());
    bool enough = false;
    for (std::size_t i = parser.batch_begin(); i < request.haves.size(); ++i) {
        const origin::Oid& have = request.haves[i];
        if (have.raw[0] % 2 == 0) {
            acks.known(out, have);
            enough = have.raw[1] % 2 == 0;
        } else {
            acks.unknown(out, have, enough);
        }
    }
}

std::string read(origin::Bytes all, std::size_t step) {
    V0FetchParser parser({.filter = true, .deepen_by_history = true});
    std::string out;
    std::optional<origin::git::V0Acks> acks;
    while (!all.empty()) {
        origin::Bytes chunk = all.first(std::min(step, all.size()));
        all = all.subspan(chunk.size());
        FetchStep last = FetchStep::WantsEnd;
        while (last != FetchStep::NeedMore) {
            const auto result = parser.feed(chunk);
            if (!result) {
                origin::git::append_err(out, result.error().told_to_peer());
                return out;
            }
            last = *result;
            if (last == FetchStep::NothingWanted) {
                return out;
            }
            if (last == FetchStep::WantsEnd) {
                acks.emplace(parser.request().multi_ack, parser.request().no_done);
                origin::git::append_v0_shallow(out, {.shallow = parser.request().shallows});
            } else if (last != FetchStep::NeedMore) {
                answer(out, *acks, parser);
            }
            if (last == FetchStep::Done) {
                acks->done(out);
                return out;
            }
            if (last == FetchStep::BatchEnd && acks->end_batch(out, true)) {
                ORIGIN_ASSERT(!parser.request().haves.empty());
                return out;
            }
        }
    }
    return out + (parser.finish() ? "0000" : "0001");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const origin::Bytes all = std::as_bytes(std::span(data + 1, size - 1));
    const std::string out = read(all, size);
    ORIGIN_ASSERT(out == read(all, std::size_t{data[0]} + 1));
    for (origin::Bytes unread = origin::bytes_of(out); !unread.empty();) {
        const auto line = origin::git::take_pkt_line(unread);
        ORIGIN_ASSERT(line && *line);
    }
    return 0;
}

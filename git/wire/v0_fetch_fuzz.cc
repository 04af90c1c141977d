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

/// A client that sends its request in chunks, and what it was told until it hung up.
class Conversation {
public:
    /// False when it is over.
    bool take(origin::Bytes chunk) {
        FetchStep last = FetchStep::WantsEnd;
        while (last != FetchStep::NeedMore) {
            const auto result = parser_.feed(chunk);
            if (!result) {
                origin::git::append_err(out_, result.error().told_to_peer());
                return false;
            }
            last = *result;
            if (!reply(last)) {
                return false;
            }
        }
        return true;
    }
    std::string end(bool over) const {
        return over ? out_ : out_ + (parser_.finish() ? "0000" : "0001");
    }

private:
    bool reply(FetchStep step) {
        switch (step) {
            case FetchStep::NeedMore:
                return true;
            case FetchStep::NothingWanted:
                return false;
            case FetchStep::WantsEnd:
                acks_.emplace(parser_.request().multi_ack, parser_.request().no_done);
                origin::git::append_v0_shallow(out_, {.shallow = parser_.request().shallows});
                return true;
            case FetchStep::BatchEnd:
                answer(out_, *acks_, parser_);
                if (!acks_->end_batch(out_, true)) {
                    return true;
                }
                ORIGIN_ASSERT(!parser_.request().haves.empty());
                return false;
            case FetchStep::Done:
                answer(out_, *acks_, parser_);
                acks_->done(out_);
                return false;
        }
        return false;
    }

    V0FetchParser parser_{{.filter = true, .deepen_by_history = true}};
    std::optional<origin::git::V0Acks> acks_;
    std::string out_;
};

std::string read(origin::Bytes all, std::size_t step) {
    Conversation conversation;
    bool goes_on = true;
    while (goes_on && !all.empty()) {
        const origin::Bytes chunk = all.first(std::min(step, all.size()));
        all = all.subspan(chunk.size());
        goes_on = conversation.take(chunk);
    }
    return conversation.end(!goes_on);
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

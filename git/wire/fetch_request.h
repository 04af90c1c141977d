// SPDX-License-Identifier: Apache-2.0
// git/wire/fetch_request: what a fetching client wants and has, the same struct for v0, v1 and v2.
//   v2 = one argument a line: "want " oid | "have " oid | "done" | "thin-pack" | "deepen " n | ...
//   v0 = ("want " oid [SP capabilities on the first] | "shallow " oid | "deepen" ...)* flush,
//        then ("have " oid)* in batches, each ended by flush, the last by "done"
// Out: git/serve upload-pack. What is answered: git/wire/fetch_response.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/oid.h"
#include "base/result.h"
#include "git/wire/capabilities.h"
#include "git/wire/pkt_line.h"
#include "git/wire/sideband.h"

namespace origin::git {

enum class MultiAck : std::uint8_t { None, Plain, Detailed };

inline constexpr std::uint32_t kInfiniteDepth = 0x7fffffff;  // --unshallow.

struct FetchRequest {
    std::vector<Oid> wants;     // As sent: may repeat, may not exist.
    std::vector<Oid> haves;     // As sent, all batches so far.
    std::vector<Oid> shallows;  // Commits whose parents the client lacks.

    std::uint32_t depth = 0;                   // 0: not asked.
    std::optional<std::int64_t> deepen_since;  // Seconds since 1970.
    std::vector<std::string> deepen_not;       // Ref names, as sent.
    bool deepen_relative = false;
    std::string filter;  // As sent; empty: none.

    bool done = false;
    bool thin_pack = false;
    bool ofs_delta = false;
    bool include_tag = false;
    bool no_progress = false;
    bool wait_for_done = false;           // v2: never say `ready`.
    bool no_done = false;                 // v0: the pack may follow `ready` at once.
    MultiAck multi_ack = MultiAck::None;  // v0 alone.
    SideBand side_band = SideBand::None;  // v2: always Large.
    std::string agent;                    // v0; in v2 it belongs to the V2Request.

    bool deepens() const { return depth != 0 || deepen_since || !deepen_not.empty(); }
};

/// Reads one v2 argument line. Counting lines and bytes is the caller's part (v2_request.h).
/// Errors: InvalidInput for a line we do not offer, an id that is not 40 digits, a depth out of
///         range, a filter without the feature or twice; LimitExceeded past kDeepenNotMax.
Status add_fetch_argument(FetchRequest& request,
                          std::string_view line,
                          const FetchFeatures& features);

/// Rules over more than one line, once all arrived: depth excludes deepen-since and deepen-not.
Status check_fetch_request(const FetchRequest& request);

/// Where a v0 request stands.
enum class FetchStep : std::uint8_t {
    NeedMore,       // The chunk is used up in the middle of something.
    NothingWanted,  // A flush with no want: the client is satisfied. Say nothing, hang up.
    WantsEnd,       // Wants, shallows and depth are complete. Answer shallow-info if asked; go on.
    BatchEnd,       // A flush after haves (or none). Answer it; over HTTP the request ends here.
    Done,           // `done`: answer, then the pack.
};

/// Reads a v0 or v1 request, stateless (a POST body) or a conversation (SSH): call feed() until
/// NeedMore, answering each step before the next.
/// Limits: kFetchLinesMax lines and kFetchRequestBytesMax bytes in all.
class V0FetchParser {
public:
    explicit V0FetchParser(const FetchFeatures& features);

    /// Takes lines off the front of `chunk` up to the next step. After NothingWanted and Done
    /// nothing more is taken.
    /// Errors: InvalidInput, LimitExceeded. Both are final.
    Result<FetchStep> feed(Bytes& chunk);

    /// The input ended. Errors: InvalidInput if that was inside a line or before the wants' end.
    Status finish() const;

    const FetchRequest& request() const { return request_; }
    /// The haves of the batch that just ended begin here in request().haves.
    std::size_t batch_begin() const { return batch_begin_; }

private:
    enum class State : std::uint8_t { Wants, Haves, Ended };

    Result<FetchStep> take_wants_line(const PktLine& line);
    Result<FetchStep> take_haves_line(const PktLine& line);
    Status take_want(std::string_view line);
    Status take_capabilities(std::string_view list);

    FetchFeatures features_;
    PktReader reader_;
    FetchRequest request_;
    State state_ = State::Wants;
    FetchStep last_ = FetchStep::NeedMore;
    std::size_t lines_ = 0;
    std::size_t batch_begin_ = 0;
    bool filter_negotiated_ = false;
};

}  // namespace origin::git

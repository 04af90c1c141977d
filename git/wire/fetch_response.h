// SPDX-License-Identifier: Apache-2.0
// git/wire/fetch_response: the small lines around the pack of a fetch.
//   v2 = "acknowledgments" (NAK | ACK oid*) ["ready" delim | flush], ["shallow-info" ... delim],
//        "packfile", side-band lines, flush
//   v0 = [shallow | unshallow lines, flush], ACK | NAK lines, pack (side-banded or bare), flush
#pragma once

#include <optional>
#include <span>
#include <string>

#include "base/oid.h"
#include "git/wire/fetch_request.h"

namespace origin::git {

/// How the client's history is cut after this fetch.
struct ShallowChange {
    std::vector<Oid> shallow = {};    // New cuts.
    std::vector<Oid> unshallow = {};  // Cuts of the client that get their parents.
};

/// v2, and only for a request that has haves and no `done`: the section, `ready` and delim if the
/// pack follows, else flush and nothing more.
void append_acknowledgments(std::string& out, std::span<const Oid> common, bool ready);

/// v2: the section and its delim. Send it if the request deepens or names shallows.
void append_shallow_info(std::string& out, const ShallowChange& change);

/// v2: "packfile". Bands follow, then flush.
void append_packfile_header(std::string& out);

/// v0, at FetchStep::WantsEnd of a request that deepens: the lines and their flush.
void append_v0_shallow(std::string& out, const ShallowChange& change);

/// v0's acknowledgments, a state machine because the answer depends on what was said before.
/// Call known() or unknown() for each have in order, end_batch() at FetchStep::BatchEnd, done() at
/// FetchStep::Done. `enough`: every want reaches some common commit (git's ok_to_give_up); it can
/// change only when a have was known, so the caller may keep it until then.
/// Source: gitprotocol-pack(5), "Packfile Negotiation"; git's upload-pack.c, get_common_commits.
class V0Acks {
public:
    /// `no_done`: the client asked for it and the transport is stateless.
    V0Acks(MultiAck mode, bool no_done) : mode_(mode), no_done_(no_done) {}

    void known(std::string& out, const Oid& have);
    void unknown(std::string& out, const Oid& have, bool enough);
    /// Returns: true if the pack follows at once, without `done`.
    bool end_batch(std::string& out, bool enough);
    void done(std::string& out) const;

private:
    MultiAck mode_;
    bool no_done_;
    bool sent_ready_ = false;
    bool batch_known_ = false;
    bool batch_unknown_ = false;
    std::optional<Oid> last_common_;
};

}  // namespace origin::git

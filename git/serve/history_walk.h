// SPDX-License-Identifier: Apache-2.0
// git/serve/history_walk: which commits a fetch has to send: those the wants reach and the haves do
// not. A pull machine over committer dates, newest first.
// In: wants, haves, the client's cut history. Out: commits to send, and the edge the client has.
#pragma once

#include <cstdint>
#include <optional>
#include <queue>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "git/odb/object_store.h"

namespace origin::git {

using OidSet = std::unordered_set<Oid, OidHash>;

struct SendCommit {
    Oid oid;
    Oid tree;
    std::vector<Oid> parents;  // After cuts.
};

/// The commit that `oid` is, or that its tag points at; nullopt for anything else.
std::optional<Oid> commit_at(const ObjectStore& objects, const Oid& oid);

/// Dates that lie may make it send more than needed, never less: a commit counts as the client's
/// only if a have really reaches it.
class HistoryWalk {
public:
    /// Commits whose parents do not count: in what is sent, and in what the client has now.
    struct Cuts {
        OidSet sent;
        OidSet had;
    };
    HistoryWalk(ObjectStoreRef objects, Cuts cuts)
        : objects_(std::move(objects)), cuts_(std::move(cuts)) {}

    /// Errors: NotFound, Corrupt.
    Status add_want(const Oid& commit) { return add(commit, true); }
    Status add_have(const Oid& commit) { return add(commit, false); }

    /// Visits up to `commits` more. Returns: true when the walk is over. Errors: Corrupt.
    Result<bool> step(std::size_t commits);

    /// After the walk: newest first.
    std::vector<SendCommit> take_commits();
    /// Commits the client has that a sent commit may build on: commit -> tree.
    std::unordered_map<Oid, Oid, OidHash> client_trees() const;

private:
    struct Seen {
        bool wanted = false;
        bool had = false;
        bool visited = false;
        bool visited_as_had = false;
        CommitLinks links;
    };
    struct Place {
        std::int64_t seconds;
        Oid oid;
        bool operator<(const Place& other) const { return seconds < other.seconds; }
    };

    Status add(const Oid& commit, bool wanted);
    Status visit(const Oid& oid);

    ObjectStoreRef objects_;
    Cuts cuts_;
    std::unordered_map<Oid, Seen, OidHash> seen_;
    std::priority_queue<Place> queue_;
    std::size_t wanted_in_queue_ = 0;
    std::vector<Oid> order_;
};

}  // namespace origin::git

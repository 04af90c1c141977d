// SPDX-License-Identifier: Apache-2.0
// git/serve/object_walk: every object of the commits to send that the client lacks. A pull machine.
// In: commits from git/serve/history_walk. Out: ids for git/odb/pack_stream.
// A tree entry that stands, with the same id, in the same place of a tree the client has is skipped
// with all that is below it; so an incremental fetch opens changed folders only.
#pragma once

#include <string>
#include <vector>

#include "git/serve/history_walk.h"

namespace origin::git {

class ObjectWalk {
public:
    /// `commits` in any order; `client_trees`: commit -> tree of commits the client has.
    ObjectWalk(ObjectStoreRef objects,
               std::vector<SendCommit> commits,
               std::unordered_map<Oid, Oid, OidHash> client_trees)
        : objects_(std::move(objects)),
          commits_(std::move(commits)),
          client_trees_(std::move(client_trees)) {}

    /// One more object to send with all that is below it: a wanted tree or blob; tags as such.
    void add_object(const Oid& oid, ObjectType type);

    /// Opens up to `trees` more. Returns: true when done. Errors: Corrupt.
    Result<bool> step(std::size_t trees);

    std::vector<Oid> take_oids() { return std::move(oids_); }
    bool sends(const Oid& oid) const { return sent_.contains(oid); }

private:
    struct Folder {
        Oid tree;
        std::vector<Oid> client;  // What the client has in the same place.
    };

    bool send(const Oid& oid);
    void begin_commit(const SendCommit& commit);
    Status open(const Folder& folder);

    ObjectStoreRef objects_;
    std::vector<SendCommit> commits_;
    std::unordered_map<Oid, Oid, OidHash> client_trees_;
    std::vector<Folder> folders_;  // A stack: no recursion, whatever the depth.
    OidSet sent_;
    std::vector<Oid> oids_;
};

}  // namespace origin::git

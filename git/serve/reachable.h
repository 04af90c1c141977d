// SPDX-License-Identifier: Apache-2.0
// git/serve/reachable: what a project keeps: everything that its roots reach.
// Roots: refs, hidden ones too; where refs stood inside the retention; what deployments, releases
// and unfinished runs name.
#pragma once

#include <chrono>
#include <cstdint>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "git/odb/object_store.h"
#include "store/store.h"

namespace origin::git {

/// How long a ref's earlier values are kept, so that a force-push can be undone.
inline constexpr std::chrono::milliseconds kHistoryKept = std::chrono::hours(24 * 30);

struct Roots {
    std::vector<Oid> needed;     // Of refs: they must be there.
    std::vector<Oid> wanted;     // The others: kept if they are there.
    UnixMillis next_expiry = 0;  // When the first of them leaves the retention; 0: none will.
};

/// Errors: Corrupt. Limits: as long as a snapshot may live.
Result<Roots> read_roots(store::Reader& reader, const ProjectId& project, UnixMillis now);

/// Memory: about 40 bytes for each object reached.
class Reachable {
public:
    /// Adds an object and all it reaches. Errors: NotFound; Corrupt: then nothing may be dropped.
    Status add(const ObjectStore& objects, const Oid& root);
    /// The same of everything in a pack.
    Status add_all_of(const ObjectStore& objects, const Pack& pack);

    bool contains(const Oid& oid) const { return seen_.contains(oid); }

private:
    Status visit(const ObjectStore& objects, const Oid& oid);
    void note(const Oid& oid);

    std::unordered_set<Oid, OidHash> seen_;
    std::vector<Oid> waiting_;  // Seen, not looked into yet.
};

}  // namespace origin::git

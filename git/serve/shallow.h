// SPDX-License-Identifier: Apache-2.0
// git/serve/shallow: where history is cut for a client that asked for part of it.
// Source: gitprotocol-pack(5), "shallow" and "deepen"; git's shallow.c.
#pragma once

#include "git/odb/object_store.h"
#include "git/serve/history_walk.h"
#include "git/wire/fetch_request.h"
#include "git/wire/fetch_response.h"

namespace origin::git {

struct ShallowPlan {
    ShallowChange change;  // What the client is told.
    OidSet cut;            // Commits the client will have without their parents.
    OidSet uncut;          // Commits of the client that get their parents with this pack.
};

/// `wants`: commits, tags peeled. `excluded`: commits that deepen-not names.
/// Errors: Corrupt. Cost: the commits kept, and for `excluded` the history they reach.
Result<ShallowPlan> plan_shallow(const ObjectStore& objects,
                                 const FetchRequest& request,
                                 const std::vector<Oid>& wants,
                                 const std::vector<Oid>& excluded);

}  // namespace origin::git

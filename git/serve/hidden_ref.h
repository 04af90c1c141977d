// SPDX-License-Identifier: Apache-2.0
// git/serve/hidden_ref: what the server makes for itself and keeps in a project: a ref below
// refs/origind/, with the objects behind it. Nobody pushed it: no push row, no event, no gate.
#pragma once

#include <string>

#include "base/clock.h"
#include "git/odb/pack_builder.h"
#include "git/serve/storage.h"
#include "store/store.h"

namespace origin::git {

class Quotas;

struct HiddenRef {
    ProjectId project;
    std::string name;  // refs/origind/...
    Oid oid;
    UnixMillis now = 0;       // By the clock.
    UnixMillis schedule = 0;  // By a SteadiedClock: for the project's upkeep.
};

struct HiddenAround {
    store::Store& store;
    Storage& storage;
    Quotas* quotas = nullptr;  // Null: there are none.
};

/// Makes what `builder` has part of the project, and the ref point to it; whatever it pointed to
/// before is let go. Errors: LimitExceeded `quota_exceeded`; NotFound (the project); Unavailable:
/// garbage was collected meanwhile, do it again; StorageFull.
/// Blocks: syncs the pack, then waits for the durable commit.
Status keep_hidden(const HiddenAround& around, PackBuilder& builder, const HiddenRef& wanted);

}  // namespace origin::git

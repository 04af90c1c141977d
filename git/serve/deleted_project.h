// SPDX-License-Identifier: Apache-2.0
// git/serve/deleted_project: the objects of a project that was deleted go for good.
// In: a project that has been deleted for long enough. Out: no row of a pack or a journal; its
// packs are dead, so that Upkeep removes their files (docs/decisions/0010).
#pragma once

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "store/store.h"

namespace origin::git {

/// When it was deleted; 0: it exists, or never did. Errors: Corrupt.
Result<UnixMillis> deleted_at(store::Reader& reader, const ProjectId& project);

/// In as many transactions as it takes; if it is interrupted, the next one goes on. The packs count
/// as dead since the project was deleted. Errors: Conflict: it is not deleted; StorageFull;
/// Corrupt.
Status erase_objects(store::Store& store, const ProjectId& project);

}  // namespace origin::git

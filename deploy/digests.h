// SPDX-License-Identifier: Apache-2.0
// deploy/digests: what providers call the bytes of a blob. Made once for each blob, then read from
// table BlobDigests: a deployment of many files with one change reads one.
#pragma once

#include <map>
#include <vector>

#include "base/oid.h"
#include "git/odb/object_store.h"
#include "store/rows/deploy.h"
#include "store/store.h"

namespace origin::deploy {

using Digests = std::map<Oid, store::BlobDigestsRow>;

/// Of each of these blobs. Those that are new are read, and stored in parts.
/// Errors: NotFound and Corrupt of the objects. Blocks: reads them.
Result<Digests> digests_of(store::Store& store,
                           const git::ObjectStore& objects,
                           const std::vector<Oid>& blobs);

}  // namespace origin::deploy

// SPDX-License-Identifier: Apache-2.0
// store/memory_store: the model: the Store contract in std::map, nothing durable. For tests, and
// the oracle that store/lmdb_store is compared with.
#pragma once

#include <memory>

#include "base/result.h"
#include "store/store.h"

namespace origin::store {

/// Lifetime: no call may be running when it is destroyed.
std::unique_ptr<Store> make_memory_store();

}  // namespace origin::store

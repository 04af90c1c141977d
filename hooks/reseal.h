// SPDX-License-Identifier: Apache-2.0
// hooks/reseal: the stored secrets, sealed anew when the master key is replaced.
#pragma once

#include <cstddef>

#include "base/log.h"
#include "base/random.h"
#include "base/result.h"
#include "store/store.h"

namespace origin::hooks {

/// Seals with `to` what opens with `from`, and leaves what does not. Returns: how many secrets.
/// Each step is a transaction, so it may be broken off and done again. Errors: Corrupt: a damaged
/// row; StorageFull. Blocks.
Result<std::size_t> reseal_secrets(store::Store& store,
                                   const Secret& from,
                                   const Secret& to,
                                   Random& random);

}  // namespace origin::hooks

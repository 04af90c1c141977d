// SPDX-License-Identifier: Apache-2.0
// auth/key_pushes: pushes of keys that are limited in their number, counted; and what has ended,
// swept away.
#pragma once

#include <string_view>

#include "auth/identity.h"
#include "store/store.h"

namespace origin::auth {

/// Counts a push that is about to be committed with a key whose pushes are limited.
/// Errors: Forbidden `push_limit`: it has made them all.
Status count_push(store::Writer& writer, const Identity& identity, UnixMillis now);

/// What is counted under `key_pushes` (store::key_pushes_key) ends then: a token, or pushes of a
/// token that its client signed. Both are erased a day later.
Status plan_sweep(store::Writer& writer, std::string_view key_pushes, UnixMillis ends_at);
/// Erases some of what has ended; called whenever there may be more of it.
Status sweep_ended(store::Writer& writer, UnixMillis now);

}  // namespace origin::auth

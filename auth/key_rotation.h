// SPDX-License-Identifier: Apache-2.0
// auth/key_rotation: how long keys last, and a new secret in place of one that is in use. Plain
// functions for a store transaction.
#pragma once

#include <chrono>

#include "auth/accounts.h"

namespace origin::auth {

/// Of keys made for people and programs, unless their maker says otherwise.
inline constexpr std::chrono::days kKeyLifeDefault{365};
/// How long a replaced key still works beside the one in its place.
inline constexpr std::chrono::seconds kOverlapDefault = std::chrono::hours(24);
inline constexpr std::chrono::seconds kOverlapMax = std::chrono::days(30);

/// When a key made `now` ends by default.
UnixMillis default_expiry(UnixMillis now);

struct Rotation {
    KeyId id;       // Which key is replaced.
    KeyId made_id;  // Its successor's.
    Secret made_text;
    std::chrono::seconds overlap = kOverlapDefault;
    UnixMillis now = 0;
};

struct Rotated {
    store::KeyRow old_key;
    store::KeyRow made;
};

/// The successor has the title, scopes, projects, limits and length of life of the old key, which
/// ends after the overlap, or when it would have ended anyway.
/// Errors: NotFound: no such key, or no secret; Conflict (`key_rotated`: it has a successor;
///         `key_ended`: it is revoked or has expired; `token_cannot_rotate`: another key minted
///         it).
Result<Rotated> rotate_key(store::Writer& writer, const Rotation& rotation);

}  // namespace origin::auth

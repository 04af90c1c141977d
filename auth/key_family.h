// SPDX-License-Identifier: Apache-2.0
// auth/key_family: a key and all the keys that were made with it, and with those, as the audit log
// tells: rows of tokens and of removed keys go, who had them may still have used them.
#pragma once

#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "store/rows/identity.h"
#include "store/store.h"

namespace origin::auth {

/// Audit events looked at for one family, from the newest back.
inline constexpr std::size_t kFamilyEventsMax = 100'000;

struct MadeKey {
    KeyId id;
    KeyId by;
    ClientId client;  // Whose it is.
    UnixMillis made_at = 0;
    UnixMillis ended_at = 0;  // When it was revoked or removed; 0: not, or nobody noted it.
};

struct KeyFamily {
    std::vector<MadeKey> made;  // The oldest first; without the key itself.
    std::vector<KeyId> keys;    // Sorted; with it.
    /// Where any of them may have pushed: sorted; nullopt: everywhere, a server admin's is there.
    std::optional<std::vector<ProjectId>> projects;
    UnixMillis ended_at = 0;  // Of the key itself, by the log.
    bool is_complete = true;  // False: there are older events since then than were looked at.
};

struct FamilyWish {
    KeyId key;
    store::KeyRow row;     // The key's own, or key_as_logged().
    UnixMillis since = 0;  // Keys made before then are not of the family.
    std::size_t events = kFamilyEventsMax;
};

/// Projects are those that the keys' clients own, or that they had a grant on since then, or that
/// the keys are bound to. Errors: Corrupt.
Result<KeyFamily> read_key_family(store::Reader& reader, const FamilyWish& wish);

/// What the audit log knows of a key whose row is gone: its client, when it was made, and its
/// project if it was bound to one. nullopt: nothing. Errors: Corrupt.
Result<std::optional<store::KeyRow>> key_as_logged(store::Reader& reader, const KeyId& id);

}  // namespace origin::auth

// SPDX-License-Identifier: Apache-2.0
// auth/signing_keys: the SSH public keys with which clients sign commits. They log nobody in.
// Plain functions for a store transaction.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "auth/ssh_public_key.h"
#include "base/id.h"
#include "store/rows/identity.h"
#include "store/store.h"

namespace origin::auth {

struct NewSigningKey {
    KeyId id;
    SshPublicKey key;
    ClientId client;
    std::string title;  // Empty: the key's comment.
    UnixMillis now = 0;
};

/// The same public key may also open the SSH door, for the same client or another.
/// Errors: NotFound (the client), InvalidInput (`bad_name`), Conflict (`signing_key_taken`): a
///         public key signs for one client.
Result<store::KeyRow> create_signing_key(store::Writer& writer, const NewSigningKey& wanted);

struct SigningKey {
    KeyId id;
    ClientId client;
};

/// Whose signatures `blob` makes, now: nullopt if it is nobody's, or revoked, expired, or its
/// client disabled. `blob`: of a SignatureVerdict without a fault.
Result<std::optional<SigningKey>> find_signing_key(store::Reader& reader,
                                                   std::string_view blob,
                                                   UnixMillis now);

}  // namespace origin::auth

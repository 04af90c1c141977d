// SPDX-License-Identifier: Apache-2.0
// auth/jwt_keys: the public keys with which clients sign tokens of their own (auth/jwt.h), and whom
// such a token speaks for. Plain functions for a store transaction.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "auth/identity.h"
#include "auth/jwt.h"
#include "crypto/public_key.h"
#include "store/rows/identity.h"
#include "store/store.h"

namespace origin::auth {

inline constexpr std::size_t kJwtRsaBitsMin = 3072;
inline constexpr std::size_t kJwtRsaBitsMax = 8192;  // Each request costs a check.

/// Errors: InvalidInput `bad_jwt_key`: no PEM block `PUBLIC KEY`, or another key than Ed25519,
///         P-256 and RSA from kJwtRsaBitsMin to kJwtRsaBitsMax bits.
Result<crypto::PublicKey> parse_jwt_key(std::string_view pem);

struct NewJwtKey {
    KeyId id;
    std::string der;  // Of parse_jwt_key().
    std::string kid;
    ClientId client;
    std::string title;
    Scopes scopes;                    // The most that its tokens may have; never `admin`.
    std::vector<ProjectId> projects;  // The same; empty: all of the client.
    UnixMillis expires_at = 0;        // 0: never.
    UnixMillis now = 0;
};

/// Errors: NotFound (the client); InvalidInput (`bad_name`, `bad_kid`, `scope_not_for_tokens`);
///         Conflict (`kid_taken`): the client has a key of that name.
Result<store::KeyRow> create_jwt_key(store::Writer& writer, const NewJwtKey& wanted);

struct SigningClient {
    KeyId id;
    store::KeyRow key;
};

/// The key that has signed `token`: of the client that `iss` names, by its `kid`.
/// Errors: Unauthenticated: whatever is wrong, the same words; the reason is for the log.
Result<SigningClient> find_signer(store::Reader& reader, const Jwt& token);

/// `whole`, which is what the key may do, with what the token takes away. Errors: Unauthenticated:
/// it asks for more than its key may.
Result<Identity> narrowed(Identity whole, const JwtClaims& claims);

/// What a token's identity `before` may still do when its key may do `now`, at the time `now_at`.
/// Errors: Unauthenticated: it has expired, or nothing is left.
Result<Identity> narrowed(Identity now, const Identity& before, UnixMillis now_at);

}  // namespace origin::auth

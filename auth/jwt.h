// SPDX-License-Identifier: Apache-2.0
// auth/jwt: a token that a client signs itself, with a private key that we never see.
//   token  = base64url(head) "." base64url(claims) "." base64url(signature), without padding
//   head   = {"alg": "ES256" | "EdDSA" | "RS256", "kid": name of the key, "typ": "JWT" (optional)}
//   claims = {"iss": the client's id or slug, "aud": our public URL (or a list with it), "exp",
//             "iat", "nbf", "sub", "jti", "scopes": [...], "projects": ["prj_..."], and the limits
//             of auth/key_limits}. Times are whole seconds since 1970. "iss", "aud", "exp" are
//             needed; what is not listed here is refused, in the head too, and so is null.
// Source: RFC 7519, RFC 7515, RFC 8725 (what has gone wrong elsewhere).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "crypto/public_key.h"
#include "store/rows/identity.h"

namespace origin::auth {

inline constexpr std::size_t kJwtBytesMax = 8192;  // Judged before anything is read.
inline constexpr std::size_t kKidBytesMax = 64;
inline constexpr std::size_t kJtiBytesMax = 64;
inline constexpr UnixMillis kJwtSkewMillis = 60'000;              // Of the signer's clock.
inline constexpr UnixMillis kJwtLifeMillisMax = 24LL * 3600'000;  // From `iat`, `nbf` or now on.

struct JwtClaims {
    std::string issuer;
    std::vector<std::string> audiences;
    UnixMillis expires_at = 0;
    UnixMillis issued_at = 0;                          // 0: not given.
    UnixMillis not_before = 0;                         // 0: not given.
    std::string token_id;                              // `jti`; never empty with limits.pushes.
    std::optional<std::vector<std::string>> scopes;    // None: all of its key.
    std::optional<std::vector<std::string>> projects;  // None: all of its key.
    store::KeyLimits limits;
};

struct Jwt {
    std::string algorithm;
    std::string kid;
    JwtClaims claims;
    std::string signed_text;  // Head and claims as they came.
    std::string signature;
};

/// "eyJ" and two dots: no other key looks like that.
bool looks_like_jwt(std::string_view text);

/// Believes nothing: ask is_signed_by().
/// Errors: Unauthenticated; the text says what is wrong with the token.
Result<Jwt> parse_jwt(std::string_view text);

/// Is the signature the key's, by the one algorithm that its type has? What the head says is
/// compared with that and decides nothing.
bool is_signed_by(const Jwt& token, const crypto::PublicKey& key);

/// Errors: Unauthenticated: too early, too late, for too long, or meant for another server.
Status check_claims(const JwtClaims& claims, std::string_view audience, UnixMillis now);

/// 1 to `bytes_max` of A-Z a-z 0-9 . _ - : as `kid` and `jti` have them.
bool is_token_name(std::string_view text, std::size_t bytes_max);

}  // namespace origin::auth

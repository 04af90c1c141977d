// SPDX-License-Identifier: Apache-2.0
// Invariant: no bytes crash the reader; what is read is within its bounds, has one spelling, and is
// signed by nobody we know.
// In: a token; or, if it has no dots, two lines (head and claims) that are made into one.
#include "auth/jwt.h"
#include "base/assert.h"
#include "base/utf8.h"
#include "crypto/encode.h"

namespace {

void check(const std::string& text) {
    const auto token = origin::auth::parse_jwt(text);
    if (!token) {
        ORIGIN_ASSERT(token.error().code() == origin::Code::Unauthenticated);
        ORIGIN_ASSERT(origin::is_utf8(token.error().told_to_peer()));
        return;
    }
    const origin::auth::JwtClaims& claims = token->claims;
    ORIGIN_ASSERT(text.size() <= origin::auth::kJwtBytesMax);
    ORIGIN_ASSERT(text == token->signed_text + "." + origin::crypto::base64url(token->signature));
    ORIGIN_ASSERT(!claims.audiences.empty() && claims.expires_at > 0);
    ORIGIN_ASSERT(claims.limits.pushes == 0 || !claims.token_id.empty());
    ORIGIN_ASSERT(token->kid.size() <= origin::auth::kKidBytesMax);
    const auto key = origin::crypto::PublicKey::from_ed25519(std::string(32, '\x05'));
    ORIGIN_ASSERT(key && !origin::auth::is_signed_by(*token, *key));
    const auto good =
        origin::auth::check_claims(claims, "https://git.example.org", 1'700'000'000'000);
    ORIGIN_ASSERT(!good || claims.expires_at > 1'700'000'000'000);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const std::size_t line = text.find('\n');
    if (line == std::string::npos) {
        check(text);
        return 0;
    }
    check(origin::crypto::base64url(text.substr(0, line)) + "." +
          origin::crypto::base64url(text.substr(line + 1)) + "." +
          origin::crypto::base64url(std::string(64, 's')));
    return 0;
}

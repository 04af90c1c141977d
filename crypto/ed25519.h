// SPDX-License-Identifier: Apache-2.0
// crypto/ed25519: signing with Ed25519 (RFC 8032). Verifying: crypto/public_key.
#pragma once

#include <string>
#include <string_view>

namespace origin::crypto {

inline constexpr std::size_t kEd25519SeedBytes = 32;

/// 32 bytes. `seed`: kEd25519SeedBytes random bytes, the private key.
std::string ed25519_public_key(std::string_view seed);

/// 64 bytes.
std::string ed25519_sign(std::string_view seed, std::string_view message);

}  // namespace origin::crypto

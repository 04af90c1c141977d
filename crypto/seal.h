// SPDX-License-Identifier: Apache-2.0
// crypto/seal: secrets at rest: AES-256-GCM under the master key.
//
// Sealed bytes: version 0x01 | nonce (12, random) | ciphertext (as long as the text) | tag (16).
// The version byte and the caller's context are authenticated: bytes moved to another row, project
// or purpose do not open. Random nonces allow 2^32 seals per key before a repeat is to be feared.
#pragma once

#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"

namespace origin::crypto {

inline constexpr std::size_t kSealKeyBytes = 32;
inline constexpr std::size_t kSealOverheadBytes = 1 + 12 + 16;

/// `context` says what the secret is for: "target/<id>/token". It is needed again to open.
std::string seal(std::string_view key,
                 std::string_view text,
                 std::string_view context,
                 Random& random);

/// Errors: Corrupt `not_sealed_here`: altered, another key, another context, another version.
Result<std::string> open(std::string_view key, std::string_view sealed, std::string_view context);

}  // namespace origin::crypto

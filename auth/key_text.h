// SPDX-License-Identifier: Apache-2.0
// auth/key_text: the text of a key, as its owner sees it once.
// Format: "ogk_" + key id (22 base62 digits) + 256 random bits (43) + CRC-32 of all before it (6).
// A scanner finds leaked keys with  ogk_[0-9A-Za-z]{71}  and the checksum, without our store.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/id.h"
#include "base/log.h"
#include "base/random.h"

namespace origin::auth {

inline constexpr std::size_t kKeyTextBytes = 4 + 22 + 43 + 6;

Secret make_key_text(const KeyId& id, Random& random);

/// The key's id if shape and checksum are right; says nothing about whether the key exists.
std::optional<KeyId> key_id_of(std::string_view text);

/// SHA-256 of the whole text, 32 raw bytes: what is stored. 256 random bits need no slow hash.
std::string key_hash(std::string_view text);

}  // namespace origin::auth

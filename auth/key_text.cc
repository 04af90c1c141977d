// SPDX-License-Identifier: Apache-2.0
#include "auth/key_text.h"

#include "crypto/encode.h"
#include "crypto/hash.h"

namespace origin::auth {
namespace {

constexpr std::string_view kPrefix = "ogk_";
constexpr std::size_t kIdDigitsOfKey = 22;
constexpr std::size_t kSecretBytes = 32;

}  // namespace

Secret make_key_text(const KeyId& id, Random& random) {
    std::string text(kPrefix);
    text += crypto::base62(id.view());
    text += crypto::base62(random_bytes(random, kSecretBytes));
    text += crypto::base62_checksum(text);
    return Secret(std::move(text));
}

std::optional<KeyId> key_id_of(std::string_view text) {
    if (text.size() != kKeyTextBytes || !text.starts_with(kPrefix)) {
        return std::nullopt;
    }
    const std::string_view body = text.substr(0, text.size() - crypto::kChecksumDigits);
    if (text.substr(body.size()) != crypto::base62_checksum(body)) {
        return std::nullopt;
    }
    const auto raw = crypto::base62_decode(body.substr(kPrefix.size(), kIdDigitsOfKey), kIdBytes);
    return raw ? KeyId::from_raw(*raw) : std::nullopt;
}

std::string key_hash(std::string_view text) {
    return crypto::sha256(text);
}

}  // namespace origin::auth

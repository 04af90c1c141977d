// SPDX-License-Identifier: Apache-2.0
#include "crypto/hmac.h"

#include <array>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/assert.h"
#include "crypto/hash.h"

namespace origin::crypto {

std::string hmac_sha256(std::string_view key, std::string_view message) {
    std::array<unsigned char, kSha256Bytes> mac{};
    unsigned size = 0;
    // A null key would mean "the key of the last call"; an empty one must not.
    const char* key_bytes = key.empty() ? "" : key.data();
    const unsigned char* made = HMAC(EVP_sha256(),
                                     key_bytes,
                                     static_cast<int>(key.size()),
                                     reinterpret_cast<const unsigned char*>(message.data()),
                                     message.size(),
                                     mac.data(),
                                     &size);
    ORIGIN_ASSERT(made != nullptr && size == kSha256Bytes);
    return {reinterpret_cast<const char*>(mac.data()), mac.size()};
}

bool constant_time_equal(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace origin::crypto

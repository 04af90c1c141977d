// SPDX-License-Identifier: Apache-2.0
#include "crypto/ed25519.h"

#include <memory>

#include <openssl/evp.h>

#include "base/assert.h"

namespace origin::crypto {
namespace {

constexpr std::size_t kPublicKeyBytes = 32;
constexpr std::size_t kSignatureBytes = 64;

struct Free {
    void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};

const unsigned char* raw(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* raw(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
}

std::unique_ptr<EVP_PKEY, Free> private_key(std::string_view seed) {
    ORIGIN_ASSERT(seed.size() == kEd25519SeedBytes);
    std::unique_ptr<EVP_PKEY, Free> key(
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, raw(seed), seed.size()));
    ORIGIN_ASSERT(key != nullptr);
    return key;
}

}  // namespace

std::string ed25519_public_key(std::string_view seed) {
    std::string bytes(kPublicKeyBytes, '\0');
    std::size_t size = bytes.size();
    const int made = EVP_PKEY_get_raw_public_key(private_key(seed).get(), raw(bytes), &size);
    ORIGIN_ASSERT(made == 1 && size == kPublicKeyBytes);
    return bytes;
}

std::string ed25519_sign(std::string_view seed, std::string_view message) {
    const auto key = private_key(seed);
    const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
    std::string signature(kSignatureBytes, '\0');
    std::size_t size = signature.size();
    const bool begun = context != nullptr &&
                       EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1;
    ORIGIN_ASSERT(begun);
    const int made =
        EVP_DigestSign(context.get(), raw(signature), &size, raw(message), message.size());
    ORIGIN_ASSERT(made == 1 && size == kSignatureBytes);
    return signature;
}

}  // namespace origin::crypto

// SPDX-License-Identifier: Apache-2.0
#include "crypto/seal.h"

#include <limits>
#include <memory>

#include <openssl/evp.h>

#include "base/assert.h"

namespace origin::crypto {

namespace {

constexpr char kVersion = '\x01';
constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;

struct FreeCipher {
    void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

const unsigned char* raw(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* raw(std::string& text, std::size_t at) {
    return reinterpret_cast<unsigned char*>(text.data()) + at;
}

int size_of(std::string_view text) {
    ORIGIN_ASSERT(text.size() <= std::numeric_limits<int>::max());
    return static_cast<int>(text.size());
}

enum class Direction : int { Open = 0, Seal = 1 };

// A cipher that has read the key, the nonce, the version byte and the context.
Cipher begin(std::string_view key,
             std::string_view nonce,
             std::string_view context,
             Direction direction) {
    ORIGIN_ASSERT(key.size() == kSealKeyBytes && nonce.size() == kNonceBytes);
    Cipher cipher(EVP_CIPHER_CTX_new());
    const std::string_view version(&kVersion, 1);
    int written = 0;
    const bool ready =
        cipher != nullptr &&
        EVP_CipherInit_ex2(cipher.get(),
                           EVP_aes_256_gcm(),
                           raw(key),
                           raw(nonce),
                           static_cast<int>(direction),
                           nullptr) == 1 &&
        EVP_CipherUpdate(cipher.get(), nullptr, &written, raw(version), 1) == 1 &&
        (context.empty() ||
         EVP_CipherUpdate(cipher.get(), nullptr, &written, raw(context), size_of(context)) == 1);
    ORIGIN_ASSERT(ready);
    return cipher;
}

// Runs `in` through the cipher to `out`; OpenSSL takes a null input for "no more context".
bool run(const Cipher& cipher, std::string_view in, unsigned char* out) {
    int written = 0;
    return in.empty() || EVP_CipherUpdate(cipher.get(), out, &written, raw(in), size_of(in)) == 1;
}

std::unexpected<Error> cannot_open(std::string_view why) {
    return std::unexpected(
        Error(Code::Corrupt, "A stored secret cannot be read.", "sealed bytes: " + std::string(why))
            .because("not_sealed_here"));
}

}  // namespace

std::string seal(std::string_view key,
                 std::string_view text,
                 std::string_view context,
                 Random& random) {
    const std::string nonce = random_bytes(random, kNonceBytes);
    const Cipher cipher = begin(key, nonce, context, Direction::Seal);
    std::string sealed = std::string(1, kVersion) + nonce;
    const std::size_t at = sealed.size();
    sealed.resize(at + text.size() + kTagBytes);
    int written = 0;
    const bool done =
        run(cipher, text, raw(sealed, at)) &&
        EVP_CipherFinal_ex(cipher.get(), raw(sealed, at), &written) == 1 &&
        EVP_CIPHER_CTX_ctrl(
            cipher.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes, raw(sealed, at + text.size())) == 1;
    ORIGIN_ASSERT(done);
    return sealed;
}

Result<std::string> open(std::string_view key, std::string_view sealed, std::string_view context) {
    if (sealed.size() < kSealOverheadBytes) {
        return cannot_open("too short");
    }
    if (sealed[0] != kVersion) {
        return cannot_open("unknown version");
    }
    const std::string_view nonce = sealed.substr(1, kNonceBytes);
    const std::string_view ciphertext =
        sealed.substr(1 + kNonceBytes, sealed.size() - kSealOverheadBytes);
    std::string tag(sealed.substr(sealed.size() - kTagBytes));
    const Cipher cipher = begin(key, nonce, context, Direction::Open);
    std::string text(ciphertext.size(), '\0');
    int written = 0;
    if (!run(cipher, ciphertext, raw(text, 0)) ||
        EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, raw(tag, 0)) != 1 ||
        EVP_CipherFinal_ex(cipher.get(), raw(text, 0), &written) != 1) {
        return cannot_open("the tag does not match");
    }
    return text;
}

}  // namespace origin::crypto

// SPDX-License-Identifier: Apache-2.0
// crypto/public_key: a public key, and whether it signed something.
// In: numbers as SSH and JWTs bring them, or a PEM text. Out: a key that can only verify.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct evp_pkey_st;  // OpenSSL's EVP_PKEY.

namespace origin::crypto {

enum class KeyType : std::uint8_t { Ed25519, EcP256, EcP384, EcP521, Rsa };

/// What an RSA signature hashes with (PKCS#1 v1.5). The other types have a hash of their own:
/// EcP256 SHA-256, EcP384 SHA-384, EcP521 SHA-512.
enum class RsaHash : std::uint8_t { Sha256, Sha512 };

inline constexpr std::size_t kPemBytesMax = 8192;  // RSA of 16,384 bits has 2,864.

class PublicKey {
public:
    /// `bytes`: 32. nullopt: another size.
    static std::optional<PublicKey> from_ed25519(std::string_view bytes);
    /// `point`: uncompressed, 0x04 first. nullopt: not on the curve.
    static std::optional<PublicKey> from_point(KeyType type, std::string_view point);
    /// Big-endian, without sign; leading zeros are ignored. nullopt: OpenSSL takes no such key.
    static std::optional<PublicKey> from_rsa(std::string_view modulus, std::string_view exponent);
    /// One block `PUBLIC KEY` and nothing else but white space, with the one spelling that
    /// `openssl pkey -pubout` writes.
    static std::optional<PublicKey> from_pem(std::string_view text);
    /// The bytes of der().
    static std::optional<PublicKey> from_der(std::string_view der);

    KeyType type() const { return type_; }
    std::size_t bits() const;
    /// SubjectPublicKeyInfo: the bytes of the PEM block.
    std::string der() const;

    /// `signature`: Ed25519 64 bytes; EC r and s, each as long as the curve's numbers; RSA as long
    /// as the modulus. Any other size is false.
    bool verifies(std::string_view message,
                  std::string_view signature,
                  RsaHash hash = RsaHash::Sha256) const;

private:
    struct Free {
        void operator()(evp_pkey_st* key) const noexcept;
    };
    using Handle = std::unique_ptr<evp_pkey_st, Free>;
    PublicKey(KeyType type, Handle key) : type_(type), key_(std::move(key)) {}
    static std::optional<PublicKey> from_handle(Handle key);

    KeyType type_;
    Handle key_;
};

/// How many bytes each of an EC signature's two numbers has; 0: no EC key.
std::size_t ec_number_bytes(KeyType type);

}  // namespace origin::crypto

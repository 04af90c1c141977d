// SPDX-License-Identifier: Apache-2.0
// Goal: what was signed verifies; not one changed bit of key, message or signature does.
// Method: keys and signatures made by OpenSSL here; each bit flipped; keys of other spellings.
#include "crypto/public_key.h"

#include <memory>

#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "crypto/encode.h"

namespace origin::crypto {
namespace {

struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
    void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
    void operator()(unsigned char* bytes) const { OPENSSL_free(bytes); }
};
using Private = std::unique_ptr<EVP_PKEY, Free>;

std::string der_of(const EVP_PKEY* key) {
    unsigned char* bytes = nullptr;
    const int size = i2d_PUBKEY(key, &bytes);
    const std::unique_ptr<unsigned char, Free> owned(bytes);
    return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

std::string pem_of(const std::string& der) {
    const std::string text = base64(der);
    std::string pem = "-----BEGIN PUBLIC KEY-----\n";
    for (std::size_t at = 0; at < text.size(); at += 64) {
        pem += text.substr(at, 64) + "\n";
    }
    return pem + "-----END PUBLIC KEY-----\n";
}

/// As verifies() takes it: EC numbers side by side.
std::string sign(EVP_PKEY* key, const char* hash, std::string_view message) {
    const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
    std::string bytes(4096, '\0');
    std::size_t size = bytes.size();
    EXPECT_EQ(EVP_DigestSignInit_ex(context.get(), nullptr, hash, nullptr, nullptr, key, nullptr),
              1);
    EXPECT_EQ(EVP_DigestSign(context.get(),
                             reinterpret_cast<unsigned char*>(bytes.data()),
                             &size,
                             reinterpret_cast<const unsigned char*>(message.data()),
                             message.size()),
              1);
    bytes.resize(size);
    if (EVP_PKEY_is_a(key, "EC") == 0) {
        return bytes;
    }
    const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
    const std::unique_ptr<ECDSA_SIG, Free> numbers(
        d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size)));
    const int half = (EVP_PKEY_get_bits(key) + 7) / 8;
    std::string out(static_cast<std::size_t>(2 * half), '\0');
    auto* to = reinterpret_cast<unsigned char*>(out.data());
    BN_bn2binpad(ECDSA_SIG_get0_r(numbers.get()), to, half);
    BN_bn2binpad(ECDSA_SIG_get0_s(numbers.get()), to + half, half);
    return out;
}

struct Case {
    const char* name;
    Private key;
    const char* hash;
    KeyType type;
    RsaHash rsa_hash;
};

std::vector<Case> cases() {
    std::vector<Case> all;
    const auto add = [&](const char* name, EVP_PKEY* key, const char* hash, KeyType type) {
        const bool is_512 = hash != nullptr && std::string_view(hash) == "SHA512";
        all.push_back({name, Private(key), hash, type, is_512 ? RsaHash::Sha512 : RsaHash::Sha256});
    };
    add("ed25519", EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), nullptr, KeyType::Ed25519);
    add("p256", EVP_EC_gen("P-256"), "SHA256", KeyType::EcP256);
    add("p384", EVP_EC_gen("P-384"), "SHA384", KeyType::EcP384);
    add("p521", EVP_EC_gen("P-521"), "SHA512", KeyType::EcP521);
    add("rsa256", EVP_RSA_gen(2048), "SHA256", KeyType::Rsa);
    add("rsa512", EVP_RSA_gen(2048), "SHA512", KeyType::Rsa);
    return all;
}

TEST(PublicKey, VerifiesWhatWasSignedAndNothingElse) {
    const std::string message = "tree of knowledge";
    for (const Case& each : cases()) {
        SCOPED_TRACE(each.name);
        const auto key = PublicKey::from_pem(pem_of(der_of(each.key.get())));
        ASSERT_TRUE(key);
        EXPECT_EQ(key->type(), each.type);
        EXPECT_EQ(key->bits(), static_cast<std::size_t>(EVP_PKEY_get_bits(each.key.get())));
        EXPECT_EQ(key->der(), der_of(each.key.get()));
        const std::string signature = sign(each.key.get(), each.hash, message);
        EXPECT_TRUE(key->verifies(message, signature, each.rsa_hash));
        for (std::size_t bit = 0; bit < signature.size() * 8; ++bit) {
            std::string bent = signature;
            bent[bit / 8] = static_cast<char>(bent[bit / 8] ^ (1 << (bit % 8)));
            ASSERT_FALSE(key->verifies(message, bent, each.rsa_hash)) << bit;
        }
        for (std::size_t bit = 0; bit < message.size() * 8; ++bit) {
            std::string bent = message;
            bent[bit / 8] = static_cast<char>(bent[bit / 8] ^ (1 << (bit % 8)));
            ASSERT_FALSE(key->verifies(bent, signature, each.rsa_hash)) << bit;
        }
        EXPECT_FALSE(key->verifies(message, "", each.rsa_hash));
        EXPECT_FALSE(key->verifies(message, signature + '\0', each.rsa_hash));
        EXPECT_FALSE(key->verifies(message, '\0' + signature, each.rsa_hash));
        EXPECT_FALSE(key->verifies(message, signature.substr(1), each.rsa_hash));
        EXPECT_FALSE(key->verifies(message, std::string(signature.size(), '\0'), each.rsa_hash));
        EXPECT_FALSE(key->verifies(message, std::string(100'000, 's'), each.rsa_hash));
        if (each.type == KeyType::Rsa) {
            const bool is_256 = each.rsa_hash == RsaHash::Sha256;
            EXPECT_FALSE(
                key->verifies(message, signature, is_256 ? RsaHash::Sha512 : RsaHash::Sha256));
        }
    }
}

TEST(PublicKey, EcNumbersHaveTheCurvesLengthAndAreNotDer) {
    const Private key(EVP_EC_gen("P-256"));
    const auto made = PublicKey::from_der(der_of(key.get()));
    const std::string numbers = sign(key.get(), "SHA256", "m");
    ASSERT_TRUE(made && made->verifies("m", numbers));
    const std::string r = numbers.substr(0, 32);
    const std::string s = numbers.substr(32);
    const std::string der =
        "\x30\x46\x02\x21" + std::string(1, '\0') + r + "\x02\x21" + std::string(1, '\0') + s;
    EXPECT_FALSE(made->verifies("m", der));
    EXPECT_FALSE(made->verifies("m", std::string(1, '\0') + r + std::string(1, '\0') + s));
    EXPECT_FALSE(made->verifies("m", s + r));
}

TEST(PublicKey, OneSpellingOnly) {
    const Private key(EVP_EC_gen("P-256"));
    const std::string der = der_of(key.get());
    const std::string pem = pem_of(der);
    EXPECT_TRUE(PublicKey::from_pem("\n" + pem + "\r\n"));
    EXPECT_FALSE(PublicKey::from_pem(pem + pem));
    EXPECT_FALSE(PublicKey::from_pem("x" + pem));
    EXPECT_FALSE(PublicKey::from_pem(pem + "x"));
    EXPECT_FALSE(PublicKey::from_pem(""));
    EXPECT_FALSE(PublicKey::from_pem("-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----"));
    EXPECT_FALSE(PublicKey::from_pem(pem + std::string(kPemBytesMax, ' ')));
    EXPECT_FALSE(PublicKey::from_der(der + '\0'));
    EXPECT_FALSE(PublicKey::from_der(der.substr(0, der.size() - 1)));
    EXPECT_FALSE(PublicKey::from_der(""));
    EXPECT_FALSE(PublicKey::from_der(std::string(100'000, '\x30')));
    for (std::size_t at = 0; at < der.size(); ++at) {
        std::string bent = der;
        bent[at] = static_cast<char>(bent[at] ^ 1);
        const auto other = PublicKey::from_der(bent);
        ASSERT_TRUE(!other || other->der() == bent) << at;
    }
    EVP_PKEY_set_utf8_string_param(key.get(), "point-format", "compressed");
    ASSERT_NE(der_of(key.get()), der);
    EXPECT_FALSE(PublicKey::from_der(der_of(key.get()))) << "a compressed point";
    EVP_PKEY_set_utf8_string_param(key.get(), "point-format", "uncompressed");
    EVP_PKEY_set_utf8_string_param(key.get(), "encoding", "explicit");
    ASSERT_NE(der_of(key.get()), der);
    EXPECT_FALSE(PublicKey::from_der(der_of(key.get()))) << "a curve of the sender's own";
}

TEST(PublicKey, OtherTypesAreNone) {
    for (const char* type : {"X25519", "ED448"}) {
        const Private key(EVP_PKEY_Q_keygen(nullptr, nullptr, type));
        EXPECT_FALSE(PublicKey::from_der(der_of(key.get()))) << type;
    }
    const Private other(EVP_EC_gen("secp256k1"));
    EXPECT_FALSE(PublicKey::from_der(der_of(other.get())));
    EXPECT_FALSE(PublicKey::from_ed25519(std::string(31, 'k')));
    EXPECT_FALSE(PublicKey::from_ed25519(""));
    EXPECT_FALSE(PublicKey::from_point(KeyType::EcP256, '\x04' + std::string(64, '\x01')));
    EXPECT_FALSE(PublicKey::from_point(KeyType::EcP256, '\x04' + std::string(63, '\x01')));
    EXPECT_FALSE(PublicKey::from_point(KeyType::Rsa, '\x04' + std::string(64, '\x01')));
    EXPECT_FALSE(PublicKey::from_rsa("", ""));
    EXPECT_FALSE(PublicKey::from_rsa(std::string(256, '\xff'), "\x01"));
    EXPECT_FALSE(PublicKey::from_rsa(std::string(256, '\xfe'), "\x03"));
    EXPECT_FALSE(PublicKey::from_rsa(std::string(100'000, '\xff'), "\x03"));
}

}  // namespace
}  // namespace origin::crypto

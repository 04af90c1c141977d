// SPDX-License-Identifier: Apache-2.0
#include "crypto/public_key.h"

#include <algorithm>
#include <array>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#include "base/assert.h"
#include "crypto/encode.h"

namespace origin::crypto {

namespace {

struct Free {
    void operator()(EVP_PKEY_CTX* context) const noexcept { EVP_PKEY_CTX_free(context); }
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
    void operator()(BIGNUM* number) const noexcept { BN_free(number); }
    void operator()(OSSL_PARAM_BLD* builder) const noexcept { OSSL_PARAM_BLD_free(builder); }
    void operator()(OSSL_PARAM* params) const noexcept { OSSL_PARAM_free(params); }
    void operator()(ECDSA_SIG* signature) const noexcept { ECDSA_SIG_free(signature); }
    void operator()(unsigned char* bytes) const noexcept { OPENSSL_free(bytes); }
};
template <class T>
using Own = std::unique_ptr<T, Free>;

struct Curve {
    KeyType type;
    const char* group;
    const char* hash;
    std::size_t number_bytes;
};
constexpr std::array<Curve, 3> kCurves = {{{KeyType::EcP256, "prime256v1", "SHA256", 32},
                                           {KeyType::EcP384, "secp384r1", "SHA384", 48},
                                           {KeyType::EcP521, "secp521r1", "SHA512", 66}}};

constexpr std::string_view kPemBegin = "-----BEGIN PUBLIC KEY-----\n";
constexpr std::string_view kPemEnd = "-----END PUBLIC KEY-----";

const unsigned char* raw(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

const Curve* curve_of(KeyType type) {
    const auto* found = std::ranges::find(kCurves, type, &Curve::type);
    return found == kCurves.end() ? nullptr : &*found;
}

Own<BIGNUM> number(std::string_view bytes) {
    // Longer than any key of ours; also keeps the size inside an int.
    return Own<BIGNUM>(bytes.size() > kPemBytesMax
                           ? nullptr
                           : BN_bin2bn(raw(bytes), static_cast<int>(bytes.size()), nullptr));
}

EVP_PKEY* key_from(const char* type, OSSL_PARAM* params) {
    const Own<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    EVP_PKEY* key = nullptr;
    const bool made = context != nullptr && EVP_PKEY_fromdata_init(context.get()) == 1 &&
                      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params) == 1;
    ERR_clear_error();
    return made ? key : nullptr;
}

std::string octets_of(const EVP_PKEY* key, const char* name) {
    std::array<unsigned char, 256> bytes{};
    std::size_t size = 0;
    return EVP_PKEY_get_octet_string_param(key, name, bytes.data(), bytes.size(), &size) == 1
               ? std::string(reinterpret_cast<const char*>(bytes.data()), size)
               : std::string();
}

std::string number_of(const EVP_PKEY* key, const char* name) {
    BIGNUM* found = nullptr;
    if (EVP_PKEY_get_bn_param(key, name, &found) != 1) {
        return {};
    }
    const Own<BIGNUM> owned(found);
    std::string bytes(static_cast<std::size_t>(BN_num_bytes(found)), '\0');
    BN_bn2bin(found, reinterpret_cast<unsigned char*>(bytes.data()));
    return bytes;
}

/// An EC signature as OpenSSL wants it; empty: of the wrong size.
std::string der_of(std::string_view numbers, std::size_t number_bytes) {
    if (numbers.size() != 2 * number_bytes) {
        return {};
    }
    const Own<ECDSA_SIG> signature(ECDSA_SIG_new());
    Own<BIGNUM> r = number(numbers.substr(0, number_bytes));
    Own<BIGNUM> s = number(numbers.substr(number_bytes));
    ORIGIN_ASSERT(signature != nullptr && r != nullptr && s != nullptr);
    ORIGIN_ASSERT(ECDSA_SIG_set0(signature.get(), r.release(), s.release()) == 1);
    unsigned char* bytes = nullptr;
    const int size = i2d_ECDSA_SIG(signature.get(), &bytes);
    const Own<unsigned char> owned(bytes);
    return size > 0
               ? std::string(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size))
               : std::string();
}

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

}  // namespace

void PublicKey::Free::operator()(evp_pkey_st* key) const noexcept {
    EVP_PKEY_free(key);
}

std::optional<PublicKey> PublicKey::from_ed25519(std::string_view bytes) {
    Handle key(bytes.size() == 32 ? EVP_PKEY_new_raw_public_key_ex(
                                        nullptr, "ED25519", nullptr, raw(bytes), bytes.size())
                                  : nullptr);
    return key ? std::optional(PublicKey(KeyType::Ed25519, std::move(key))) : std::nullopt;
}

std::optional<PublicKey> PublicKey::from_point(KeyType type, std::string_view point) {
    const Curve* curve = curve_of(type);
    if (curve == nullptr || point.size() != 1 + 2 * curve->number_bytes || point[0] != '\x04') {
        return std::nullopt;
    }
    const Own<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
    const bool filled =
        builder != nullptr &&
        OSSL_PARAM_BLD_push_utf8_string(
            builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve->group, 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(
            builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) == 1;
    const Own<OSSL_PARAM> params(filled ? OSSL_PARAM_BLD_to_param(builder.get()) : nullptr);
    Handle key(params ? key_from("EC", params.get()) : nullptr);
    return key ? std::optional(PublicKey(type, std::move(key))) : std::nullopt;
}

std::optional<PublicKey> PublicKey::from_rsa(std::string_view modulus, std::string_view exponent) {
    const Own<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
    const Own<BIGNUM> n = number(modulus);
    const Own<BIGNUM> e = number(exponent);
    const bool filled =
        builder != nullptr && n != nullptr && e != nullptr && BN_is_odd(n.get()) &&
        BN_is_odd(e.get()) && !BN_is_one(e.get()) &&
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) == 1 &&
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) == 1;
    const Own<OSSL_PARAM> params(filled ? OSSL_PARAM_BLD_to_param(builder.get()) : nullptr);
    Handle key(params ? key_from("RSA", params.get()) : nullptr);
    return key ? std::optional(PublicKey(KeyType::Rsa, std::move(key))) : std::nullopt;
}

/// Built anew from its numbers, so that what is kept has one spelling.
std::optional<PublicKey> PublicKey::from_handle(Handle key) {
    if (EVP_PKEY_is_a(key.get(), "ED25519") == 1) {
        return from_ed25519(octets_of(key.get(), OSSL_PKEY_PARAM_PUB_KEY));
    }
    if (EVP_PKEY_is_a(key.get(), "RSA") == 1) {
        return from_rsa(number_of(key.get(), OSSL_PKEY_PARAM_RSA_N),
                        number_of(key.get(), OSSL_PKEY_PARAM_RSA_E));
    }
    std::array<char, 64> group{};
    std::size_t size = 0;
    if (EVP_PKEY_is_a(key.get(), "EC") != 1 ||
        EVP_PKEY_get_group_name(key.get(), group.data(), group.size(), &size) != 1) {
        return std::nullopt;
    }
    const auto* curve = std::ranges::find(kCurves,
                                          std::string_view(group.data(), size),
                                          [](const Curve& c) { return std::string_view(c.group); });
    return curve == kCurves.end()
               ? std::nullopt
               : from_point(curve->type, octets_of(key.get(), OSSL_PKEY_PARAM_PUB_KEY));
}

std::optional<PublicKey> PublicKey::from_der(std::string_view der) {
    if (der.empty() || der.size() > kPemBytesMax) {
        return std::nullopt;
    }
    const unsigned char* at = raw(der);
    Handle read(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())));
    auto key = read ? from_handle(std::move(read)) : std::nullopt;
    ERR_clear_error();
    return key && key->der() == der ? std::move(key) : std::nullopt;
}

std::optional<PublicKey> PublicKey::from_pem(std::string_view text) {
    std::string lines;
    for (const char c : text.substr(0, kPemBytesMax + 1)) {
        if (c != '\r') {
            lines += c;
        }
    }
    std::string_view body = lines;
    while (!body.empty() && is_space(body.back())) {
        body.remove_suffix(1);
    }
    while (!body.empty() && is_space(body.front())) {
        body.remove_prefix(1);
    }
    if (text.size() > kPemBytesMax || !body.starts_with(kPemBegin) || !body.ends_with(kPemEnd) ||
        body.size() < kPemBegin.size() + kPemEnd.size()) {
        return std::nullopt;
    }
    body.remove_prefix(kPemBegin.size());
    body.remove_suffix(kPemEnd.size());
    std::string encoded(body);
    std::erase(encoded, '\n');
    const auto der = base64_decode(encoded);
    return der ? from_der(*der) : std::nullopt;
}

std::size_t PublicKey::bits() const {
    return static_cast<std::size_t>(EVP_PKEY_get_bits(key_.get()));
}

std::string PublicKey::der() const {
    unsigned char* bytes = nullptr;
    const int size = i2d_PUBKEY(key_.get(), &bytes);
    const Own<unsigned char> owned(bytes);
    ORIGIN_ASSERT(size > 0);
    return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

bool PublicKey::verifies(std::string_view message, std::string_view signature, RsaHash hash) const {
    std::string der;
    const char* name = hash == RsaHash::Sha512 ? "SHA512" : "SHA256";
    if (const Curve* curve = curve_of(type_)) {
        der = der_of(signature, curve->number_bytes);
        signature = der;
        name = curve->hash;
    } else if (type_ == KeyType::Ed25519) {
        name = nullptr;
    }
    if (signature.empty()) {
        return false;
    }
    const Own<EVP_MD_CTX> context(EVP_MD_CTX_new());
    ORIGIN_ASSERT(context != nullptr);
    ORIGIN_ASSERT(EVP_DigestVerifyInit_ex(
                      context.get(), nullptr, name, nullptr, nullptr, key_.get(), nullptr) == 1);
    const bool good =
        EVP_DigestVerify(
            context.get(), raw(signature), signature.size(), raw(message), message.size()) == 1;
    ERR_clear_error();
    return good;
}

std::size_t ec_number_bytes(KeyType type) {
    const Curve* curve = curve_of(type);
    return curve == nullptr ? 0 : curve->number_bytes;
}

}  // namespace origin::crypto

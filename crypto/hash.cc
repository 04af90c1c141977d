// SPDX-License-Identifier: Apache-2.0
#include "crypto/hash.h"

#include <array>

#include <openssl/evp.h>

#include "base/assert.h"

namespace origin::crypto {

namespace detail {

namespace {

// Fetched once for the process: EVP_sha1() would look the provider up again for every digest.
const EVP_MD* sha1_algorithm() {
    static const EVP_MD* const kSha1 = EVP_MD_fetch(nullptr, "SHA1", nullptr);
    return kSha1;
}
const EVP_MD* sha256_algorithm() {
    static const EVP_MD* const kSha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    return kSha256;
}
const EVP_MD* sha512_algorithm() {
    static const EVP_MD* const kSha512 = EVP_MD_fetch(nullptr, "SHA512", nullptr);
    return kSha512;
}

}  // namespace

void FreeDigest::operator()(evp_md_ctx_st* context) const noexcept {
    EVP_MD_CTX_free(context);
}

Digest::Digest(Kind kind) : kind_(kind), context_(EVP_MD_CTX_new()) {
    restart();
}

void Digest::restart() {
    // Fails only without memory or without OpenSSL's default provider: nothing could go on.
    ORIGIN_ASSERT(context_ != nullptr);
    const EVP_MD* algorithm = kind_ == Kind::Sha1     ? sha1_algorithm()
                              : kind_ == Kind::Sha256 ? sha256_algorithm()
                                                      : sha512_algorithm();
    ORIGIN_ASSERT(EVP_DigestInit_ex2(context_.get(), algorithm, nullptr) == 1);
}

void Digest::update(Bytes bytes) {
    ORIGIN_ASSERT(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
}

std::string Digest::finish() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
    unsigned size = 0;
    ORIGIN_ASSERT(EVP_DigestFinal_ex(context_.get(), hash.data(), &size) == 1);
    restart();
    return {reinterpret_cast<const char*>(hash.data()), size};
}

}  // namespace detail

std::string sha1(std::string_view text) {
    Sha1 hash;
    hash.update(text);
    return hash.finish();
}

std::string sha256(std::string_view text) {
    Sha256 hash;
    hash.update(text);
    return hash.finish();
}

std::string sha512(std::string_view text) {
    Sha512 hash;
    hash.update(text);
    return hash.finish();
}

}  // namespace origin::crypto

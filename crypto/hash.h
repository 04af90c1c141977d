// SPDX-License-Identifier: Apache-2.0
// crypto/hash: SHA-1, SHA-256 and SHA-512, in pieces or at once. Results are raw bytes.
//
// SHA-1 here is for bytes we made (pack trailers, ids of our own objects); what a peer sends is
// hashed with collision detection, in git/odb.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"

struct evp_md_ctx_st;  // OpenSSL's EVP_MD_CTX.

namespace origin::crypto {

inline constexpr std::size_t kSha1Bytes = 20;
inline constexpr std::size_t kSha256Bytes = 32;

namespace detail {

struct FreeDigest {
    void operator()(evp_md_ctx_st* context) const noexcept;
};

/// A running digest; its subclasses choose the algorithm.
class Digest {
public:
    void update(Bytes bytes);
    void update(std::string_view text) { update(bytes_of(text)); }
    /// The raw hash of everything so far; the object then starts anew.
    std::string finish();

protected:
    enum class Kind : std::uint8_t { Sha1, Sha256, Sha512 };
    explicit Digest(Kind kind);

private:
    void restart();

    Kind kind_;
    std::unique_ptr<evp_md_ctx_st, FreeDigest> context_;
};

}  // namespace detail

class Sha1 final : public detail::Digest {
public:
    Sha1() : Digest(Kind::Sha1) {}
};

class Sha256 final : public detail::Digest {
public:
    Sha256() : Digest(Kind::Sha256) {}
};

class Sha512 final : public detail::Digest {
public:
    Sha512() : Digest(Kind::Sha512) {}
};

std::string sha1(std::string_view text);
std::string sha256(std::string_view text);
std::string sha512(std::string_view text);

}  // namespace origin::crypto

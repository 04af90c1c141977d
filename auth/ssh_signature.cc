// SPDX-License-Identifier: Apache-2.0
#include "auth/ssh_signature.h"

#include <algorithm>

#include "auth/ssh_public_key.h"
#include "auth/ssh_strings.h"
#include "crypto/encode.h"
#include "crypto/hash.h"
#include "crypto/public_key.h"

namespace origin::auth {
namespace {

constexpr std::string_view kBegin = "-----BEGIN SSH SIGNATURE-----\n";
constexpr std::string_view kEnd = "\n-----END SSH SIGNATURE-----";
constexpr std::string_view kMagic = "SSHSIG";
constexpr std::uint32_t kVersion = 1;
constexpr std::string_view kSk = "sk-";
constexpr unsigned char kTouched = 1;

constexpr std::string_view kMalformed = "malformed_signature";
constexpr std::string_view kNotTaken = "key_not_taken";
constexpr std::string_view kWrong = "wrong_signature";

/// A number without sign as `size` bytes; nullopt: negative, not the shortest form, too large.
std::optional<std::string> fixed(std::string_view mpint, std::size_t size) {
    const auto at = [&](std::size_t i) {
        return static_cast<unsigned char>(mpint[i]);
    };
    if (mpint.empty() || at(0) > 0x7f || (at(0) == 0 && (mpint.size() < 2 || at(1) < 0x80))) {
        return std::nullopt;
    }
    mpint.remove_prefix(at(0) == 0 ? 1 : 0);
    if (mpint.size() > size) {
        return std::nullopt;
    }
    return std::string(size - mpint.size(), '\0') + std::string(mpint);
}

std::optional<crypto::KeyType> curve_named(std::string_view name) {
    if (name == "nistp256") {
        return crypto::KeyType::EcP256;
    }
    if (name == "nistp384") {
        return crypto::KeyType::EcP384;
    }
    return name == "nistp521" ? std::optional(crypto::KeyType::EcP521) : std::nullopt;
}

struct Signer {
    crypto::PublicKey key;
    std::string application;  // Of a security key.
};

/// `key`: of read_ssh_blob, which knows its shape. nullopt: a point beside its curve and the like.
std::optional<Signer> signer_of(const SshPublicKey& key) {
    SshStrings in(key.blob);
    in.take();
    const std::string_view first = in.take().value_or("");
    std::optional<crypto::PublicKey> made;
    if (const auto curve = curve_named(first)) {
        made = crypto::PublicKey::from_point(*curve, in.take().value_or(""));
    } else if (key.type == "ssh-rsa") {
        made = crypto::PublicKey::from_rsa(in.take().value_or(""), first);
    } else {
        made = crypto::PublicKey::from_ed25519(first);
    }
    const std::string application(key.type.starts_with(kSk) ? in.take().value_or("") : "");
    return made ? std::optional(Signer{std::move(*made), application}) : std::nullopt;
}

/// What PublicKey::verifies takes; nullopt: not in the form of its key.
std::optional<std::string> raw_signature(const crypto::PublicKey& key, std::string_view bytes) {
    if (const std::size_t size = crypto::ec_number_bytes(key.type())) {
        SshStrings in(bytes);
        const auto r = fixed(in.take().value_or(""), size);
        const auto s = fixed(in.take().value_or(""), size);
        return r && s && in.at_end() ? std::optional(*r + *s) : std::nullopt;
    }
    if (key.type() != crypto::KeyType::Rsa) {
        return std::string(bytes);
    }
    const std::size_t size = (key.bits() + 7) / 8;
    // Some programs leave leading zeros away; OpenSSH adds them again.
    return bytes.size() > size
               ? std::nullopt
               : std::optional(std::string(size - bytes.size(), '\0') + std::string(bytes));
}

/// Empty: `signature` is of `signed_bytes`, by `key`.
std::string_view fault_of(const SshPublicKey& key,
                          std::string_view signature,
                          std::string signed_bytes) {
    const auto signer = signer_of(key);
    if (!signer) {
        return kNotTaken;
    }
    SshStrings in(signature);
    const auto algorithm = in.take();
    const auto bytes = in.take();
    if (!algorithm || !bytes) {
        return kMalformed;
    }
    const bool is_rsa = key.type == "ssh-rsa";
    if (is_rsa ? *algorithm != "rsa-sha2-256" && *algorithm != "rsa-sha2-512"
               : *algorithm != key.type) {
        return kNotTaken;
    }
    if (key.type.starts_with(kSk)) {
        const auto rest = in.take_bytes(5);  // Flags, and how often the key has signed.
        if (!rest) {
            return kMalformed;
        }
        if ((static_cast<unsigned char>(rest->front()) & kTouched) == 0) {
            return "touch_missing";
        }
        signed_bytes =
            crypto::sha256(signer->application) + std::string(*rest) + crypto::sha256(signed_bytes);
    }
    const auto raw = raw_signature(signer->key, *bytes);
    if (!raw || !in.at_end()) {
        return kMalformed;
    }
    const auto hash =
        *algorithm == "rsa-sha2-512" ? crypto::RsaHash::Sha512 : crypto::RsaHash::Sha256;
    return signer->key.verifies(signed_bytes, *raw, hash) ? std::string_view() : kWrong;
}

}  // namespace

std::optional<SshSignature> parse_ssh_signature(std::string_view armored) {
    while (!armored.empty() && (armored.back() == '\n' || armored.back() == ' ')) {
        armored.remove_suffix(1);
    }
    if (!armored.starts_with(kBegin) || !armored.ends_with(kEnd) ||
        armored.size() < kBegin.size() + kEnd.size()) {
        return std::nullopt;
    }
    std::string encoded(
        armored.substr(kBegin.size(), armored.size() - kBegin.size() - kEnd.size()));
    std::erase(encoded, '\n');
    const auto blob = crypto::base64_decode(encoded);
    SshStrings in(blob ? std::string_view(*blob) : std::string_view());
    const auto magic = in.take_bytes(kMagic.size());
    const auto version = in.take_number();
    const auto key = in.take();
    const auto name_space = in.take();
    const auto reserved = in.take();
    const auto hash = in.take();
    const auto signature = in.take();
    if (magic != kMagic || version != kVersion || !signature || !reserved->empty() ||
        !in.at_end()) {
        return std::nullopt;
    }
    return SshSignature{.key = std::string(*key),
                        .name_space = std::string(*name_space),
                        .hash = std::string(*hash),
                        .signature = std::string(*signature)};
}

std::string_view fault_of(const SshSignature& signature,
                          std::string_view name_space,
                          std::string_view message) {
    if (signature.name_space != name_space) {
        return "namespace_not_git";
    }
    const bool is_256 = signature.hash == "sha256";
    const auto key = read_ssh_blob(signature.key);
    if (!key || (!is_256 && signature.hash != "sha512")) {
        return kNotTaken;
    }
    const std::string hash = is_256 ? crypto::sha256(message) : crypto::sha512(message);
    return fault_of(*key,
                    signature.signature,
                    std::string(kMagic) + ssh_string(name_space) + ssh_string("") +
                        ssh_string(signature.hash) + ssh_string(hash));
}

}  // namespace origin::auth

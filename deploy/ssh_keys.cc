// SPDX-License-Identifier: Apache-2.0
#include "deploy/ssh_keys.h"

#include <algorithm>

#include "base/utf8.h"
#include "crypto/encode.h"
#include "crypto/hash.h"

namespace origin::deploy {
namespace {

constexpr std::string_view kFingerprintStart = "SHA256:";
constexpr std::string_view kBegin = "-----BEGIN OPENSSH PRIVATE KEY-----";
constexpr std::string_view kEnd = "-----END OPENSSH PRIVATE KEY-----";
constexpr std::size_t kFingerprintDigits = 43;

std::unexpected<Error> bad_pin(const std::string& why) {
    return std::unexpected(
        Error(Code::InvalidInput, "'settings.hostKey': " + why).because("bad_setting"));
}

std::unexpected<Error> bad_key(const std::string& why) {
    return std::unexpected(
        Error(Code::InvalidInput, "the target's secret " + why).because("bad_secret"));
}

std::vector<std::string_view> words_of(std::string_view text) {
    std::vector<std::string_view> words;
    while (!text.empty()) {
        const std::size_t begin = std::min(text.find_first_not_of(" \t\r\n"), text.size());
        text.remove_prefix(begin);
        const std::size_t end = std::min(text.find_first_of(" \t\r\n"), text.size());
        if (end > 0) {
            words.push_back(text.substr(0, end));
        }
        text.remove_prefix(end);
    }
    return words;
}

/// Takes a string of SSH's binary form: four bytes of length, then so many. RFC 4251, 5.
std::optional<std::string_view> take_string(std::string_view& bytes) {
    if (bytes.size() < 4) {
        return std::nullopt;
    }
    std::size_t length = 0;
    for (const char c : bytes.substr(0, 4)) {
        length = length * 256 + static_cast<unsigned char>(c);
    }
    if (length > bytes.size() - 4) {
        return std::nullopt;
    }
    const std::string_view text = bytes.substr(4, length);
    bytes.remove_prefix(4 + length);
    return text;
}

/// The bytes between the lines of an OpenSSH private key.
std::optional<std::string> unarmoured(std::string_view text) {
    const std::size_t begin = text.find(kBegin);
    const std::size_t end = text.find(kEnd);
    if (begin == text.npos || end == text.npos || end < begin) {
        return std::nullopt;
    }
    std::string digits;
    for (const char c : text.substr(begin + kBegin.size(), end - begin - kBegin.size())) {
        if (c != '\n' && c != '\r') {
            digits += c;
        }
    }
    return crypto::base64_decode(digits);
}

Status check_kind(std::string_view kind) {
    if (kind == "ssh-ed25519" || kind.starts_with("ecdsa-sha2-nistp")) {
        return {};
    }
    if (kind.starts_with("sk-")) {
        return bad_key(
            "is the key of a security key (FIDO): nobody is there to touch it. Make one "
            "for this target: ssh-keygen -t ed25519");
    }
    if (kind == "ssh-rsa") {
        return bad_key(
            "is an RSA key: libssh2 1.10 has no rsa-sha2, and servers take no SHA-1. Use "
            "an ed25519 key: ssh-keygen -t ed25519");
    }
    return bad_key("is a key of the kind '" + printable(kind.substr(0, 40)) +
                   "': use an ed25519 key: ssh-keygen -t ed25519");
}

}  // namespace

std::vector<std::string> host_key_kinds() {
    return {"ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"};
}

std::string fingerprint_of(std::string_view blob) {
    std::string digits = crypto::base64(crypto::sha256(blob));
    while (digits.ends_with('=')) {
        digits.pop_back();
    }
    return std::string(kFingerprintStart) + digits;
}

Result<HostKeyPin> HostKeyPin::parse(std::string_view text) {
    HostKeyPin pin;
    const auto words = words_of(text);
    const auto print = std::ranges::find_if(
        words, [](std::string_view word) { return word.starts_with(kFingerprintStart); });
    if (print != words.end()) {
        const std::string_view digits = print->substr(kFingerprintStart.size());
        if (digits.size() != kFingerprintDigits ||
            !crypto::base64_decode(std::string(digits) + "=")) {
            return bad_pin("a fingerprint is SHA256: and 43 characters, as ssh-keygen -lf prints");
        }
        pin.fingerprint_ = *print;
        return pin;
    }
    const auto kinds = host_key_kinds();
    const auto kind = std::ranges::find_if(
        words, [&](std::string_view word) { return std::ranges::count(kinds, word) > 0; });
    if (kind == words.end() || kind + 1 == words.end()) {
        const bool is_rsa = std::ranges::count(words, "ssh-rsa") > 0;
        return bad_pin(is_rsa ? "libssh2 1.10 has no rsa-sha2: name the server's ed25519 key "
                                "(ssh-keyscan -t ed25519 HOST)"
                              : "a line of known_hosts (ssh-keyscan -t ed25519 HOST) or a "
                                "fingerprint (SHA256:...)");
    }
    auto blob = crypto::base64_decode(*(kind + 1));
    std::string_view rest = blob ? std::string_view(*blob) : std::string_view();
    if (take_string(rest) != *kind) {
        return bad_pin("the key in this line is damaged");
    }
    pin.kind_ = *kind;
    pin.fingerprint_ = fingerprint_of(*blob);
    return pin;
}

std::vector<std::string> HostKeyPin::kinds() const {
    return kind_.empty() ? host_key_kinds() : std::vector<std::string>{kind_};
}

Status check_private_key(std::string_view text) {
    if (text.contains("BEGIN RSA PRIVATE KEY")) {
        return check_kind("ssh-rsa");
    }
    const auto bytes = unarmoured(text);
    constexpr std::string_view kMagic("openssh-key-v1\0", 15);
    if (!bytes || !bytes->starts_with(kMagic)) {
        return bad_key(
            "is no private key in OpenSSH's form (-----BEGIN OPENSSH PRIVATE KEY-----): "
            "make one with ssh-keygen -t ed25519");
    }
    std::string_view rest = std::string_view(*bytes).substr(kMagic.size());
    const auto cipher = take_string(rest);
    const auto derivation = take_string(rest);
    const auto options = take_string(rest);
    rest.remove_prefix(std::min<std::size_t>(rest.size(), 4));  // How many keys: one.
    auto key = take_string(rest);
    const auto kind = key ? take_string(*key) : std::nullopt;
    if (!cipher || !derivation || !options || !kind) {
        return bad_key("is a damaged private key");
    }
    ORIGIN_CHECK(check_kind(*kind));
    if (*cipher != "none") {
        return bad_key(
            "is an encrypted private key: nobody is there to type its password. Make one "
            "without for this target: ssh-keygen -t ed25519 -N ''");
    }
    return {};
}

}  // namespace origin::deploy

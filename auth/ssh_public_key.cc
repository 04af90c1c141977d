// SPDX-License-Identifier: Apache-2.0
#include "auth/ssh_public_key.h"

#include <array>
#include <bit>
#include <optional>

#include "auth/ssh_strings.h"
#include "crypto/encode.h"
#include "crypto/hash.h"

namespace origin::auth {
namespace {

std::unexpected<Error> bad_key(std::string why) {
    return std::unexpected(Error(Code::InvalidInput, std::move(why)).because("bad_ssh_key"));
}

/// The bits of a positive mpint in its shortest form; 0: it is none. Source: RFC 4251 section 5.
std::size_t bits_of(std::string_view mpint) {
    if (mpint.empty() || static_cast<unsigned char>(mpint[0]) > 0x7f) {
        return 0;
    }
    const bool is_padded = mpint[0] == 0;
    if (is_padded && (mpint.size() < 2 || static_cast<unsigned char>(mpint[1]) < 0x80)) {
        return 0;
    }
    mpint.remove_prefix(is_padded ? 1 : 0);
    return (mpint.size() - 1) * 8 +
           static_cast<std::size_t>(std::bit_width(static_cast<unsigned char>(mpint[0])));
}

Status check_rsa(SshStrings& in) {
    const auto exponent = in.take();
    const auto modulus = in.take();
    const std::size_t exponent_bits = exponent ? bits_of(*exponent) : 0;
    const std::size_t bits = modulus ? bits_of(*modulus) : 0;
    // 65,537 is the least that is not small; every tool has used it for twenty years.
    if (exponent_bits < 17 || exponent_bits > 64 || (exponent->back() & 1) == 0) {
        return bad_key("the RSA key's exponent is not an odd number from 65537 on");
    }
    if (bits < kSshRsaBitsMin || bits > kSshRsaBitsMax || (modulus->back() & 1) == 0) {
        return bad_key("an RSA key has 3072 to 16384 bits, this one " + std::to_string(bits));
    }
    return {};
}

struct Curve {
    std::string_view name;
    std::size_t point_bytes;  // Uncompressed.
};
constexpr std::array<Curve, 3> kCurves = {{{"nistp256", 65}, {"nistp384", 97}, {"nistp521", 133}}};

/// `wanted`: the curve that the type names.
Status check_point(SshStrings& in, std::string_view wanted) {
    const auto curve = in.take();
    const auto point = in.take();
    for (const Curve& known : kCurves) {
        if (known.name == wanted && curve == wanted && point &&
            point->size() == known.point_bytes && point->front() == '\x04') {
            return {};
        }
    }
    return bad_key("the key is no uncompressed point of its curve");
}

Status check_ed25519(SshStrings& in) {
    const auto point = in.take();
    return point && point->size() == 32 ? Status() : bad_key("an ed25519 key has 32 bytes");
}

/// Of a security key: what it signs for, "ssh:" as a rule.
Status check_application(SshStrings& in) {
    const auto application = in.take();
    return application && !application->empty() && application->size() <= 255
               ? Status()
               : bad_key("a security key's application is missing");
}

Status check_numbers(SshStrings& in, std::string_view type) {
    constexpr std::string_view kEcdsa = "ecdsa-sha2-";
    if (type == "ssh-rsa") {
        return check_rsa(in);
    }
    if (type == "ssh-ed25519") {
        return check_ed25519(in);
    }
    if (type.starts_with(kEcdsa)) {
        return check_point(in, type.substr(kEcdsa.size()));
    }
    if (type == "sk-ssh-ed25519@openssh.com") {
        ORIGIN_CHECK(check_ed25519(in));
        return check_application(in);
    }
    if (type == "sk-ecdsa-sha2-nistp256@openssh.com") {
        ORIGIN_CHECK(check_point(in, "nistp256"));
        return check_application(in);
    }
    return bad_key(
        "this type of key is not taken; ssh-ed25519, ecdsa-sha2-nistp256, -384, -521, ssh-rsa "
        "from 3072 bits on, sk-ssh-ed25519@openssh.com and sk-ecdsa-sha2-nistp256@openssh.com are");
}

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && is_space(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_space(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

/// Takes the first word off.
std::string_view take_word(std::string_view& text) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text = trimmed(text.substr(end));
    return word;
}

}  // namespace

Result<SshPublicKey> read_ssh_blob(std::string_view blob) {
    if (blob.size() > kSshKeyBlobBytesMax) {
        return bad_key("the key is too long");
    }
    SshStrings in(blob);
    const auto type = in.take();
    if (!type) {
        return bad_key("this is no SSH public key");
    }
    ORIGIN_CHECK(check_numbers(in, *type));
    if (!in.at_end()) {
        return bad_key("there are bytes after the key");
    }
    return SshPublicKey{.type = std::string(*type), .blob = std::string(blob), .comment = {}};
}

Result<SshPublicKey> parse_ssh_public_key(std::string_view line) {
    std::string_view rest = trimmed(line);
    if (rest.find('\n') != std::string_view::npos) {
        return bad_key("give one public key, on one line");
    }
    if (rest.starts_with("-----BEGIN")) {
        return bad_key("this is not the .pub file; keep private keys to yourself");
    }
    const std::string_view type = take_word(rest);
    const std::string_view encoded = take_word(rest);
    if (encoded.size() > 2 * kSshKeyBlobBytesMax) {
        return bad_key("the key is too long");
    }
    const auto blob = crypto::base64_decode(encoded);
    if (encoded.empty() || !blob) {
        return bad_key("a public key is one line: its type, base64, and perhaps a comment");
    }
    ORIGIN_TRY(key, read_ssh_blob(*blob));
    if (key.type != type) {
        return bad_key("the key is not of the type that its line names");
    }
    key.comment = std::string(rest);
    return key;
}

std::string ssh_fingerprint(std::string_view blob) {
    std::string text = crypto::base64(crypto::sha256(blob));
    while (text.ends_with('=')) {
        text.pop_back();
    }
    return "SHA256:" + text;
}

std::string ssh_line(std::string_view type, std::string_view blob) {
    return std::string(type) + " " + crypto::base64(blob);
}

}  // namespace origin::auth

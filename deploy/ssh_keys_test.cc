// SPDX-License-Identifier: Apache-2.0
// Goal: a pinned host key is what the person wrote, and a private key that cannot work is told.
// Method: keys that ssh-keygen made, and bad ones.
#include "deploy/ssh_keys.h"

#include <gtest/gtest.h>

#include "crypto/encode.h"

namespace origin::deploy {
namespace {

constexpr const char* kBlob =
    "AAAAC3NzaC1lZDI1NTE5AAAAIGLVs7ob6ctm3dWiWJvJ8hjy9z4p1vV6lCuJIQiLcZz1";

std::string packed(std::string_view text) {
    return std::string(3, '\0') + static_cast<char>(text.size()) + std::string(text);
}

/// A private key's public part: what can be read without a password.
std::string private_key(const std::string& cipher, const std::string& kind) {
    const std::string key = packed(kind) + packed("bytes");
    const std::string bytes = std::string("openssh-key-v1\0", 15) + packed(cipher) +
                              packed("none") + packed("") + std::string("\0\0\0\1", 4) +
                              packed(key) + packed("secret");
    return "-----BEGIN OPENSSH PRIVATE KEY-----\n" + crypto::base64(bytes) +
           "\n-----END OPENSSH PRIVATE KEY-----\n";
}

std::string why(const Status& status) {
    return status ? "fine" : status.error().told_to_peer();
}

TEST(HostKeyPin, TakesLinesAndFingerprints) {
    const std::string key = std::string("ssh-ed25519 ") + kBlob;
    for (const std::string& text :
         {key, "host " + key, "[host]:2222 " + key + " comment", "  host,1.2.3.4 " + key + "\n"}) {
        const auto pin = HostKeyPin::parse(text);
        ASSERT_TRUE(pin) << text;
        EXPECT_EQ(pin->kinds(), std::vector<std::string>{"ssh-ed25519"});
        EXPECT_TRUE(pin->matches(*crypto::base64_decode(kBlob)));
        EXPECT_FALSE(pin->matches("another"));
        const auto print = HostKeyPin::parse(pin->fingerprint());
        ASSERT_TRUE(print);
        EXPECT_TRUE(print->matches(*crypto::base64_decode(kBlob)));
        EXPECT_EQ(print->kinds(), host_key_kinds());
    }
}

TEST(HostKeyPin, RefusesWhatPinsNothing) {
    for (const std::string text : {"",
                                   "host",
                                   "SHA256:",
                                   "SHA256:short",
                                   "ssh-ed25519",
                                   "host ssh-ed25519 AAAA",
                                   "host ssh-ed25519 not=base64",
                                   "host ssh-rsa AAAAB3NzaC1yc2E=",
                                   "MD5:00:11"}) {
        EXPECT_FALSE(HostKeyPin::parse(text)) << text;
    }
    // The kind that is written is the kind in the key.
    EXPECT_FALSE(HostKeyPin::parse(std::string("ecdsa-sha2-nistp256 ") + kBlob));
}

TEST(CheckPrivateKey, SaysWhatCannotWork) {
    EXPECT_EQ(why(check_private_key(private_key("none", "ssh-ed25519"))), "fine");
    EXPECT_EQ(why(check_private_key(private_key("none", "ecdsa-sha2-nistp256"))), "fine");
    const auto says = [](const std::string& text, const char* word) {
        return why(check_private_key(text)).contains(word);
    };
    EXPECT_TRUE(says(private_key("aes256-ctr", "ssh-ed25519"), "encrypted"));
    EXPECT_TRUE(says(private_key("none", "ssh-rsa"), "rsa-sha2"));
    EXPECT_TRUE(says(private_key("none", "sk-ssh-ed25519@openssh.com"), "FIDO"));
    EXPECT_TRUE(says(private_key("none", "ssh-dss"), "ssh-dss"));
    EXPECT_TRUE(says("-----BEGIN RSA PRIVATE KEY-----\n", "rsa-sha2"));
    EXPECT_TRUE(says("a token", "OpenSSH"));
    EXPECT_TRUE(says("", "OpenSSH"));
    const std::string good = private_key("none", "ssh-ed25519");
    for (std::size_t size = 0; size < good.size() - 36; ++size) {
        EXPECT_NE(why(check_private_key(good.substr(0, size))), "fine") << size;
    }
}

}  // namespace
}  // namespace origin::deploy

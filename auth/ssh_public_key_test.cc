// SPDX-License-Identifier: Apache-2.0
// Goal: the public keys that ssh-keygen makes are taken, with its fingerprint; nothing else is.
// Method: real keys of each type made here; then the same blobs bent byte by byte and field by
// field.
#include "auth/ssh_public_key.h"

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>

#include <gtest/gtest.h>
#include <unistd.h>

#include "auth/accounts.h"
#include "auth/gatekeeper.h"
#include "auth/key_text.h"
#include "base/random.h"
#include "crypto/encode.h"
#include "store/memory_store.h"

namespace origin::auth {
namespace {

namespace fs = std::filesystem;

struct Made {
    std::string line;
    std::string fingerprint;
};

std::string output_of(const std::string& command) {
    struct Close {
        void operator()(FILE* pipe) const { ::pclose(pipe); }
    };
    const std::unique_ptr<FILE, Close> pipe(::popen(command.c_str(), "r"));
    std::string out;
    std::array<char, 4096> piece{};
    while (const std::size_t n = std::fread(piece.data(), 1, piece.size(), pipe.get())) {
        out.append(piece.data(), n);
    }
    return out;
}

Made make(const std::string& type, int bits = 0) {
    const fs::path file =
        fs::temp_directory_path() /
        ("origin-ssh-key-" + std::to_string(::getpid()) + "-" + type + std::to_string(bits));
    const std::string size = bits == 0 ? "" : " -b " + std::to_string(bits);
    output_of("ssh-keygen -q -N '' -C 'ann at work' -t " + type + size + " -f " + file.string());
    const std::string line = output_of("cat " + file.string() + ".pub");
    const std::string listed = output_of("ssh-keygen -l -f " + file.string() + ".pub");
    fs::remove(file);
    fs::remove(file.string() + ".pub");
    const auto from = listed.find("SHA256:");
    return {line, listed.substr(from, listed.find(' ', from) - from)};
}

std::string field(std::string_view text) {
    const auto n = static_cast<std::uint32_t>(text.size());
    return std::string{static_cast<char>(n >> 24),
                       static_cast<char>(n >> 16),
                       static_cast<char>(n >> 8),
                       static_cast<char>(n)} +
           std::string(text);
}

std::string refusal(const Result<SshPublicKey>& key) {
    return key ? "taken" : std::string(key.error().reason());
}

TEST(SshPublicKey, TakesWhatSshKeygenMakes) {
    for (const auto& [type, bits] : {std::pair("ed25519", 0),
                                     std::pair("ecdsa", 256),
                                     std::pair("ecdsa", 384),
                                     std::pair("ecdsa", 521),
                                     std::pair("rsa", 3072)}) {
        const Made made = make(type, bits);
        const auto key = parse_ssh_public_key(made.line);
        ASSERT_TRUE(key) << made.line << key.error().told_to_peer();
        EXPECT_EQ(key->comment, "ann at work");
        EXPECT_EQ(ssh_fingerprint(key->blob), made.fingerprint);
        EXPECT_EQ(ssh_line(key->type, key->blob) + " ann at work\n", made.line);
        EXPECT_EQ(refusal(read_ssh_blob(key->blob + '\0')), "bad_ssh_key");
        for (std::size_t size = 0; size < key->blob.size(); ++size) {
            EXPECT_EQ(refusal(read_ssh_blob(key->blob.substr(0, size))), "bad_ssh_key");
        }
    }
}

TEST(SshPublicKey, TakesSecurityKeys) {
    const std::string ed = field("sk-ssh-ed25519@openssh.com") + field(std::string(32, 'x'));
    EXPECT_TRUE(read_ssh_blob(ed + field("ssh:")));
    EXPECT_FALSE(read_ssh_blob(ed));
    EXPECT_FALSE(read_ssh_blob(ed + field("")));
    const std::string ec = field("sk-ecdsa-sha2-nistp256@openssh.com") + field("nistp256") +
                           field("\x04" + std::string(64, 'x'));
    EXPECT_TRUE(read_ssh_blob(ec + field("ssh:")));
}

TEST(SshPublicKey, RefusesWeakAndForeignKeys) {
    const std::string e = field(std::string("\1\0\1", 3));
    const auto rsa = [&](std::size_t bytes) {
        return field("ssh-rsa") + e + field('\0' + std::string(bytes, '\xff'));
    };
    EXPECT_TRUE(read_ssh_blob(rsa(384)));
    EXPECT_FALSE(read_ssh_blob(rsa(128)));
    EXPECT_FALSE(read_ssh_blob(rsa(256)));
    EXPECT_FALSE(read_ssh_blob(rsa(3000)));
    const std::string n = field('\0' + std::string(384, '\xff'));
    EXPECT_FALSE(read_ssh_blob(field("ssh-rsa") + field("\3") + n)) << "exponent 3";
    EXPECT_FALSE(read_ssh_blob(field("ssh-rsa") + e + field(std::string(384, '\xff'))))
        << "a negative modulus";
    EXPECT_FALSE(read_ssh_blob(field("ssh-dss") + e + n));
    EXPECT_FALSE(read_ssh_blob(field("ssh-ed25519") + field(std::string(31, 'x'))));
    EXPECT_FALSE(read_ssh_blob(field("ecdsa-sha2-nistp256") + field("nistp384") +
                               field("\x04" + std::string(96, 'x'))));
    EXPECT_FALSE(read_ssh_blob(field("ecdsa-sha2-nistp256") + field("nistp256") +
                               field("\x02" + std::string(64, 'x'))));
    EXPECT_FALSE(read_ssh_blob(std::string("\xff\xff\xff\xff", 4)));
    EXPECT_FALSE(read_ssh_blob(std::string(1 << 20, 'x')));
}

TEST(SshPublicKey, RefusesLinesThatAreNone) {
    const std::string line = make("ed25519").line;
    for (const std::string& bad : {std::string(),
                                   std::string("ssh-ed25519"),
                                   std::string("ssh-ed25519 %%%"),
                                   "command=\"sh\" " + line,
                                   line + line,
                                   "ssh-rsa" + line.substr(line.find(' ')),
                                   std::string("-----BEGIN OPENSSH PRIVATE KEY-----\nabc")}) {
        EXPECT_EQ(refusal(parse_ssh_public_key(bad)), "bad_ssh_key") << bad;
    }
}

class SshKeys : public testing::Test {
protected:
    ClientId client(const std::string& slug) {
        const auto id = ClientId::make(clock_, random_);
        EXPECT_TRUE(store_->write([&](store::Writer& writer) -> Status {
            ORIGIN_CHECK(create_client(writer, {.id = id, .slug = slug, .name = {}, .email = {}}));
            return {};
        }));
        return id;
    }
    Status add(const KeyId& id, const ClientId& client) {
        return store_->write([&](store::Writer& writer) -> Status {
            ORIGIN_CHECK(create_ssh_key(writer,
                                        {.id = id,
                                         .key = key_,
                                         .client = client,
                                         .title = {},
                                         .scopes = Scopes::all(),
                                         .projects = {}}));
            return {};
        });
    }

    SystemClock clock_;
    SystemRandom random_;
    Metrics metrics_;
    std::unique_ptr<store::Store> store_ = store::make_memory_store();
    Gatekeeper gatekeeper_{*store_, clock_, metrics_};
    SshPublicKey key_ =
        *read_ssh_blob(field("ssh-ed25519") + field("0123456789abcdef0123456789abcdef"));
};

TEST_F(SshKeys, AreOfOneClientOnceAndGoWhenRemoved) {
    const ClientId ann = client("ann");
    const ClientId bob = client("bob");
    const KeyId id = KeyId::make(clock_, random_);
    EXPECT_EQ(gatekeeper_.identify_ssh(key_.blob).error().code(), Code::Unauthenticated);
    ASSERT_TRUE(add(id, ann));
    EXPECT_EQ(gatekeeper_.identify_ssh(key_.blob)->client, ann);
    EXPECT_EQ(gatekeeper_.identify_ssh(key_.blob)->key, id);
    EXPECT_EQ(add(KeyId::make(clock_, random_), bob).error().reason(), "ssh_key_taken");
    EXPECT_EQ(add(KeyId::make(clock_, random_), ann).error().reason(), "ssh_key_taken");
    const auto remove = [&] {
        return store_->write([&](store::Writer& writer) { return erase_key(writer, id); });
    };
    ASSERT_TRUE(remove());
    EXPECT_EQ(gatekeeper_.identify_ssh(key_.blob).error().code(), Code::Unauthenticated);
    EXPECT_TRUE(remove()) << "gone is gone";
    EXPECT_TRUE(add(KeyId::make(clock_, random_), bob));
}

TEST_F(SshKeys, AreNoSecrets) {
    const KeyId id = KeyId::make(clock_, random_);
    ASSERT_TRUE(add(id, client("ann")));
    const Secret text = make_key_text(id, random_);
    EXPECT_EQ(gatekeeper_.identify(text.reveal(), "127.0.0.1").error().code(),
              Code::Unauthenticated);
}

}  // namespace
}  // namespace origin::auth

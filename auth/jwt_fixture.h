// SPDX-License-Identifier: Apache-2.0
// auth/jwt_fixture: for tests: a client with three keys for tokens, and tokens signed with them.
#pragma once

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "auth/accounts.h"
#include "auth/gatekeeper.h"
#include "auth/jwt_keys.h"
#include "base/random.h"
#include "crypto/encode.h"
#include "store/memory_store.h"
#include "store/rows/access.h"

namespace origin::auth {

namespace fs = std::filesystem;
using store::Table;
using store::Writer;

inline constexpr std::string_view kUrl = "https://git.example.org";

class SetClock final : public Clock {
public:
    UnixMillis now() const override { return millis; }
    std::chrono::steady_clock::time_point steady() const override { return {}; }
    UnixMillis millis = 1'700'000'000'000;
};

/// A private key in a file, and what `openssl` signs with it.
class Signer {
public:
    Signer(std::string name, const std::string& options)
        : file_(fs::temp_directory_path() /
                ("origin-jwt-" + std::to_string(::getpid()) + std::move(name))) {
        run("openssl genpkey -quiet -out " + file_.string() + " " + options);
        pem = run("openssl pkey -pubout -in " + file_.string());
    }
    ~Signer() {
        fs::remove(file_);
        fs::remove(file_.string() + ".text");
    }
    Signer(const Signer&) = delete;
    Signer& operator=(const Signer&) = delete;

    /// As openssl gives it: DER for ECDSA.
    std::string sign(const std::string& text) const {
        std::ofstream(file_.string() + ".text", std::ios::binary) << text;
        const bool is_ed = pem.size() < 120;
        return run("openssl pkeyutl -sign -inkey " + file_.string() + " -rawin " +
                   (is_ed ? "" : "-digest sha256 ") + "-in " + file_.string() + ".text");
    }

    std::string pem;

private:
    static std::string run(const std::string& command) {
        FILE* pipe = ::popen((command + " 2>/dev/null").c_str(), "r");
        std::string out;
        std::array<char, 4096> piece{};
        while (const std::size_t n = std::fread(piece.data(), 1, piece.size(), pipe)) {
            out.append(piece.data(), n);
        }
        ::pclose(pipe);
        return out;
    }
    fs::path file_;
};

/// r and s of a DER signature, 32 bytes each.
inline std::string raw_numbers(const std::string& der) {
    const auto number = [&](std::size_t at) {
        const std::size_t size = static_cast<unsigned char>(der[at + 1]);
        std::string bytes = der.substr(at + 2, size);
        bytes.erase(0, bytes.size() > 32 ? bytes.size() - 32 : 0);
        return std::string(32 - bytes.size(), '\0') + bytes;
    };
    return number(2) + number(4 + static_cast<unsigned char>(der[3]));
}

inline std::string base_claims(const std::string& more = "") {
    return R"({"iss":"ann","aud":"https://git.example.org","exp":1700003600)" + more + "}";
}

class JwtTest : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        ec = std::make_unique<Signer>("ec", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
        ed = std::make_unique<Signer>("ed", "-algorithm ED25519");
        rsa = std::make_unique<Signer>("rsa", "-algorithm RSA -pkeyopt rsa_keygen_bits:3072");
    }
    static void TearDownTestSuite() {
        ec.reset();
        ed.reset();
        rsa.reset();
    }

    void SetUp() override {
        gatekeeper_.take_tokens_for(std::string(kUrl));
        ASSERT_TRUE(store_->write([&](Writer& writer) -> Status {
            ORIGIN_CHECK(create_client(
                writer, {.id = ann_, .slug = "ann", .name = {}, .email = {}, .admin = true}));
            ORIGIN_CHECK(
                create_client(writer, {.id = bob_, .slug = "bob", .name = {}, .email = {}}));
            for (const ProjectId& id : {shop_, blog_}) {
                store::ProjectRow project;
                project.owner = ann_;
                ORIGIN_CHECK(store::put_row(writer, Table::Projects, id.view(), project));
            }
            return {};
        }));
        ec_key_ = add(*ec, "ec");
        add(*ed, "ed");
        add(*rsa, "rsa");
    }

    KeyId add(const Signer& signer,
              const std::string& kid,
              std::vector<ProjectId> projects = {},
              UnixMillis expires_at = 0) {
        const KeyId id = KeyId::make(clock_, random_);
        const auto key = parse_jwt_key(signer.pem);
        EXPECT_TRUE(key);
        EXPECT_TRUE(store_->write([&](Writer& writer) -> Status {
            ORIGIN_TRY(scopes, Scopes::parse({"git:write", "requirements", "projects:create"}));
            ORIGIN_CHECK(create_jwt_key(writer,
                                        {.id = id,
                                         .der = key->der(),
                                         .kid = kid,
                                         .client = ann_,
                                         .title = "platform",
                                         .scopes = scopes,
                                         .projects = std::move(projects),
                                         .expires_at = expires_at,
                                         .now = 1}));
            return {};
        }));
        return id;
    }

    static std::string encoded(const std::string& head, const std::string& claims) {
        return crypto::base64url(head) + "." + crypto::base64url(claims);
    }
    static std::string with(const std::string& text, const std::string& signature) {
        return text + "." + crypto::base64url(signature);
    }
    /// A good ES256 token with these claims.
    static std::string es256(const std::string& claims,
                             const std::string& head = R"({"alg":"ES256","kid":"ec"})") {
        const std::string text = encoded(head, claims);
        return with(text, raw_numbers(ec->sign(text)));
    }
    static std::string signed_by(const Signer& signer,
                                 const std::string& head,
                                 const std::string& claims = base_claims()) {
        const std::string text = encoded(head, claims);
        return with(text, signer.sign(text));
    }

    Result<Identity> identify(const std::string& token) {
        return gatekeeper_.identify(token, "192.0.2." + std::to_string(++peer_));
    }
    /// "" if it is taken, else what the peer is told.
    std::string refusal(const std::string& token) {
        const auto identity = identify(token);
        if (identity) {
            return "";
        }
        EXPECT_EQ(identity.error().code(), Code::Unauthenticated);
        return identity.error().told_to_peer();
    }

    static inline std::unique_ptr<Signer> ec;
    static inline std::unique_ptr<Signer> ed;
    static inline std::unique_ptr<Signer> rsa;
    SetClock clock_;
    SystemRandom random_;
    Metrics metrics_;
    std::unique_ptr<store::Store> store_ = store::make_memory_store();
    Gatekeeper gatekeeper_{*store_, clock_, metrics_};
    ClientId ann_ = ClientId::make(clock_, random_);
    ClientId bob_ = ClientId::make(clock_, random_);
    ProjectId shop_ = ProjectId::make(clock_, random_);
    ProjectId blog_ = ProjectId::make(clock_, random_);
    KeyId ec_key_;
    int peer_ = 0;
};

inline constexpr const char* kNoSigner = "no key of its 'iss' and 'kid' signed it";

}  // namespace origin::auth

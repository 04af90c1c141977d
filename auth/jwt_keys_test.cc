// SPDX-License-Identifier: Apache-2.0
// Goal: a token narrows what its key may, never widens it; with the key, or its time, it ends.
// Method: real tokens; the key's row is changed under a permit that stands.
#include "auth/jwt_keys.h"

#include <functional>

#include "auth/jwt_fixture.h"

namespace origin::auth {
namespace {

TEST_F(JwtTest, ATokenNarrowsItsKey) {
    const auto whole = identify(es256(base_claims()));
    ASSERT_TRUE(whole);
    EXPECT_EQ(whole->client, ann_);
    EXPECT_EQ(whole->key, ec_key_);
    EXPECT_TRUE(whole->is_signed_token);
    EXPECT_FALSE(whole->server_admin) << "ann is an admin, her tokens are not";
    EXPECT_EQ(whole->expires_at, 1'700'003'600'000);
    EXPECT_TRUE(whole->scopes.has(Scope::GitWrite));
    EXPECT_TRUE(whole->projects.empty());

    const auto small = identify(es256(
        base_claims(R"(,"scopes":["git:read"],"jti":"j1","pushes":2,"files":5,"packBytes":1000,)"
                    R"("paths":{"deny":[".github/*"]},"refs":[{"pattern":"refs/heads/feature/*"}],)"
                    R"("projects":[")" +
                    shop_.str() + "\"]")));
    ASSERT_TRUE(small);
    EXPECT_FALSE(small->scopes.has(Scope::GitWrite));
    EXPECT_TRUE(small->scopes.has(Scope::GitRead)) << "git:write of the key includes it";
    EXPECT_EQ(small->projects, std::vector{shop_});
    EXPECT_EQ(small->token_id, "j1");
    EXPECT_EQ(small->limits.pushes, 2U);
    EXPECT_EQ(small->limits.files, 5U);
    EXPECT_EQ(small->limits.pack_bytes, 1000U);
    EXPECT_EQ(small->limits.deny_paths, std::vector<std::string>{".github/*"});
    ASSERT_EQ(small->limits.refs.size(), 1U);
    EXPECT_TRUE(small->limits.refs[0].push && !small->limits.refs[0].force);
    EXPECT_TRUE(gatekeeper_.permit(*small, shop_, Action::Read));
    EXPECT_FALSE(gatekeeper_.permit(*small, shop_, Action::Write));
    EXPECT_FALSE(gatekeeper_.permit(*small, blog_, Action::Read));
    EXPECT_FALSE(Gatekeeper::permit_to_create(*small, ProjectId::make(clock_, random_)));

    add(*ed, "bound", {shop_}, 1'700'000'100'000);
    const auto bound = [&](const std::string& more) {
        return identify(signed_by(*ed, R"({"alg":"EdDSA","kid":"bound"})", base_claims(more)));
    };
    ASSERT_TRUE(bound(""));
    EXPECT_EQ(bound("")->projects, std::vector{shop_});
    EXPECT_EQ(bound("")->expires_at, 1'700'000'100'000) << "the key's end is the token's, too";
    EXPECT_FALSE(bound(R"(,"projects":[")" + blog_.str() + "\"]"));
    EXPECT_FALSE(bound(R"(,"projects":[")" + shop_.str() + "\",\"" + blog_.str() + "\"]"));
}

TEST_F(JwtTest, APermitEndsWithItsTokenItsKeyAndItsClient) {
    const auto recheck = [&](const Permit& permit) {
        bool good = false;
        EXPECT_TRUE(store_->write([&](Writer& writer) -> Status {
            good = gatekeeper_.recheck(writer, permit).has_value();
            return {};
        }));
        return good;
    };
    const auto identity = identify(es256(base_claims(R"(,"projects":[")" + shop_.str() + "\"]")));
    ASSERT_TRUE(identity);
    const auto permit = gatekeeper_.permit(*identity, shop_, Action::Write);
    ASSERT_TRUE(permit);
    EXPECT_TRUE(recheck(*permit));
    clock_.millis = 1'700'003'600'000;
    EXPECT_FALSE(recheck(*permit)) << "the token has expired";
    EXPECT_FALSE(gatekeeper_.identity_again(*identity));
    clock_.millis = 1'700'000'000'000;
    EXPECT_TRUE(gatekeeper_.identity_again(*identity));

    const auto change = [&](const std::function<void(store::KeyRow&)>& by) {
        EXPECT_TRUE(store_->write([&](Writer& writer) -> Status {
            ORIGIN_TRY(row,
                       store::need_row<store::KeyRow>(writer, Table::Keys, ec_key_.view(), ""));
            by(row);
            return store::put_row(writer, Table::Keys, ec_key_.view(), row);
        }));
    };
    change([&](store::KeyRow& row) { row.scopes = Scopes::all().bits(); });
    const auto again = gatekeeper_.identity_again(*identity);
    ASSERT_TRUE(again);
    EXPECT_FALSE(again->scopes.has(Scope::Admin)) << "what the token had, not what the key got";
    EXPECT_EQ(again->projects, std::vector{shop_});
    EXPECT_FALSE(again->server_admin);
    change([&](store::KeyRow& row) { row.scopes = static_cast<std::uint32_t>(Scope::GitRead); });
    EXPECT_FALSE(recheck(*permit));
    change([&](store::KeyRow& row) {
        row.scopes = Scopes::all().bits();
        row.projects = {blog_};
    });
    EXPECT_FALSE(recheck(*permit)) << "no project is left, which is not every project";
    change([&](store::KeyRow& row) { row.projects = {}; });
    EXPECT_TRUE(recheck(*permit));
    change([&](store::KeyRow& row) { row.revoked_at = 1; });
    EXPECT_FALSE(recheck(*permit));
    EXPECT_NE(refusal(es256(base_claims())), "");
    change([&](store::KeyRow& row) { row.revoked_at = 0; });
    ASSERT_TRUE(store_->write([&](Writer& writer) { return erase_key(writer, ec_key_); }));
    EXPECT_FALSE(recheck(*permit));
    EXPECT_TRUE(refusal(es256(base_claims())).ends_with(kNoSigner));
}

TEST_F(JwtTest, RunsAreForTokensWithoutLimits) {
    const auto permit = [&](const std::string& more) -> std::string {
        const auto identity = identify(es256(base_claims(more)));
        EXPECT_TRUE(identity);
        const auto done = gatekeeper_.permit(*identity, shop_, Action::Require);
        return done ? "" : std::string(done.error().reason());
    };
    EXPECT_EQ(permit(""), "");
    EXPECT_EQ(permit(R"(,"scopes":["requirements","git:read"])"), "");
    EXPECT_EQ(permit(R"(,"paths":{"deny":["x"]})"), "limited_token");
    EXPECT_EQ(permit(R"(,"files":1)"), "limited_token");
    EXPECT_EQ(permit(R"(,"pushes":1,"jti":"j")"), "limited_token");
    EXPECT_EQ(permit(R"(,"scopes":["git:read"])"), "forbidden");
}

TEST_F(JwtTest, FailuresSlowTheAddressDown) {
    const std::string bad = es256(base_claims(), R"({"alg":"ES256","kid":"unknown"})");
    for (int i = 0; i < 6; ++i) {
        EXPECT_EQ(gatekeeper_.identify(bad, "198.51.100.7").error().code(), Code::Unauthenticated);
    }
    EXPECT_EQ(gatekeeper_.identify(bad, "198.51.100.7").error().reason(), "too_many_failures");
    EXPECT_EQ(refusal(es256(base_claims())), "") << "from elsewhere the right token works";
}

TEST_F(JwtTest, KeysAreJudgedWhenTheyAreAdded) {
    const Signer p384("p384", "-algorithm EC -pkeyopt ec_paramgen_curve:P-384");
    const Signer small("small", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
    const Signer ed448("ed448", "-algorithm ED448");
    for (const std::string& pem : {p384.pem,
                                   small.pem,
                                   ed448.pem,
                                   std::string(),
                                   ec->pem + ec->pem,
                                   std::string("ssh-ed25519 AAAA"),
                                   std::string(1'000'000, 'x')}) {
        const auto key = parse_jwt_key(pem);
        EXPECT_TRUE(!key && key.error().reason() == "bad_jwt_key");
    }
    const auto add = [&](const std::string& kid, const std::vector<std::string>& scopes) {
        const Status done = store_->write([&](Writer& writer) -> Status {
            ORIGIN_TRY(parsed, Scopes::parse(scopes));
            ORIGIN_CHECK(create_jwt_key(writer,
                                        {.id = KeyId::make(clock_, random_),
                                         .der = parse_jwt_key(ec->pem)->der(),
                                         .kid = kid,
                                         .client = ann_,
                                         .title = "",
                                         .scopes = parsed,
                                         .projects = {}}));
            return {};
        });
        return done ? std::string() : std::string(done.error().reason());
    };
    EXPECT_EQ(add("ec", {"git:read"}), "kid_taken");
    EXPECT_EQ(add("", {"git:read"}), "bad_kid");
    EXPECT_EQ(add("a b", {"git:read"}), "bad_kid");
    EXPECT_EQ(add(std::string(65, 'k'), {"git:read"}), "bad_kid");
    EXPECT_EQ(add("admin", {"git:read", "admin"}), "scope_not_for_tokens");
    EXPECT_EQ(add("second", {"git:read"}), "");
}

}  // namespace
}  // namespace origin::auth

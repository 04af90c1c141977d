// SPDX-License-Identifier: Apache-2.0
// Goal: signatures are those that receivers check, and two of them during a rotation.
// Method: published vectors; keys made and opened again.
#include "hooks/webhook_secret.h"

#include <gtest/gtest.h>

#include "crypto/encode.h"
#include "crypto/public_key.h"

namespace origin::hooks {
namespace {

using store::WebhookRow;
using store::WebhookScheme;

class Secrets : public ::testing::Test {
protected:
    std::string sealed(std::string_view raw) {
        return seal_webhook_secret(master_, id_, raw, random_);
    }

    SystemClock clock_;
    SystemRandom random_;
    Secret master_{std::string(32, 'k')};
    WebhookId id_ = WebhookId::make(clock_, random_);
};

TEST_F(Secrets, SignAsStandardWebhooksDoes) {
    // Source: standard-webhooks/standard-webhooks, libraries/*/tests.
    const auto key = crypto::base64_decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    ASSERT_TRUE(key);
    EXPECT_EQ(
        webhook_signature(WebhookScheme::Hmac,
                          *key,
                          {"msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, R"({"test": 2432232314})"}),
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST_F(Secrets, SignWithEd25519AsItsPublicKeyVerifies) {
    const WebhookSecret secret = make_webhook_secret(random_, WebhookScheme::Ed25519);
    EXPECT_TRUE(secret.shown.reveal().empty()) << "the private key stays here";
    EXPECT_TRUE(shown_public_key(secret.public_key).starts_with("whpk_"));
    const std::string text =
        webhook_signature(WebhookScheme::Ed25519, secret.raw, {"evt_1", 17, "{}"});
    ASSERT_TRUE(text.starts_with("v1a,"));
    const auto signature = crypto::base64_decode(text.substr(4));
    const auto key = crypto::PublicKey::from_ed25519(secret.public_key);
    ASSERT_TRUE(signature && key);
    EXPECT_TRUE(key->verifies("evt_1.17.{}", *signature));
    EXPECT_FALSE(key->verifies("evt_1.18.{}", *signature));
}

TEST_F(Secrets, TheHubSignatureIsKeyedWithTheTextThatWasShown) {
    // printf '{}' | openssl dgst -sha256 -hmac whsec_AAAA
    EXPECT_EQ(hub_signature(std::string(3, '\0'), "{}"),
              "sha256=be82b4032f683bd9abd5e7d6e03c84fff89c5d2219dad97a6c3130bcab2a28d1");
}

TEST_F(Secrets, TwoKeysSignUntilTheOverlapEnds) {
    const WebhookRow row{
        .sealed_secret = sealed("new"), .sealed_previous = sealed("old"), .previous_until = 1000};
    const std::vector<std::string> both = {"new", "old"};
    EXPECT_EQ(open_signing_keys(master_, id_, row, 999), both);
    EXPECT_EQ(open_signing_keys(master_, id_, row, 1000), std::vector<std::string>{"new"});
    EXPECT_FALSE(open_signing_keys(Secret(std::string(32, 'x')), id_, row, 0));
    EXPECT_FALSE(open_signing_keys(master_, WebhookId::make(clock_, random_), row, 0));
}

}  // namespace
}  // namespace origin::hooks

// SPDX-License-Identifier: Apache-2.0
// Goal: a token that a client signed speaks for what it says; every other text that looks like one
// speaks for nobody.
// Method: hostile tokens first, as a table over the known mistakes; the signatures are made by
// OpenSSL's own program with keys made here. Then times, with a clock that is set by hand.
#include "auth/jwt.h"

#include "auth/jwt_fixture.h"
#include "crypto/hmac.h"

namespace origin::auth {
namespace {

TEST_F(JwtTest, KeyConfusionIsRefused) {
    const std::string text = encoded(R"({"alg":"ES256","kid":"ec"})", base_claims());
    const std::string good = with(text, raw_numbers(ec->sign(text)));
    ASSERT_EQ(refusal(good), "");
    const std::string spki = parse_jwt_key(ec->pem)->der();
    const auto hmac_of = [](const std::string& secret, const std::string& alg) {
        const std::string head = R"({"alg":")" + alg + R"(","kid":"ec"})";
        const std::string signed_text = encoded(head, base_claims());
        return with(signed_text, crypto::hmac_sha256(secret, signed_text));
    };
    for (const std::string& token :
         {hmac_of(ec->pem, "HS256"),
          hmac_of(spki, "HS256"),
          hmac_of("", "HS256"),
          hmac_of(ec->pem, "ES256"),
          // The right signature under another name.
          es256(base_claims(), R"({"alg":"RS256","kid":"ec"})"),
          es256(base_claims(), R"({"alg":"es256","kid":"ec"})"),
          es256(base_claims(), R"({"alg":"EdDSA","kid":"ec"})"),
          es256(base_claims(), R"({"alg":"none","kid":"ec"})"),
          es256(base_claims(), R"({"alg":"None","kid":"ec"})"),
          es256(base_claims(), R"({"alg":"","kid":"ec"})"),
          // Another key than the one that is named.
          es256(base_claims(), R"({"alg":"ES256","kid":"rsa"})"),
          es256(base_claims(), R"({"alg":"ES256","kid":"ed"})"),
          es256(base_claims(), R"({"alg":"ES256","kid":"unknown"})"),
          signed_by(*rsa, R"({"alg":"RS256","kid":"ec"})"),
          signed_by(*rsa, R"({"alg":"PS256","kid":"rsa"})"),
          signed_by(*rsa, R"({"alg":"RS512","kid":"rsa"})"),
          signed_by(*ed, R"({"alg":"EdDSA","kid":"rsa"})"),
          signed_by(*ed, R"({"alg":"Ed25519","kid":"ed"})"),
          // DER instead of two numbers; numbers swapped, cut, of nothing.
          with(text, ec->sign(text)),
          with(text, raw_numbers(ec->sign(text)).substr(0, 63)),
          with(text, raw_numbers(ec->sign(text)) + '\0'),
          with(text, std::string(64, '\0')),
          with(text, std::string(1, '\0') + std::string(63, '\1')),
          with(text, "x")}) {
        EXPECT_TRUE(refusal(token).ends_with(kNoSigner)) << token;
    }
    for (std::size_t i = 0; i < good.size(); ++i) {
        std::string bent = good;
        bent[i] = bent[i] == 'A' ? 'B' : 'A';
        ASSERT_NE(refusal(bent), "") << i;
    }
}

TEST_F(JwtTest, TheHeadSaysNothingButAlgorithmKidAndType) {
    EXPECT_EQ(refusal(es256(base_claims(), R"({"alg":"ES256","typ":"JWT","kid":"ec"})")), "");
    for (const char* head : {R"({"alg":"ES256","kid":"ec","crit":["exp"]})",
                             R"({"alg":"ES256","kid":"ec","jku":"https://evil.example/keys"})",
                             R"({"alg":"ES256","kid":"ec","jwk":{"kty":"EC"}})",
                             R"({"alg":"ES256","kid":"ec","x5u":"https://evil.example"})",
                             R"({"alg":"ES256","kid":"ec","x5c":["MII="]})",
                             R"({"alg":"ES256","kid":"ec","b64":false})",
                             R"({"alg":"ES256","kid":"ec","zip":"DEF"})",
                             R"({"alg":"ES256","kid":"ec","cty":"JWT"})",
                             R"({"alg":"ES256","kid":"ec","typ":"JWE"})",
                             R"({"alg":"ES256","kid":"ec","alg":"none"})",
                             R"({"alg":"ES256"})",
                             R"({"kid":"ec"})",
                             R"({"alg":"ES256","kid":""})",
                             R"({"alg":"ES256","kid":7})",
                             R"({"alg":["ES256"],"kid":"ec"})",
                             R"({"alg":"ES256","kid":"../ec"})",
                             R"({"alg":"ES256","kid":"ec\u0000"})",
                             R"({"alg":"ES256","kid":"ec' OR 1=1"})",
                             R"({"alg":"ES256","kid":null})",
                             "{\"alg\":\"\xff\",\"kid\":\"ec\"}",
                             R"({"alg":"ES256","kid":"ec"} x)",
                             R"({"alg":"ES256","kid":"ec")"}) {
        const std::string told = refusal(es256(base_claims(), head));
        EXPECT_TRUE(told.starts_with("this token is refused: ")) << head << told;
        EXPECT_FALSE(told.ends_with(kNoSigner)) << head;
    }
    EXPECT_NE(refusal(es256(base_claims(),
                            "{\"alg\":\"ES256\",\"kid\":\"" + std::string(65, 'k') + "\"}")),
              "");
}

TEST_F(JwtTest, ShapeAndSize) {
    const std::string good = es256(base_claims());
    const std::size_t dot = good.find('.');
    const std::size_t last = good.rfind('.');
    for (const std::string& text :
         {"eyJ" + std::string(1'000'000, 'A') + ".e30.e30",
          "eyJ" + std::string(1'000'000, '.'),
          std::string("eyJ.."),
          std::string("eyJhbGciOiJub25lIn0.e30."),
          good.substr(0, last + 1),
          good.substr(0, last),
          good + "=",
          good + ".x",
          good + "\n",
          " " + good,
          good.substr(0, dot) + "=" + good.substr(dot),
          good.substr(0, dot) + "=" + good.substr(dot, last - dot) + "=" + good.substr(last),
          good.substr(dot + 1)}) {
        EXPECT_NE(refusal(text), "") << text.substr(0, 80);
    }
    EXPECT_TRUE(refusal("eyJ" + std::string(1'000'000, 'A') + ".e30.e30")
                    .ends_with("longer than 8192 bytes"));
    const std::string padded = base_claims(R"(,"sub":")" + std::string(7000, 's') + '"');
    EXPECT_NE(refusal(es256(padded)), "");
    // The last character of 64 bytes has four bits that mean nothing: they have to be zero.
    std::string other = good;
    other.back() = other.back() == 'A' ? 'B' : static_cast<char>(other.back() + 1);
    EXPECT_NE(refusal(other), "");
}

TEST_F(JwtTest, ClaimsAreKnownAndWhole) {
    EXPECT_EQ(refusal(es256(base_claims(R"(,"sub":"build 7","jti":"a-1","iat":1700000000)"))), "");
    for (const char* claims :
         {R"([])",
          R"("x")",
          R"({})",
          R"(null)",
          R"({"iss":"ann","aud":"https://git.example.org"})",
          R"({"aud":"https://git.example.org","exp":1700003600})",
          R"({"iss":"ann","exp":1700003600})",
          R"({"iss":"ann","aud":[],"exp":1700003600})",
          R"({"iss":"ann","aud":["x",["https://git.example.org"]],"exp":1700003600})",
          R"({"iss":"ann","aud":{"https://git.example.org":1},"exp":1700003600})",
          R"({"iss":"ann","aud":"https://git.example.org","exp":"1700003600"})",
          R"({"iss":"ann","aud":"https://git.example.org","exp":1700003600.5})",
          R"({"iss":"ann","aud":"https://git.example.org","exp":-1})",
          R"({"iss":"ann","aud":"https://git.example.org","exp":0})",
          R"({"iss":"ann","aud":"https://git.example.org","exp":18446744073709551615})",
          R"({"iss":"ann","aud":"https://git.example.org","exp":1e300})",
          R"({"iss":["ann"],"aud":"https://git.example.org","exp":1700003600})"}) {
        EXPECT_NE(refusal(es256(claims)), "") << claims;
    }
    for (const char* more : {R"(,"admin":true)",
                             R"(,"deny":["*"])",
                             R"(,"scope":"git:read")",
                             R"(,"ref":"x")",
                             R"(,"exp":1700003601)",
                             R"(,"iss":"bob")",
                             R"(,"aud":"https://git.example.org")",
                             R"(,"jti":"")",
                             R"(,"jti":null)",
                             R"(,"jti":"a b")",
                             R"(,"jti":7)",
                             R"(,"scopes":null)",
                             R"(,"projects":null)",
                             R"(,"refs":null)",
                             R"(,"paths":null)",
                             R"(,"scopes":"git:read")",
                             R"(,"scopes":[])",
                             R"(,"scopes":["root"])",
                             R"(,"scopes":["admin"])",
                             R"(,"scopes":["git:read","deploy"])",
                             R"(,"projects":[])",
                             R"(,"projects":["shop"])",
                             R"(,"projects":["*"])",
                             R"(,"refs":[{"pattern":"refs/heads/*","pull":true}])",
                             R"(,"refs":["refs/heads/*"])",
                             R"(,"refs":[{"push":true}])",
                             R"(,"paths":{"denies":["x"]})",
                             R"(,"paths":{"deny":"x"})",
                             R"(,"pushes":1)",
                             R"(,"pushes":-1,"jti":"j")",
                             R"(,"files":"3")",
                             R"(,"packBytes":1.5)"}) {
        EXPECT_NE(refusal(es256(base_claims(more))), "") << more;
    }
    std::string deep = R"(,"paths":)";
    for (int i = 0; i < 200; ++i) {
        deep += R"({"deny":[)";
    }
    EXPECT_NE(refusal(es256(base_claims(deep))), "");
}

TEST_F(JwtTest, IssuerAndAudience) {
    const auto claims = [](const std::string& iss, const std::string& aud) {
        return R"({"iss":")" + iss + R"(","aud":)" + aud + R"(,"exp":1700003600})";
    };
    EXPECT_EQ(refusal(es256(claims(ann_.str(), R"("https://git.example.org")"))), "");
    EXPECT_EQ(refusal(es256(claims("ann", R"(["x","https://git.example.org"])"))), "");
    for (const std::string& iss : {std::string("bob"),
                                   bob_.str(),
                                   std::string("nobody"),
                                   std::string(""),
                                   std::string("ANN"),
                                   std::string("ann "),
                                   ec_key_.str(),
                                   std::string(3000, 'a')}) {
        EXPECT_TRUE(
            refusal(es256(claims(iss, R"("https://git.example.org")"))).ends_with(kNoSigner))
            << iss;
    }
    for (const char* aud : {R"("https://git.example.org/")",
                            R"("http://git.example.org")",
                            R"("https://git.example.org.evil.example")",
                            R"("")",
                            R"("*")",
                            R"("git.example.org")",
                            R"(["x","y"])"}) {
        EXPECT_NE(refusal(es256(claims("ann", aud))), "") << aud;
    }
    Gatekeeper other(*store_, clock_, metrics_);
    EXPECT_FALSE(other.identify(es256(claims("ann", R"("")")), "peer"))
        << "without a URL of its own it takes none";
}

TEST_F(JwtTest, EachAlgorithmIsTaken) {
    EXPECT_EQ(refusal(signed_by(*rsa, R"({"alg":"RS256","kid":"rsa","typ":"JWT"})")), "");
    EXPECT_EQ(refusal(signed_by(*ed, R"({"alg":"EdDSA","kid":"ed","typ":"JWT"})")), "");
    for (int i = 0; i < 20; ++i) {  // Numbers with leading zeros among them, now and then.
        EXPECT_EQ(refusal(es256(base_claims())), "");
    }
}

TEST_F(JwtTest, TimesHaveOneMinuteOfSkewAndADayOfLife) {
    const auto at = [&](UnixMillis seconds, const std::string& more, UnixMillis exp) {
        clock_.millis = seconds * 1000;
        return refusal(es256(R"({"iss":"ann","aud":"https://git.example.org","exp":)" +
                             std::to_string(exp) + more + "}"));
    };
    constexpr UnixMillis kNow = 1'700'000'000;
    constexpr UnixMillis kDay = 86'400;
    EXPECT_EQ(at(kNow, "", kNow + 1), "");
    EXPECT_TRUE(at(kNow, "", kNow).ends_with("expired"));
    EXPECT_TRUE(at(kNow, "", kNow - 100'000).ends_with("expired"));
    EXPECT_EQ(at(kNow, "", kNow + kDay), "");
    EXPECT_TRUE(at(kNow, "", kNow + kDay + 1).ends_with("24 hours"));
    const auto claim = [](const char* name, UnixMillis value) {
        return std::string(",\"") + name + "\":" + std::to_string(value);
    };
    for (const char* name : {"iat", "nbf"}) {
        EXPECT_EQ(at(kNow, claim(name, kNow + 60), kNow + 100), "");
        EXPECT_TRUE(at(kNow, claim(name, kNow + 61), kNow + 100).ends_with("not valid yet"));
        EXPECT_EQ(at(kNow, claim(name, kNow - 100), kNow - 100 + kDay), "");
        EXPECT_TRUE(at(kNow, claim(name, kNow - 100), kNow - 99 + kDay).ends_with("24 hours"));
    }
    EXPECT_TRUE(at(kNow, claim("iat", kNow - 100) + claim("nbf", kNow + 61), kNow + 100)
                    .ends_with("not valid yet"));
    // The server's clock is set back: what was signed since then has not begun; nothing lives on
    // for longer than a day by our clock.
    EXPECT_TRUE(at(kNow - 3600, claim("iat", kNow), kNow + 100).ends_with("not valid yet"));
    EXPECT_TRUE(at(kNow - 10 * kDay, "", kNow + 100).ends_with("24 hours"));
    EXPECT_TRUE(at(kNow - 10 * kDay, claim("nbf", kNow), kNow + 100).ends_with("not valid yet"));
}

}  // namespace
}  // namespace origin::auth

// SPDX-License-Identifier: Apache-2.0
// Goal: what an upload token says is read, and no odd one breaks anything; a form is as RFC 7578
// has it. Method: tokens made here, whole and spoilt; the bytes of one form.
#include "deploy/cloudflare.h"

#include <gtest/gtest.h>

#include "crypto/encode.h"
#include "deploy/form_data.h"

namespace origin::deploy::cloudflare {
namespace {

std::string token(std::string_view claims) {
    return "head." + crypto::base64url(claims) + ".signature";
}

TEST(TokenClaims, AreRead) {
    const TokenClaims claims = claims_of(token(
        R"({"exp":1893456000,"max_file_count_allowed":7,"wrangler_single_asset_uploads":true})"));
    EXPECT_EQ(claims.expires_at, 1'893'456'000);
    EXPECT_EQ(claims.files_max, 7U);
    EXPECT_TRUE(claims.wants_single_uploads);
}

TEST(TokenClaims, OddOnesSayNothing) {
    for (const std::string& odd : {std::string(),
                                   std::string("a"),
                                   std::string("a.b"),
                                   std::string("a.!.c"),
                                   token(""),
                                   token("{"),
                                   token("[1]"),
                                   token("null"),
                                   token(R"({"exp":"soon","max_file_count_allowed":-1})"),
                                   token(R"({"exp":1e9,"wrangler_single_asset_uploads":"yes"})")}) {
        const TokenClaims claims = claims_of(odd);
        EXPECT_EQ(claims.expires_at, 0) << odd;
        EXPECT_FALSE(claims.files_max) << odd;
        EXPECT_FALSE(claims.wants_single_uploads) << odd;
    }
}

TEST(FormData, IsOfParts) {
    FormData form("x1");
    form.add_text("a", "1\r\n");
    form.add_file("_headers", "application/octet-stream", "/*");
    EXPECT_EQ(form.content_type(), "multipart/form-data; boundary=x1");
    EXPECT_EQ(form.finish(),
              "--x1\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n\r\n"
              "--x1\r\nContent-Disposition: form-data; name=\"_headers\"; filename=\"_headers\"\r\n"
              "Content-Type: application/octet-stream\r\n\r\n/*\r\n--x1--\r\n");
}

}  // namespace
}  // namespace origin::deploy::cloudflare

// SPDX-License-Identifier: Apache-2.0
// Goal: requests are signed as S3 reads them.
// Method: the four examples that AWS publishes with their signatures ("Authenticating Requests:
// Using the Authorization Header").
#include "deploy/sigv4.h"

#include <vector>

#include <gtest/gtest.h>

#include "crypto/encode.h"
#include "crypto/hash.h"

namespace origin::deploy {
namespace {

const SigningKey kKey{
    "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1"};
constexpr UnixMillis kThen = 1'369'353'600'000;  // 2013-05-24.

struct Row {
    SignedRequest request;
    std::string body;
    std::string signature;
};

TEST(Sigv4, TheExamplesOfAws) {
    const std::string host = "examplebucket.s3.amazonaws.com";
    const std::vector<Row> table = {
        {{"GET", "/test.txt", {}, {{"host", host}, {"range", "bytes=0-9"}}, {}},
         "",
         "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
        {{"PUT",
          "/test%24file.text",
          {},
          {{"host", host},
           {"date", "Fri, 24 May 2013 00:00:00 GMT"},
           {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
          {}},
         "Welcome to Amazon S3.",
         "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
        {{"GET", "/", {{"lifecycle", ""}}, {{"host", host}}, {}},
         "",
         "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
        {{"GET", "/", {{"prefix", "J"}, {"max-keys", "2"}}, {{"host", host}}, {}},
         "",
         "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
    };
    for (Row row : table) {
        row.request.payload_sha256 = crypto::hex(crypto::sha256(row.body));
        row.request.headers["x-amz-content-sha256"] = row.request.payload_sha256;
        row.request.headers["x-amz-date"] = amz_date(kThen);
        const std::string said = sigv4_authorization(row.request, kKey, amz_date(kThen));
        EXPECT_TRUE(said.ends_with("Signature=" + row.signature)) << said;
        EXPECT_TRUE(
            said.starts_with("AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/"
                             "us-east-1/s3/aws4_request, SignedHeaders="));
    }
}

TEST(Sigv4, DatesAndQueries) {
    EXPECT_EQ(amz_date(kThen), "20130524T000000Z");
    EXPECT_EQ(canonical_query({{"b", "x y"}, {"a", "1/2"}, {"c", ""}}), "a=1%2F2&b=x%20y&c=");
}

}  // namespace
}  // namespace origin::deploy

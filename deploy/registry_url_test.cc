// SPDX-License-Identifier: Apache-2.0
// Goal: nothing but what is below the operator's URL can be named. Method: tables of odd paths.
#include "deploy/registry_url.h"

#include <gtest/gtest.h>

namespace origin::deploy {
namespace {

TEST(RegistryUrl, HasAHostAndAFolder) {
    for (const char* good : {"https://r.example", "http://127.0.0.1:4873", "https://r.example/"}) {
        const auto url = RegistryUrl::parse(good);
        ASSERT_TRUE(url) << good;
        EXPECT_EQ(url->path(), "/");
    }
    EXPECT_EQ(RegistryUrl::parse("https://r.example/api/npm")->path(), "/api/npm/");
    for (const char* bad : {"",
                            "r.example",
                            "ftp://r.example/",
                            "https:///npm/",
                            "https://u:p@r.example/",
                            "https://r.example/?a",
                            "https://r.example/#a",
                            "https://r.example/a/../b/",
                            "https://r.example/a%2e%2e/%",
                            "https://r.example/a b/",
                            "https://r.example\\@evil.example/",
                            "file:///etc/passwd"}) {
        EXPECT_FALSE(RegistryUrl::parse(bad)) << bad;
    }
}

TEST(RegistryUrl, GivesWhatIsBelowIt) {
    const auto url = *RegistryUrl::parse("https://r.example:8443/npm/");
    for (const std::string good : {"/npm/",
                                   "/npm/left-pad",
                                   "/npm/@scope%2fname",
                                   "/npm/@scope/name/-/name-1.0.0-rc.1+x.tgz",
                                   "/npm/a..b/...",
                                   "/npm/-/v1/search?text=a%20b&size=1"}) {
        EXPECT_EQ(url.of(good).value_or("nothing"), "https://r.example:8443" + good);
    }
    for (const std::string bad : {"",
                                  "*",
                                  "/",
                                  "/npm",
                                  "/npmx",
                                  "/NPM/a",
                                  "/secret",
                                  "/npm/..",
                                  "/npm/../secret",
                                  "/npm/a/./b",
                                  "/npm/%2e%2e/secret",
                                  "/npm/.%2E/secret",
                                  "/npm/%2e%2e%2fsecret",
                                  "/npm/%252e%252e/secret",
                                  "/npm/..%5csecret",
                                  "/npm/..\\secret",
                                  "/npm/..;a/secret",
                                  "/npm//evil.example/",
                                  "/npm/a%00",
                                  "/npm/a%0d%0ab",
                                  "/npm/a%3fb",
                                  "/npm/a%",
                                  "/npm/a%zz",
                                  "/npm/a b",
                                  "/npm/a\r\nHost: evil.example",
                                  "/npm/a?b c",
                                  "/npm/a#b",
                                  "//evil.example/npm/",
                                  "http://evil.example/npm/",
                                  "@evil.example/npm/"}) {
        EXPECT_FALSE(url.of(bad)) << bad;
    }
}

TEST(RegistryUrl, FollowsNothingToAnotherHost) {
    const auto url = *RegistryUrl::parse("https://r.example/npm/");
    EXPECT_EQ(url.redirected("/files/a.tgz").value_or(""), "https://r.example/files/a.tgz");
    EXPECT_EQ(url.redirected("https://r.example/a").value_or(""), "https://r.example/a");
    for (const std::string bad : {"",
                                  "a.tgz",
                                  "//evil.example/a",
                                  "http://r.example/a",
                                  "https://r.example.evil.example/a",
                                  "https://r.example:444/a",
                                  "https://r.example@evil.example/a",
                                  "http://127.0.0.1/",
                                  "https://evil.example/",
                                  "/a/../b",
                                  "file:///etc/passwd"}) {
        EXPECT_FALSE(url.redirected(bad)) << bad;
    }
}

}  // namespace
}  // namespace origin::deploy

// SPDX-License-Identifier: Apache-2.0
// Goal: a URL of a site never leaves the published tree, and names get the right media type.
// Method: tables of raw paths and names.
#include "githttp/site_files.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "net/content_type.h"

namespace origin::githttp {
namespace {

TEST(SitePath, DecodesOnce) {
    EXPECT_EQ(site_path("/"), "");
    EXPECT_EQ(site_path("/a/b.html"), "a/b.html");
    EXPECT_EQ(site_path("/a/"), "a/");
    EXPECT_EQ(site_path("/a%20b/%C3%A9"), "a b/\xC3\xA9");
    EXPECT_EQ(site_path("/%252e%252e"), "%2e%2e");
    EXPECT_EQ(site_path("/.well-known/security.txt"), ".well-known/security.txt");
    EXPECT_EQ(site_path("/" + std::string(kPathBytesMax, 'a')), std::string(kPathBytesMax, 'a'));
}

TEST(SitePath, RefusesEveryWayOut) {
    for (const std::string& raw : {std::string(""),
                                   std::string("a"),
                                   std::string("//"),
                                   std::string("//evil.example/"),
                                   std::string("/a//b"),
                                   std::string("/%2Fevil.example"),
                                   std::string("/.."),
                                   std::string("/../x"),
                                   std::string("/a/../b"),
                                   std::string("/a/%2e%2e/b"),
                                   std::string("/a%2f%2e%2e%2fb"),
                                   std::string("/./a"),
                                   std::string("/a\\..\\b"),
                                   std::string("/a%5cb"),
                                   std::string("/a%00b"),
                                   std::string("/a%zz"),
                                   std::string("/a%4"),
                                   std::string("/.git/config"),
                                   std::string("/a/.GIT/config"),
                                   std::string("/.gitignore"),
                                   std::string("/.env"),
                                   std::string("/a/.env/"),
                                   "/" + std::string(kPathBytesMax + 1, 'a')}) {
        EXPECT_FALSE(site_path(raw)) << raw;
    }
}

TEST(ContentType, IsOfTheLastExtension) {
    EXPECT_EQ(net::content_type_of("index.html"), "text/html; charset=utf-8");
    EXPECT_EQ(net::content_type_of("a/app.min.js"), "text/javascript; charset=utf-8");
    EXPECT_EQ(net::content_type_of("APP.MJS"), "text/javascript; charset=utf-8");
    EXPECT_EQ(net::content_type_of("a.svg"), "image/svg+xml");
    EXPECT_EQ(net::content_type_of("a.wasm"), "application/wasm");
    EXPECT_EQ(net::content_type_of("a.json"), "application/json");
    EXPECT_EQ(net::content_type_of("a.woff2"), "font/woff2");
    EXPECT_EQ(net::content_type_of("a.zip"), "application/zip");
    EXPECT_EQ(net::content_type_of("a.apng"), "image/apng");
    for (const std::string_view name : {"", "html", "a.b/c", "a.", "a.unknown", "a.html "}) {
        EXPECT_EQ(net::content_type_of(name), "application/octet-stream") << name;
    }
}

}  // namespace
}  // namespace origin::githttp

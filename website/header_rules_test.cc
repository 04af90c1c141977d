// SPDX-License-Identifier: Apache-2.0
// Goal: `_headers` does what Netlify documents, and cannot break out of its line or its site.
// Method: hostile files first; then what the headers of an answer become.
#include "website/header_rules.h"

#include <gtest/gtest.h>

#include "net/http_text.h"
#include "website/lines.h"

namespace origin::website {
namespace {

using net::Header;
using Headers = std::vector<Header>;

Headers applied(std::string_view file, std::string_view path, Headers headers = {}) {
    HeaderRules::parse(file).headers.apply(path, headers);
    return headers;
}

TEST(HeaderRules, RefusesWhatMayNotBeSet) {
    for (const std::string name : {"Set-Cookie",
                                   "set-cookie",
                                   "Location",
                                   "Content-Length",
                                   "Transfer-Encoding",
                                   "Connection",
                                   "Date",
                                   "Server",
                                   "ETag",
                                   "Content-Encoding",
                                   "Content-Range",
                                   "Accept-Ranges",
                                   "Age",
                                   "Allow",
                                   "Alt-Svc",
                                   "Trailer",
                                   "Upgrade",
                                   "WWW-Authenticate",
                                   "Basic-Auth",
                                   "TE"}) {
        const auto parsed = HeaderRules::parse("/*\n  " + name + ": x\n");
        EXPECT_TRUE(parsed.headers.empty()) << name;
        ASSERT_EQ(parsed.notes.size(), 1U) << name;
        EXPECT_TRUE(parsed.notes[0].starts_with("_headers, line 2: ")) << parsed.notes[0];
        EXPECT_TRUE(parsed.notes[0].contains("ignored")) << parsed.notes[0];
    }
}

TEST(HeaderRules, RefusesHostileLines) {
    for (const std::string& line : std::vector<std::string>{"  X: a\rSet-Cookie: b=1",
                                                            std::string("  X: a\0b", 8),
                                                            "  X\x01: a",
                                                            "  X Y: a",
                                                            "  : a",
                                                            "  X:",
                                                            "  nothing",
                                                            "  X\xc3\xa4: a",
                                                            "  X(: a"}) {
        const auto parsed = HeaderRules::parse("/*\n" + line + "\n");
        EXPECT_EQ(parsed.notes.size(), 1U) << line;
    }
    for (const std::string file :
         {"  X: a\n", "https://evil.example/*\n  X: a\n", "/*/*\n  X: a\n", "/a?b\n  X: a\n"}) {
        const auto parsed = HeaderRules::parse(file);
        EXPECT_TRUE(parsed.headers.empty()) << file;
        EXPECT_EQ(parsed.notes.size(), 1U) << file;
    }
}

TEST(HeaderRules, KeepsToItsLimits) {
    std::string many = "/*\n";
    for (int i = 0; i < 60; ++i) {
        many += "  X-" + std::to_string(i) + ": a\n";
    }
    EXPECT_EQ(applied(many, "/").size(), kHeadersOfRuleMax);
    std::string wide = "/*\n";
    for (int i = 0; i < 10; ++i) {
        wide += "  X: " + std::string(2000, 'a') + "\n";
    }
    EXPECT_LE(applied(wide, "/")[0].value.size(), kHeaderBytesOfRuleMax);
    std::string paths;
    for (int i = 0; i < 600; ++i) {
        paths += "/*\n  X-" + std::to_string(i) + ": a\n  Vary: " + std::string(100, 'v') + "\n";
    }
    const Headers all = applied(paths, "/", {{"Vary", "Accept-Encoding"}});
    EXPECT_LE(all.size(), kHeadersOfRuleMax + 1);
    for (const Header& header : all) {
        EXPECT_LE(header.value.size(), 500U);
    }
}

TEST(HeaderRules, SetsReplacesAndJoins) {
    constexpr std::string_view kFile =
        "# comment\n"
        "/*\n"
        "  X-Frame-Options: DENY\n"
        "  cache-control: max-age=0\n"
        "  cache-control: no-cache\r\n"
        "\tCache-Control: must-revalidate\n"
        "/assets/*\n"
        "  # comment\n"
        "  Cache-Control: max-age=31536000, immutable\n"
        "/*.js\n"
        "  X-Kind: script\n"
        "/u/:name/x\n"
        "  X-User: yes\n"
        "/\n"
        "  Link: </a.css>; rel=preload\n";
    EXPECT_EQ(HeaderRules::parse(kFile).notes, std::vector<std::string>{});
    EXPECT_EQ(applied(kFile, "/", {{"Cache-Control", "no-cache"}}),
              (Headers{{"Cache-Control", "max-age=0, no-cache, must-revalidate"},
                       {"X-Frame-Options", "DENY"},
                       {"Link", "</a.css>; rel=preload"}}));
    EXPECT_EQ(applied(kFile, "/assets/a/b.js"),
              (Headers{{"X-Frame-Options", "DENY"},
                       {"cache-control", "max-age=31536000, immutable"},
                       {"X-Kind", "script"}}));
    EXPECT_EQ(applied(kFile, "/u/ada/x").size(), 3U);
    EXPECT_EQ(applied(kFile, "/u/ada/y/x").size(), 2U);
    EXPECT_EQ(applied("/a\n Vary: Origin\n", "/a", {{"Vary", "Accept-Encoding"}}),
              (Headers{{"Vary", "Accept-Encoding, Origin"}}));
    EXPECT_EQ(applied("/a\n X: 1\n", "/b"), Headers{});
}

}  // namespace
}  // namespace origin::website

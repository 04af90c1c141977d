// SPDX-License-Identifier: Apache-2.0
// Goal: `_redirects` does what Netlify documents, and no line of it makes an answer that is unsafe.
// Method: hostile files first; then tables of file, request and outcome.
#include "website/redirects.h"

#include <gtest/gtest.h>

#include "website/lines.h"

namespace origin::website {
namespace {

struct Outcome {
    int status = 0;
    std::string target = {};
    friend bool operator==(const Outcome&, const Outcome&) = default;
};

std::ostream& operator<<(std::ostream& out, const Outcome& outcome) {
    return out << outcome.status << " " << outcome.target;
}

Outcome ask(std::string_view file,
            std::string_view path,
            std::string_view query = {},
            bool is_file = false) {
    const auto found = Redirects::parse(file).redirects.find({path, query}, is_file);
    return found ? Outcome{found->status, found->target} : Outcome{};
}

TEST(Redirects, RefusesLinesThatItCannotObeyAndSaysWhy) {
    for (const auto& [line, why] : {
             std::pair("/a", "it has no target"),
             std::pair("/a 301", "this is no target: '301'"),
             std::pair("a /b", "'a' is no path"),
             std::pair("/a%zz /b", "'/a%zz' is no path"),
             std::pair("/a%00 /b", "'/a%00' is no path"),
             std::pair("//a /b", "'//a' is no path"),
             std::pair("/a?b=c /b", "'/a?b=c' is no path"),
             std::pair("/a\\b /b", "'/a\\b' is no path"),
             std::pair("/*/x /b", "'*' may only be the last character of the path: '/*/x'"),
             std::pair("/*/* /b", "'/*/*' has more than one '*'"),
             std::pair("/:a/:a /b", "'/:a/:a' has a placeholder without a name of its own"),
             std::pair("/: /b", "'/:' has a placeholder without a name of its own"),
             std::pair("/a //evil.example/", "a target begins with one slash"),
             std::pair("/a /\\evil.example/", "a target begins with one slash"),
             std::pair("/a javascript:alert(1)", "this is no target: 'javascript:alert(1)'"),
             std::pair("/a https:///x", "this names no host"),
             std::pair("/a https://user@evil.example/x", "this names no host"),
             std::pair("/a/* https://:splat/x", "this names no host: 'https://:splat/x'"),
             std::pair("/a/* https://:splat.example/", "this names no host"),
             std::pair("/a /b/:nothing", "its target has a placeholder that its path has not"),
             std::pair("/a /b/:splat", "its target has a placeholder that its path has not"),
             std::pair("/a /b 500",
                       "the status must be 200, 301, 302, 303, 307, 308 or 404: '500'"),
             std::pair("/a /b 2000", "the status must be"),
             std::pair("/a /b 301!!", "the status must be"),
             std::pair(
                 "/a /b 302 Country=de",
                 "conditions (country, language, role, cookie) are not supported: 'Country=de'"),
             std::pair("/a /b Language=de", "conditions"),
             std::pair("/a /b 200 Role=admin", "conditions"),
             std::pair("/a https://example.com/ 200", "files of another host are not fetched"),
             std::pair("/a https://example.com/ 404!", "files of another host are not fetched"),
             std::pair("https://old.example/* /b", "rules for one host name are not supported"),
             std::pair("/a a=1 b=2 c=3 d=4 e=5 f=6 g=7 h=8 i=9 /b",
                       "it has more than 8 query parameters"),
             std::pair("/a\x01 /b", "holds a control character"),
             std::pair("/a\rSet-Cookie:x /b", "holds a control character"),
         }) {
        const auto parsed = Redirects::parse(line);
        EXPECT_TRUE(parsed.redirects.empty()) << line;
        ASSERT_EQ(parsed.notes.size(), 1U) << line;
        EXPECT_TRUE(parsed.notes[0].starts_with("_redirects, line 1: ")) << parsed.notes[0];
        EXPECT_TRUE(parsed.notes[0].contains(why)) << parsed.notes[0];
    }
}

TEST(Redirects, NeverLeavesTheHostByWhatAVisitorSends) {
    for (const auto& [file, path] : {std::pair("/old* /:splat", "/old/evil.example/"),
                                     std::pair("/old* /:splat", "/old\\evil.example"),
                                     std::pair("/:a /:a/", "/\\evil.example")}) {
        const Outcome outcome = ask(file, path);
        EXPECT_FALSE(outcome.target.starts_with("//")) << outcome.target;
        EXPECT_FALSE(outcome.target.contains('\\')) << outcome.target;
    }
    EXPECT_EQ(ask("/o/* /:splat", "/o/a\r\nSet-Cookie: x=1"),
              (Outcome{301, "/a%0D%0ASet-Cookie:%20x=1"}));
    EXPECT_EQ(ask("/o/* https://x.example/:splat", "/o/a?b#c"),
              (Outcome{301, "https://x.example/a%3Fb%23c"}));
    EXPECT_EQ(ask("/o/* /s?q=:splat", "/o/a&b=c/d"), (Outcome{301, "/s?q=a%26b%3Dc%2Fd"}));
    EXPECT_EQ(ask("/o /n", "/o", "a=1\r\nX: y"), (Outcome{301, "/n?a=1%0D%0AX:%20y"}));
}

TEST(Redirects, KeepsToItsLimits) {
    std::string many;
    for (int i = 0; i < 2001; ++i) {
        many += "/a" + std::to_string(i) + " /b\n";
    }
    const auto parsed = Redirects::parse(many);
    EXPECT_EQ(parsed.redirects.size(), kRedirectsMax);
    ASSERT_EQ(parsed.notes.size(), 1U);
    EXPECT_TRUE(parsed.notes[0].contains("more than 2,000 rules"));
    EXPECT_TRUE(
        Redirects::parse(std::string(kControlFileBytesMax + 1, '#')).notes[0].contains("256 KiB"));
    EXPECT_TRUE(
        Redirects::parse("/" + std::string(kControlLineBytesMax, 'a') + " /b").redirects.empty());
    std::string bad;
    for (int line = 0; line < 1000; ++line) {
        bad += "x\n";
    }
    EXPECT_EQ(Redirects::parse(bad).notes.size(), kNotesMax + 1);
    EXPECT_EQ(ask("/o/* /:splat:splat:splat", "/o/" + std::string(4000, 'x')), Outcome{});
}

TEST(Redirects, FollowsNetlifysSyntax) {
    constexpr std::string_view kFile =
        "# comment\n"
        "\n"
        "/home              /\n"
        "/blog/my-post.php\t/blog/my-post # why\r\n"
        "/news/*  /blog/:splat\n"
        "/google  https://www.google.com\n"
        "/temp    / 302\n"
        "/see     /other 303\n"
        "/keep    /other 307\n"
        "/gone    /closed.html 404\n"
        "/app/*   /index.html 200\n"
        "/n/:year/:month/:slug  /b/:year/:month/:slug 308\n"
        "/articles id=:id tag=:tag  /posts/:tag/:id 301\n"
        "/articles id=:id  /posts/:id 301\n"
        "/articles kind=new /posts/new\n"
        "/articles /posts\n"
        "/sp%20ace /x\n"
        "/port http://localhost:8080/x?y\n";
    struct Row {
        std::string path;
        std::string query;
        Outcome outcome;
    };
    EXPECT_EQ(Redirects::parse(kFile).notes, std::vector<std::string>{});
    for (const Row& row : {Row{"/home", "", {301, "/"}},
                           Row{"/home/", "", {301, "/"}},
                           Row{"/homes", "", {}},
                           Row{"/home", "a=b&c", {301, "/?a=b&c"}},
                           Row{"/blog/my-post.php", "", {301, "/blog/my-post"}},
                           Row{"/news/2004/01/10/a", "", {301, "/blog/2004/01/10/a"}},
                           Row{"/news/", "", {301, "/blog/"}},
                           Row{"/news", "", {301, "/blog/"}},
                           Row{"/newspaper", "", {}},
                           Row{"/news/\xc3\xa4 b", "", {301, "/blog/%C3%A4%20b"}},
                           Row{"/google", "", {301, "https://www.google.com"}},
                           Row{"/temp", "", {302, "/"}},
                           Row{"/see", "", {303, "/other"}},
                           Row{"/keep", "", {307, "/other"}},
                           Row{"/gone", "", {404, "/closed.html"}},
                           Row{"/app/a/b", "x=1", {200, "/index.html"}},
                           Row{"/n/2004/02/s", "", {308, "/b/2004/02/s"}},
                           Row{"/n/2004/02", "", {}},
                           Row{"/n/2004/02/s/t", "", {}},
                           Row{"/articles", "tag=t&id=7", {301, "/posts/t/7"}},
                           Row{"/articles", "id=a%2Fb", {301, "/posts/a/b"}},
                           Row{"/articles", "kind=new", {301, "/posts/new"}},
                           Row{"/articles", "kind=old", {301, "/posts?kind=old"}},
                           Row{"/articles", "id=%zz", {301, "/posts?id=%zz"}},
                           Row{"/sp ace", "", {301, "/x"}},
                           Row{"/port", "", {301, "http://localhost:8080/x?y"}}}) {
        EXPECT_EQ(ask(kFile, row.path, row.query), row.outcome) << row.path;
    }
}

TEST(Redirects, TheFirstRuleWinsAndFilesShadowRulesWithoutForce) {
    constexpr std::string_view kFile = "/a /one\n/a /two 302!\n/* /three 302\n";
    EXPECT_EQ(ask(kFile, "/a"), (Outcome{301, "/one"}));
    EXPECT_EQ(ask(kFile, "/a", "", true), (Outcome{302, "/two"}));
    EXPECT_EQ(ask(kFile, "/b"), (Outcome{302, "/three"}));
    EXPECT_EQ(ask(kFile, "/b", "", true), Outcome{});
}

TEST(Redirects, ARuleThatLeadsToItselfIsPassedOver) {
    EXPECT_EQ(ask("/* /:splat 301!\n", "/a"), Outcome{});
    EXPECT_EQ(ask("/* /index.html 302\n", "/index.html"), Outcome{});
    EXPECT_EQ(ask("/* /index.html 200\n", "/index.html"), (Outcome{200, "/index.html"}));
}

}  // namespace
}  // namespace origin::website

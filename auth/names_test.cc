// SPDX-License-Identifier: Apache-2.0
// Goal: slugs, scopes, key texts, URLs and preview tickets mean one thing each.
// Method: tables of near misses, then round trips.
#include <set>

#include <gtest/gtest.h>

#include "auth/key_text.h"
#include "auth/preview_link.h"
#include "auth/scopes.h"
#include "auth/slug.h"
#include "auth/urls.h"

namespace origin::auth {
namespace {

TEST(Slug, RefusesWhatIsNoHostName) {
    for (const std::string slug :
         {"", "-a", "a-", "a--b", "A", "a_b", "a.b", "a b", "api", "metrics", "\xC3\xA9"}) {
        EXPECT_FALSE(check_slug(slug)) << slug;
    }
    EXPECT_FALSE(check_slug(std::string(65, 'a')));
    EXPECT_TRUE(check_slug(std::string(64, 'a')));
    EXPECT_TRUE(check_slug("a-1-b"));
}

TEST(Slug, IsMadeFromAnyText) {
    EXPECT_EQ(slug_from("Spanner & Spoke: workshop", 40), "spanner-spoke-workshop");
    EXPECT_EQ(slug_from("  --  ", 40), "project");
    EXPECT_EQ(slug_from("api", 40), "project");
    EXPECT_EQ(slug_from("abc def", 4), "abc");
    EXPECT_EQ(slug_from("don't stop", 40), "dont-stop");
}

TEST(ScopesTest, NamesTheUnknownOne) {
    const auto parsed = Scopes::parse({"git:read", "root"});
    ASSERT_FALSE(parsed);
    EXPECT_TRUE(parsed.error().told_to_peer().contains("'root'"));
    EXPECT_FALSE(Scopes::parse({}));
}

TEST(ScopesTest, WriteReadsAndAdminDoesAll) {
    EXPECT_TRUE(Scopes::parse({"git:write"})->has(Scope::GitRead));
    EXPECT_FALSE(Scopes::parse({"git:read"})->has(Scope::GitWrite));
    EXPECT_TRUE(Scopes::parse({"admin"})->has(Scope::Deploy));
    EXPECT_EQ(Scopes::parse({"deploy", "git:read"})->names(),
              (std::vector<std::string>{"git:read", "deploy"}));
}

TEST(KeyText, EveryChangedCharacterBreaksTheChecksum) {
    SystemRandom random;
    const KeyId id{make_id_bytes(1, random)};
    const std::string text = make_key_text(id, random).reveal();
    ASSERT_EQ(text.size(), kKeyTextBytes);
    ASSERT_EQ(key_id_of(text), id);
    for (std::size_t i = 0; i < text.size(); ++i) {
        std::string changed = text;
        changed[i] = changed[i] == 'a' ? 'b' : 'a';
        EXPECT_FALSE(key_id_of(changed)) << i;
    }
}

TEST(KeyText, TwoKeysOfOneIdDiffer) {
    SystemRandom random;
    const KeyId id{make_id_bytes(1, random)};
    std::set<std::string> texts;
    for (int i = 0; i < 100; ++i) {
        texts.insert(make_key_text(id, random).reveal());
    }
    EXPECT_EQ(texts.size(), 100U);
}

TEST(UrlsTest, RefusesMalformedSettings) {
    for (const std::string url :
         {"", "host", "ftp://h", "http://", "http://h/path", "http://h x"}) {
        EXPECT_FALSE(Urls::make(url, "localhost")) << url;
    }
    EXPECT_FALSE(Urls::make("http://h", "a:1"));
    EXPECT_FALSE(Urls::make("http://h", ""));
    for (const auto& [url, domain] : {std::pair("https://example.org", "example.org"),
                                      std::pair("https://git.example.org:8443", "Example.org"),
                                      std::pair("https://example.org", "sites.example.org")}) {
        EXPECT_FALSE(Urls::make(url, domain)) << url << " beside " << domain;
    }
    EXPECT_TRUE(Urls::make("https://git.example.org", "sites.example.net"));
    EXPECT_TRUE(Urls::make("https://git.example.org", "git-sites.example.org"));
    EXPECT_TRUE(Urls::make("https://myexample.org", "example.org"));
    EXPECT_TRUE(Urls::make("http://localhost:8080", "localhost"));
}

TEST(UrlsTest, TellsSitesFromEverythingElse) {
    const auto urls = Urls::make("http://127.0.0.1:8080", "localhost");
    ASSERT_TRUE(urls);
    EXPECT_EQ(urls->site("shop"), "http://shop.localhost:8080/");
    EXPECT_EQ(urls->code("ann/shop"), "http://127.0.0.1:8080/ann/shop.git");
    struct Row {
        std::string_view host;
        std::string_view site;
        std::string_view label;
    };
    for (const Row& row : {Row{"127.0.0.1:8080", "", ""},
                           Row{"localhost:8080", "", ""},
                           Row{"shop.example.org", "", ""},
                           Row{"a.b.localhost", "", ""},
                           Row{"--shop.localhost", "", ""},
                           Row{"shop-.localhost", "", ""},
                           Row{"shop.localhost.", "", ""},
                           Row{"SHOP.localhost:8080", "shop", ""},
                           Row{"c-0123456789ab--shop.localhost", "shop", "c-0123456789ab"},
                           Row{"staging--shop.localhost:1", "shop", "staging"}}) {
        const auto found = urls->site_of(row.host);
        EXPECT_EQ(found ? found->site : "", row.site) << row.host;
        EXPECT_EQ(found ? found->label : "", row.label) << row.host;
    }
}

TEST(UrlsTest, BranchLabelsDoNotCollide) {
    EXPECT_EQ(branch_label("main", 40), "b-main");
    std::set<std::string> labels;
    for (const std::string branch : {"feature/a-b",
                                     "feature-a/b",
                                     "Feature/a-b",
                                     "feature/a_b",
                                     "feature-a-b",
                                     "feature//a",
                                     "caf\xC3\xA9"}) {
        const std::string label = branch_label(branch, 40);
        EXPECT_TRUE(labels.insert(label).second) << branch << " " << label;
        EXPECT_LE(label.size(), 40U);
        EXPECT_FALSE(label.contains("--")) << label;
    }
    EXPECT_LE(branch_label(std::string(200, 'a'), 30).size(), 30U);
}

TEST(PreviewLinksTest, OnlyTheSameHostBeforeTheExpiry) {
    const PreviewLinks links(Secret("key"));
    const std::string ticket = links.ticket("b-main--shop.localhost", 10'000);
    EXPECT_TRUE(links.is_valid(ticket, "b-main--shop.localhost", 9'999));
    EXPECT_FALSE(links.is_valid(ticket, "b-main--shop.localhost", 10'000));
    EXPECT_FALSE(links.is_valid(ticket, "b-main--shop2.localhost", 0));
    EXPECT_FALSE(
        links.is_valid("99999999" + ticket.substr(ticket.find('.')), "b-main--shop.localhost", 0));
    const auto day = Milliseconds(std::chrono::hours(24)).count();
    const std::string host = "b-main--shop.localhost";
    EXPECT_TRUE(links.is_valid(links.ticket(host, day), host, 0));
    EXPECT_FALSE(links.is_valid(links.ticket(host, 3650 * day), host, 0))
        << "signed while the clock was ten years ahead";
    EXPECT_FALSE(PreviewLinks(Secret("other")).is_valid(ticket, "b-main--shop.localhost", 0));
    for (const std::string bad : {"", ".", "10", "10.", ".x"}) {
        EXPECT_FALSE(links.is_valid(bad, "b-main--shop.localhost", 0)) << bad;
    }
    EXPECT_EQ(signed_link(links, "http://b-main--shop.localhost:8080/", 10'000),
              "http://b-main--shop.localhost:8080/?origin_ticket=" + ticket);
}

}  // namespace
}  // namespace origin::auth

// SPDX-License-Identifier: Apache-2.0
// Goal: only URLs of servers we may speak to pass, and no password is ever shown.
// Method: tables; refusals first. Addresses are given as numbers, so that no name is asked for.
#include "git/serve/remote_url.h"

#include <gtest/gtest.h>

namespace origin::git {
namespace {

TEST(RemoteUrl, RefusesWhatCouldRunReadOrReachTooMuch) {
    struct Row {
        std::string text;
        std::string reason;
    };
    const Row rows[] = {
        {"ext::sh -c id", "scheme_refused"},
        {"ext::sh", "scheme_refused"},
        {"transport::https://example.org/x", "scheme_refused"},
        {"fd::17/x", "scheme_refused"},
        {"file:///etc", "scheme_refused"},
        {"FILE:///etc", "scheme_refused"},
        {"git://example.org/x", "scheme_refused"},
        {"ftp://example.org/x", "scheme_refused"},
        {"rsync://example.org/x", "scheme_refused"},
        {"ssh://-oProxyCommand=id/x", "bad_url"},
        {"ssh://-host/x", "bad_url"},
        {"ssh://-user@host/x", "bad_url"},
        {"-oProxyCommand=id:x", "bad_url"},
        {"git@-host:x", "bad_url"},
        {"git@host:-x", "bad_url"},
        {"https://", "bad_url"},
        {"https:///x", "bad_url"},
        {"https://host", "bad_url"},
        {"https://host/", "bad_url"},
        {"https://host:0/x", "bad_url"},
        {"https://host:/x", "bad_url"},
        {"https://host:65536/x", "bad_url"},
        {"https://host:8a/x", "bad_url"},
        {"https://[::1/x", "bad_url"},
        {"https://[::zz]/x", "bad_url"},
        {"https://ho\nst/x", "bad_url"},
        {"https://host/a b", "bad_url"},
        {"https://h\xc3\xb6st/x", "bad_url"},
        {"https://host%2f/x", "bad_url"},
        {"https://" + std::string(300, 'a') + "/x", "bad_url"},
        {"https://host/" + std::string(3000, 'a'), "bad_url"},
        {"plain", "bad_url"},
        {"", "bad_url"},
    };
    for (const Row& row : rows) {
        const auto url = RemoteUrl::parse(row.text);
        ASSERT_FALSE(url) << row.text;
        EXPECT_EQ(url.error().reason(), row.reason) << row.text;
    }
}

TEST(RemoteUrl, TakesApartWhatGitWouldFetch) {
    struct Row {
        std::string text;
        std::string scheme;
        std::string host;
        std::uint16_t port;
        std::string shown;
        std::string name;
    };
    const Row rows[] = {
        {"https://example.org/a/demo.git",
         "https",
         "example.org",
         443,
         "https://example.org/a/demo.git",
         "demo"},
        {"HTTP://Example.ORG:8080/demo/",
         "http",
         "example.org",
         8080,
         "http://example.org:8080/demo/",
         "demo"},
        {"https://ann:s3cret@example.org/demo?token=s3cret",
         "https",
         "example.org",
         443,
         "https://example.org/demo",
         "demo"},
        {"https://a@b:s3cret@example.org/demo",
         "https",
         "example.org",
         443,
         "https://example.org/demo",
         "demo"},
        {"ssh://git@example.org:2222/srv/demo.git",
         "ssh",
         "example.org",
         2222,
         "ssh://example.org:2222/srv/demo.git",
         "demo"},
        {"git@example.org:ann/demo.git",
         "ssh",
         "example.org",
         22,
         "ssh://example.org/ann/demo.git",
         "demo"},
        {"https://[2001:db8::1]:444/demo",
         "https",
         "2001:db8::1",
         444,
         "https://[2001:db8::1]:444/demo",
         "demo"},
    };
    for (const Row& row : rows) {
        EXPECT_TRUE(RemoteUrl::looks_like_one(row.text));
        const auto url = RemoteUrl::parse(row.text);
        ASSERT_TRUE(url) << row.text << ": " << url.error().told_to_peer();
        EXPECT_EQ(url->scheme(), row.scheme);
        EXPECT_EQ(url->host(), row.host);
        EXPECT_EQ(url->port(), row.port);
        EXPECT_EQ(url->shown(), row.shown);
        EXPECT_EQ(url->name(), row.name);
        EXPECT_EQ(url->whole().reveal(), row.text);
        EXPECT_EQ(url->shown().find("s3cret"), std::string::npos);
    }
}

TEST(RemoteUrl, FoldersDoNotLookLikeOne) {
    for (const char* text : {"/srv/git/demo.git", "./a:b", "demo", "../x", "a/b:c"}) {
        EXPECT_FALSE(RemoteUrl::looks_like_one(text)) << text;
    }
    EXPECT_EQ(name_of_source("/srv/git/demo.git/"), "demo");
    EXPECT_EQ(name_of_source("/srv/demo/.git"), "demo");
    EXPECT_EQ(name_of_source("demo"), "demo");
}

TEST(RemoteUrl, PrivateAddressesAreReachedOnlyIfTheyAreAllowed) {
    for (const char* host : {"127.0.0.1",
                             "[::1]",
                             "10.1.2.3",
                             "169.254.169.254",
                             "192.168.1.1",
                             "[fd00::1]",
                             "[::ffff:127.0.0.1]",
                             "0.0.0.0",
                             "localhost",
                             "2130706433",
                             "0x7f.1"}) {
        const auto url = RemoteUrl::parse("http://" + std::string(host) + "/x");
        ASSERT_TRUE(url) << host;
        const Status reachable = check_reachable(*url, {});
        ASSERT_FALSE(reachable) << host;
        EXPECT_EQ(reachable.error().reason(), "address_refused") << host;
    }
    const auto url = RemoteUrl::parse("http://127.0.0.1:9/x");
    const std::vector<net::Cidr> allowed = {*net::Cidr::parse("127.0.0.0/8")};
    EXPECT_TRUE(check_reachable(*url, allowed));
    EXPECT_TRUE(check_reachable(*RemoteUrl::parse("http://8.8.8.8/x"), {}));
}

}  // namespace
}  // namespace origin::git

// SPDX-License-Identifier: Apache-2.0
// Goal: a target's settings are read strictly.
// Method: tables, what is refused first.
#include "website/site_settings.h"

#include <gtest/gtest.h>

namespace origin::website {
namespace {

TEST(SiteSettings, RefusesWhatItDoesNotKnow) {
    for (const auto& [name, value, reason] :
         {std::tuple("spa", "yes", "bad_setting"),
          std::tuple("spa", "", "bad_setting"),
          std::tuple("access", "", "bad_setting"),
          std::tuple("access", "Password", "bad_setting"),
          std::tuple("hosts", "a", "bad_setting"),
          std::tuple("hosts", "a.example,a.example", "bad_setting"),
          std::tuple("hosts", "a.example:80", "bad_setting"),
          std::tuple("hosts", "a.example b.example", "bad_setting"),
          std::tuple("hosts", "A.example", "bad_setting"),
          std::tuple("hosts", "*.example.org", "bad_setting"),
          std::tuple("hosts", ",", "bad_setting"),
          std::tuple("hots", "a.example", "unknown_setting")}) {
        const auto read = read_site_settings({{name, value}});
        ASSERT_FALSE(read) << name << "=" << value;
        EXPECT_EQ(read.error().reason(), reason) << value;
    }
    std::string many;
    for (int i = 0; i <= 20; ++i) {
        many += "a" + std::to_string(i) + ".example,";
    }
    EXPECT_FALSE(read_site_settings({{"hosts", many}}));
}

TEST(SiteSettings, ReadsWhatThereIs) {
    const auto read = read_site_settings(
        {{"spa", "true"}, {"access", "password"}, {"hosts", "example.org, www.example.org"}});
    ASSERT_TRUE(read);
    EXPECT_TRUE(read->spa);
    EXPECT_TRUE(read->needs_secret());
    EXPECT_EQ(read->hosts, (std::vector<std::string>{"example.org", "www.example.org"}));
    EXPECT_FALSE(read_site_settings({})->access);
    EXPECT_EQ(read_site_settings({{"hosts", ""}})->hosts.size(), 0U);
}

TEST(SiteSettings, KnowsHostNames) {
    for (const std::string good :
         {"a.b", "www.example.org", "xn--bcher-kva.example", "1.example", "a-b.c2"}) {
        EXPECT_TRUE(is_host_name(good)) << good;
    }
    for (const std::string& bad : std::vector<std::string>{"",
                                                           ".",
                                                           "a",
                                                           "a.",
                                                           ".a",
                                                           "a..b",
                                                           "-a.b",
                                                           "a-.b",
                                                           "127.0.0.1",
                                                           "a_b.c",
                                                           "a.b/c",
                                                           "[::1]",
                                                           "b\xc3\xbc"
                                                           "cher.example",
                                                           std::string(64, 'a') + ".b",
                                                           "a.b\n"}) {
        EXPECT_FALSE(is_host_name(bad)) << bad;
    }
}

}  // namespace
}  // namespace origin::website

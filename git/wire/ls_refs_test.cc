// SPDX-License-Identifier: Apache-2.0
// Goal: ls-refs answers what was asked, and a hostile list of prefixes costs no more than its
// bytes. Method: a table of prefix sets against a plain reference, bounds, then rendered answers.
#include "git/wire/ls_refs.h"

#include <algorithm>
#include <array>

#include <gtest/gtest.h>

#include "base/limits.h"

namespace origin::git {
namespace {

const Oid kOne = *Oid::from_hex("8dbedbde1c860f1b6afd56e0a7ec4b176daa76f3");
const Oid kTag = *Oid::from_hex("aa7bffe4a4a29ad9b2de0043ac19a494b9f83a04");

TEST(LsRefs, RefusesLinesItDoesNotKnow) {
    for (const std::string_view line :
         {"", "Peel", "peel ", "ref-prefix", "refs/heads/", "want x", "ref-prefixrefs/"}) {
        LsRefsRequest request;
        EXPECT_FALSE(add_ls_refs_argument(request, line)) << line;
    }
}

TEST(RefPrefixes, MatchAsAPlainSearchWould) {
    using Names = std::vector<std::string>;
    const Names names{"HEAD",
                      "refs/heads/a",
                      "refs/heads/a/b",
                      "refs/heads/ab",
                      "refs/heads/b",
                      "refs/tags/v1",
                      "refs/tags/v10",
                      "refs/tags/\xff"};
    for (const Names& prefixes : {Names{},
                                  Names{""},
                                  Names{"refs/heads/"},
                                  Names{"refs/heads/a", "refs/heads/a/", "refs/heads/a"},
                                  Names{"refs/tags/v1", "HEAD", "refs/heads/ab"},
                                  Names{"zzz", "aaa"},
                                  Names{"refs/tags/\xff", "refs/tags/v10x", "", "b"}}) {
        RefPrefixes set;
        for (const std::string& prefix : prefixes) {
            set.add(prefix);
        }
        set.close();
        for (const std::string& name : names) {
            const bool plain =
                prefixes.empty() || std::ranges::any_of(prefixes, [&name](const auto& prefix) {
                    return name.starts_with(prefix);
                });
            EXPECT_EQ(set.matches(name), plain) << name << " of " << prefixes.size();
        }
        EXPECT_TRUE(std::ranges::is_sorted(set.ranges()));
    }
}

TEST(RefPrefixes, TooManyAreNone) {
    for (const std::size_t count : {kRefPrefixesMax - 1, kRefPrefixesMax, kRefPrefixesMax + 1}) {
        RefPrefixes set;
        for (std::size_t i = 0; i < count; ++i) {
            set.add("refs/heads/" + std::to_string(i));
        }
        set.close();
        EXPECT_TRUE(set.matches("refs/heads/7"));
        EXPECT_EQ(set.matches("refs/tags/v1"), count >= kRefPrefixesMax) << count;
    }
}

std::string head_line(std::string_view arguments, const AdvertisedHead& head) {
    LsRefsRequest request;
    while (!arguments.empty()) {
        const std::string_view line = arguments.substr(0, arguments.find('\n'));
        arguments.remove_prefix(line.size() + 1);
        EXPECT_TRUE(add_ls_refs_argument(request, line)) << line;
    }
    request.prefixes.close();
    std::string out;
    append_ls_refs_head(out, request, head);
    return out.empty() ? "" : out.substr(4);
}

TEST(LsRefs, ShowsHeadAsAsked) {
    const AdvertisedHead born{"refs/heads/main", kOne};
    const AdvertisedHead unborn{"refs/heads/main", std::nullopt};
    const AdvertisedHead headless{"", kOne};
    const std::string id = kOne.hex();

    EXPECT_EQ(head_line("", born), id + " HEAD\n");
    EXPECT_EQ(head_line("symrefs\n", born), id + " HEAD symref-target:refs/heads/main\n");
    EXPECT_EQ(head_line("symrefs\nref-prefix refs/\n", born), "");
    EXPECT_EQ(head_line("symrefs\nref-prefix HEAD\n", headless), id + " HEAD\n");
    EXPECT_EQ(head_line("symrefs\n", unborn), "");
    EXPECT_EQ(head_line("unborn\n", unborn), "");
    EXPECT_EQ(head_line("unborn\nsymrefs\n", unborn),
              "unborn HEAD symref-target:refs/heads/main\n");
    EXPECT_EQ(head_line("unborn\nsymrefs\n", {"", std::nullopt}), "");
}

TEST(LsRefs, RendersTheWholeAnswer) {
    const std::array refs{AdvertisedRef{"refs/heads/main", kOne},
                          AdvertisedRef{"refs/tags/v1", kTag, kOne}};
    const AdvertisedHead head{"refs/heads/main", kOne};
    LsRefsRequest request{.peel = true, .prefixes = {}};
    request.prefixes.add("refs/tags/");
    request.prefixes.close();
    std::string out;
    append_ls_refs(out, request, head, refs);
    EXPECT_EQ(out, "006a" + kTag.hex() + " refs/tags/v1 peeled:" + kOne.hex() + "\n0000");

    request.peel = false;
    out.clear();
    append_ls_refs(out, request, head, refs);
    EXPECT_EQ(out, "003a" + kTag.hex() + " refs/tags/v1\n0000");
}

}  // namespace
}  // namespace origin::git

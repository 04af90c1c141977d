// SPDX-License-Identifier: Apache-2.0
// Goal: a RefName exists only for names that git-check-ref-format and our stricter rules allow.
// Method: a table of bad names, each rule once; then good names.
#include "base/ref_name.h"

#include <gtest/gtest.h>

namespace origin {
namespace {

TEST(RefName, RefusesEveryBrokenRule) {
    for (const std::string name : {"",
                                   "HEAD",
                                   "FETCH_HEAD",
                                   "refs",
                                   "refs/",
                                   "refs/x",
                                   "refs/heads/",
                                   "refs/heads//a",
                                   "refs/heads/a/",
                                   "/refs/heads/a",
                                   "refs/heads/.a",
                                   "refs/heads/a.lock",
                                   "refs/heads/a.lock/b",
                                   "refs/heads/a..b",
                                   "refs/../x",
                                   "refs/heads/../x",
                                   "refs/heads/a.",
                                   "refs/heads/a b",
                                   "refs/heads/a~b",
                                   "refs/heads/a^b",
                                   "refs/heads/a:b",
                                   "refs/heads/a?b",
                                   "refs/heads/a*b",
                                   "refs/heads/a[b",
                                   "refs/heads/a\\b",
                                   "refs/heads/a@{b",
                                   "refs/heads/a\x7f",
                                   "refs/heads/a\nb",
                                   "refs/heads/HEAD",
                                   "refs/heads/-h",
                                   "refs/heads/--upload-pack=x",
                                   "refs/heads/a\xE2\x80\xAE",
                                   "refs/heads/a\xE2\x80\x8B",
                                   "refs/heads/\xff",
                                   "refs/heads/\xC0\xAF"}) {
        const auto parsed = RefName::parse(name);
        ASSERT_FALSE(parsed) << name;
        EXPECT_EQ(parsed.error().reason(), "bad_ref_name") << name;
    }
    EXPECT_FALSE(RefName::parse(std::string("refs/heads/a\0b", 14)));
    EXPECT_FALSE(RefName::parse("refs/heads/" + std::string(234, 'a')));
}

TEST(RefName, TakesWhatGitTakes) {
    for (const std::string name : {"refs/heads/main",
                                   "refs/heads/feature/a-1",
                                   "refs/tags/v1.0",
                                   "refs/heads/@",
                                   "refs/heads/caf\xC3\xA9",
                                   "refs/notes/commits"}) {
        const auto parsed = RefName::parse(name);
        ASSERT_TRUE(parsed) << name;
        EXPECT_EQ(parsed->str(), name);
    }
    EXPECT_TRUE(RefName::parse("refs/heads/" + std::string(233, 'a')));
    EXPECT_EQ(RefName::parse("refs/heads/feature/x")->short_name(), "feature/x");
}

}  // namespace
}  // namespace origin

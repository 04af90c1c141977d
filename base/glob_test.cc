// SPDX-License-Identifier: Apache-2.0
// Goal: a rule's pattern means exactly the refs its author thinks of.
// Method: a table of pattern, text and verdict, the near misses first.
#include "base/glob.h"

#include <string>

#include <gtest/gtest.h>

namespace origin {
namespace {

TEST(Glob, MatchesByTable) {
    struct Row {
        std::string_view pattern;
        std::string_view text;
        bool matches;
    };
    for (const Row& row : {Row{"", "a", false},
                           Row{"a", "", false},
                           Row{"refs/heads/main", "refs/heads/main2", false},
                           Row{"refs/heads/main", "refs/heads/mai", false},
                           Row{"refs/heads/feature/*", "refs/heads/feature", false},
                           Row{"*b", "abc", false},
                           Row{"a*c*e", "abcd", false},
                           Row{"", "", true},
                           Row{"*", "", true},
                           Row{"**", "refs/x", true},
                           Row{"refs/heads/main", "refs/heads/main", true},
                           Row{"refs/heads/feature/*", "refs/heads/feature/a/b", true},
                           Row{"refs/tags/v*", "refs/tags/v", true},
                           Row{"a*c*e", "abcde", true},
                           Row{"*ab", "aaab", true}}) {
        EXPECT_EQ(glob_matches(row.pattern, row.text), row.matches)
            << row.pattern << " on " << row.text;
    }
}

TEST(Glob, ManyStarsOnALongTextEnd) {
    const std::string pattern(200, '*');
    EXPECT_FALSE(glob_matches(pattern + "b", std::string(100'000, 'a')));
}

}  // namespace
}  // namespace origin

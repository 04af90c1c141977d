// SPDX-License-Identifier: Apache-2.0
// Goal: conditional and range requests are read as RFC 9110 says, hostile ones included.
// Method: tables of headers and what they mean.
#include "githttp/conditional.h"

#include <string>

#include <gtest/gtest.h>

namespace origin::githttp {
namespace {

constexpr std::string_view kTag = "\"abc\"";

TEST(NamesEtag, ComparesWeakly) {
    for (const std::string_view header :
         {"\"abc\"", "W/\"abc\"", "*", "\"x\", \"abc\"", "\"x\",W/\"abc\" ,\"y\""}) {
        EXPECT_TRUE(names_etag(header, kTag)) << header;
    }
    for (const std::string_view header : {"", "abc", "\"ab\"", "\"abc", "w/\"abc\"", ",,,"}) {
        EXPECT_FALSE(names_etag(header, kTag)) << header;
    }
}

std::string shown(const RangeWish& wish) {
    if (const auto* part = std::get_if<FilePart>(&wish)) {
        return std::to_string(part->first) + "-" + std::to_string(part->last);
    }
    return std::holds_alternative<WholeFile>(wish) ? "whole" : "none";
}

TEST(ParseRange, ReadsOneRange) {
    struct Row {
        std::string_view header;
        std::string_view of_ten;
    };
    for (const Row& row : {Row{"bytes=0-0", "0-0"},
                           Row{"bytes=0-9", "0-9"},
                           Row{"bytes=3-", "3-9"},
                           Row{"bytes=3-99", "3-9"},
                           Row{"bytes=9-9", "9-9"},
                           Row{"bytes=10-", "none"},
                           Row{"bytes=10-12", "none"},
                           Row{"bytes=-1", "9-9"},
                           Row{"bytes=-10", "0-9"},
                           Row{"bytes=-11", "0-9"},
                           Row{"bytes=-0", "none"},
                           Row{"bytes=0-99999999999999999999999", "0-9"},
                           Row{"bytes=99999999999999999999999-", "none"},
                           Row{"", "whole"},
                           Row{"bytes=", "whole"},
                           Row{"bytes=-", "whole"},
                           Row{"bytes=5-3", "whole"},
                           Row{"bytes=0-1,3-4", "whole"},
                           Row{"bytes=a-b", "whole"},
                           Row{"bytes=+1-2", "whole"},
                           Row{"bytes=--1", "whole"},
                           Row{"lines=0-1", "whole"}}) {
        EXPECT_EQ(shown(parse_range(row.header, 10)), row.of_ten) << row.header;
    }
}

TEST(ParseRange, AnEmptyFileHasNoPart) {
    EXPECT_EQ(shown(parse_range("bytes=0-", 0)), "none");
    EXPECT_EQ(shown(parse_range("bytes=-5", 0)), "none");
    EXPECT_EQ(shown(parse_range("", 0)), "whole");
}

}  // namespace
}  // namespace origin::githttp

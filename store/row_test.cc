// SPDX-License-Identifier: Apache-2.0
// Goal: a row's bytes never change by accident, and no other bytes decode.
// Method: golden bytes of a row with every kind of field; every prefix; one wrong byte at a time.
#include "store/row.h"

#include <gtest/gtest.h>

namespace origin::store {
namespace {

enum class Colour : std::uint8_t { Red, Green };
constexpr Colour last_of(Colour) {
    return Colour::Green;
}

struct Point {
    std::uint16_t x = 0;
    std::uint16_t y = 0;
    template <class F>
    void fields(F& f) {
        f(x);
        f(y);
    }
    friend bool operator==(const Point&, const Point&) = default;
};

struct Everything {
    static constexpr std::uint8_t kVersion = 3;
    bool flag = false;
    std::uint8_t tiny = 0;
    std::uint32_t middle = 0;
    std::uint64_t large = 0;
    std::int64_t negative = 0;
    Colour colour = Colour::Red;
    std::string text;
    std::vector<Point> points;
    std::optional<std::string> there;
    std::optional<Point> missing;
    std::map<std::string, std::string> pairs;
    Oid oid;
    ProjectId project;
    template <class F>
    void fields(F& f) {
        f(flag), f(tiny), f(middle), f(large), f(negative), f(colour), f(text), f(points);
        f(there), f(missing), f(pairs), f(oid), f(project);
    }
    friend bool operator==(const Everything&, const Everything&) = default;
};

struct Grown {
    static constexpr std::uint8_t kVersion = 2;
    static constexpr std::uint8_t kOldestVersion = 1;
    std::uint8_t first = 0;
    std::uint8_t added = 42;
    template <class F>
    void fields(F& f) {
        f(first);
        if (f.version() >= 2) {
            f(added);
        }
    }
};

struct Names {
    static constexpr std::uint8_t kVersion = 1;
    std::map<std::string, std::string> pairs;
    template <class F>
    void fields(F& f) {
        f(pairs);
    }
};

std::string hex(std::string_view bytes) {
    std::string text;
    for (const char c : bytes) {
        text += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
        text += "0123456789abcdef"[static_cast<unsigned char>(c) & 15];
    }
    return text;
}

Everything sample() {
    Everything row{.flag = true,
                   .tiny = 0xab,
                   .middle = 0x01020304,
                   .large = 0x1112131415161718,
                   .negative = -2,
                   .colour = Colour::Green,
                   .text = std::string("h\0i", 3),
                   .points = {{1, 2}, {3, 4}},
                   .there = "x",
                   .missing = std::nullopt,
                   .pairs = {{"a", "1"}, {"b", ""}},
                   .oid = {},
                   .project = {}};
    row.oid.raw.fill(0xcc);
    row.project.raw.fill(0xdd);
    return row;
}

TEST(Row, WritesTheBytesItHasAlwaysWritten) {
    EXPECT_EQ(hex(encode(sample())),
              "03"  // version
              "01"
              "ab"
              "01020304"
              "1112131415161718"  // flag, tiny, middle, large
              "fffffffffffffffe"
              "01"  // negative, colour
              "00000003"
              "680069"  // text
              "00000002"
              "00010002"
              "00030004"  // points
              "01"
              "00000001"
              "78"
              "00"  // there, missing
              "00000002"
              "00000001"
              "61"
              "00000001"
              "31"  // pairs: a = 1,
              "00000001"
              "62"
              "00000000"                                  // b =
              "cccccccccccccccccccccccccccccccccccccccc"  // oid
              "dddddddddddddddddddddddddddddddd");        // project
}

TEST(Row, ComesBackEqual) {
    const auto back = decode<Everything>(encode(sample()));
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, sample());
    EXPECT_EQ(*decode<Everything>(encode(Everything{})), Everything{});
}

TEST(Row, RefusesEveryPrefixAndOneByteMore) {
    const std::string whole = encode(sample());
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const auto cut = decode<Everything>(std::string_view(whole).substr(0, size));
        ASSERT_FALSE(cut) << size;
        EXPECT_EQ(cut.error().code(), Code::Corrupt);
        EXPECT_EQ(cut.error().reason(), "bad_row");
    }
    EXPECT_FALSE(decode<Everything>(whole + '\0'));
}

TEST(Row, RefusesWhatTheWriterCannotHaveWritten) {
    const std::string good = encode(sample());
    static const struct {
        std::size_t at;
        char byte;
        const char* what;
    } kTable[] = {{0, 2, "an unknown version"},
                  {0, 4, "a newer version"},
                  {1, 2, "a bool of 2"},
                  {23, 2, "an enumerator past the last"},
                  {24, 0x7f, "a string longer than the row"},
                  {31, 0x7f, "a count larger than the row"},
                  {43, 2, "an optional of 2"}};
    for (const auto& row : kTable) {
        std::string bad = good;
        ASSERT_NE(bad[row.at], row.byte);
        bad[row.at] = row.byte;
        EXPECT_FALSE(decode<Everything>(bad)) << row.what;
    }
}

TEST(Row, ChangingAnyByteNeverCrashes) {
    const std::string good = encode(sample());
    for (std::size_t at = 0; at < good.size(); ++at) {
        for (int value = 0; value < 256; ++value) {
            std::string changed = good;
            changed[at] = static_cast<char>(value);
            const auto row = decode<Everything>(changed);
            EXPECT_TRUE(!row || encode(*row) == changed) << at << " " << value;
        }
    }
}

TEST(Row, RefusesMapKeysOutOfOrderOrTwice) {
    const std::string good = encode(Names{{{"a", ""}, {"b", ""}}});
    ASSERT_TRUE(decode<Names>(good));
    std::string swapped = good;
    std::swap(swapped[9], swapped[18]);
    ASSERT_EQ(swapped[9], 'b');
    EXPECT_FALSE(decode<Names>(swapped));
    std::string twice = good;
    twice[18] = 'a';
    EXPECT_FALSE(decode<Names>(twice));
}

TEST(Row, ReadsOlderVersionsItDeclares) {
    const auto old = decode<Grown>(std::string_view("\1\7", 2));
    ASSERT_TRUE(old);
    EXPECT_EQ(old->first, 7);
    EXPECT_EQ(old->added, 42);
    EXPECT_EQ(hex(encode(*old)), "02072a");
    EXPECT_FALSE(decode<Grown>(std::string_view("\0\7", 2)));
    EXPECT_FALSE(decode<Grown>(std::string_view("\3\7\7", 3)));
}

}  // namespace
}  // namespace origin::store

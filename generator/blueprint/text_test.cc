// SPDX-License-Identifier: Apache-2.0
// Goal: text is cut and named the same way for every writer, hostile ones first.
// Method: tables of inputs and the exact answers.
#include "generator/blueprint/text.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "generator/blueprint/colours.h"
#include "generator/blueprint/json_text.h"
#include "generator/blueprint/words.h"

namespace origin::generator {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

TEST(Text, DeceptiveAndBrokenBytesBecomeVisible) {
    EXPECT_EQ(normalise("a\xE2\x80\xAE"
                        "b"),
              "a[U+202E]b");
    EXPECT_EQ(normalise("a\xFF"
                        "b"),
              "a\xEF\xBF\xBD"
              "b");
    EXPECT_EQ(normalise(std::string("a\0b", 3)), "a[U+0000]b");
    EXPECT_EQ(normalise("\xEF\xBB\xBF"
                        "a\r\nb\rc"),
              "a\nb\nc");
    EXPECT_EQ(normalise("p\xE2\x80\x8B"
                        "q"),
              "pq");
}

TEST(Text, IdsAreSafeInEveryLanguageTheyAppearIn) {
    for (const auto& [given, id] :
         Pairs{{"Lead time (days)", "lead_time_days"},
               {"__proto__", "proto_"},
               {"constructor", "constructor_"},
               {"<img src=x onerror=alert(1)>", "img_src_x_onerror_alert_1"},
               {"123", ""},
               {"1st place", "st_place"},
               {"Gr\xC3\xB6\xC3\x9F"
                "e",
                "groesse"},
               {"\xF0\x9F\xA7\xAD", ""},
               {"", ""}}) {
        EXPECT_EQ(to_id(given), id) << given;
    }
    EXPECT_LE(to_id(std::string(100'000, 'a')).size(), 40U);
}

TEST(Text, CuttingKeepsCharactersWhole) {  // A long title once ended in half a letter.
    EXPECT_EQ(cut_short("ab\xC3\xA9", 3), "ab");
    EXPECT_EQ(cut_short("ab\xC3\xA9", 4), "ab\xC3\xA9");
    EXPECT_EQ(cut_short("\xF0\x9F\xA7\xAD", 3), "");
}

TEST(Text, NumbersOfNounsFold) {
    for (const auto& [one, many] : Pairs{{"part", "parts"},
                                         {"category", "categories"},
                                         {"Box", "Boxes"},
                                         {"person", "people"},
                                         {"status", "statuses"},
                                         {"bus stop", "bus stops"},
                                         {"dish", "dishes"},
                                         {"day", "days"}}) {
        EXPECT_EQ(plural(one), many);
        EXPECT_EQ(singular(many), one);
    }
    EXPECT_EQ(singular("address"), "address");
}

TEST(Text, ListsSplitOutsideQuotesAndBrackets) {
    EXPECT_EQ(split_list("a, b (c, d) and \"e, f\""),
              (std::vector<std::string>{"a", "b (c, d)", "\"e, f\""}));
    EXPECT_EQ(split_list("card, cash, or transfer"),
              (std::vector<std::string>{"card", "cash", "transfer"}));
    EXPECT_EQ(split_list("((((a, b"), (std::vector<std::string>{"((((a, b"}));
    EXPECT_TRUE(split_list(" , ,").empty());
}

TEST(Text, EqualTextsAndOnlyThoseHaveEqualDigests) {
    EXPECT_EQ(digest_of(""), "cbf29ce484222325");
    EXPECT_EQ(digest_of("a"), "af63dc4c8601ec8c");  // Source: the FNV reference test vectors.
    EXPECT_NE(digest_of("a b"), digest_of("ab "));
}

TEST(Words, KeepNumbersTimesAndAddressesWhole) {
    const Words words{"Open 7:00-15:00, mail hello@x.example (now). Done."};
    std::vector<std::string> low;
    for (const Word& word : words.all()) {
        low.push_back(word.low);
    }
    EXPECT_EQ(low,
              (std::vector<std::string>{
                  "open", "7:00-15:00", ",", "mail", "hello@x.example", "now", ".", "done"}));
}

TEST(Pattern, CapturesAsLittleAsFits) {
    const Pattern pattern{"rename the? field? {'from} of {noun} to {'to}"};
    const auto found = pattern.match(Words{"Rename the field \"shelf\" of parts to \"bin\"."});
    ASSERT_TRUE(found);
    EXPECT_EQ(found->at("from"), "shelf");
    EXPECT_EQ(found->at("noun"), "parts");
    EXPECT_EQ(found->at("to"), "bin");
    EXPECT_FALSE(pattern.match(Words{"Rename shelf to bin"}));
}

TEST(Pattern, GivesUpInsteadOfTryingForEver) {
    const Pattern pattern{"{a} x {b} x {c} x {d} x {e} y"};
    std::string text;
    for (int at = 0; at < 500; ++at) {
        text += "x ";
    }
    EXPECT_FALSE(pattern.match(Words{text}));
}

TEST(Colours, NamesJoinAndHexIsRead) {
    const auto found =
        find_colours("Background #F7F7F5, primary colour steel blue and dark slate gray");
    ASSERT_EQ(found.size(), 3U);
    EXPECT_EQ(found[0].css, "#f7f7f5");
    EXPECT_EQ(found[1].css, "steelblue");
    EXPECT_EQ(found[2].css, "darkslategray");
    EXPECT_FALSE(parse_colour("#12345"));
    EXPECT_FALSE(parse_colour("url(javascript:alert(1))"));
}

TEST(Colours, TextIsAlwaysReadable) {
    for (const char* ground :
         {"white", "black", "seashell", "steelblue", "#4ade80", "yellow", "gray"}) {
        const Rgb colour = parse_colour(ground).value();
        EXPECT_GE(contrast(readable_on(colour, colour), colour), 400) << ground;
        const Rgb label = ink_on(colour);
        EXPECT_GE(contrast(label, ground_for(colour, label)), 450) << ground;
    }
    EXPECT_EQ(contrast(Rgb{255, 255, 255}, Rgb{0, 0, 0}), 2100);
}

TEST(JsonText, NothingBreaksOutOfAString) {
    EXPECT_EQ(quoted("</script>\"\\\n\x01"), "\"\\u003c/script\\u003e\\\"\\\\\\n\\u0001\"");
}

}  // namespace
}  // namespace origin::generator

// SPDX-License-Identifier: Apache-2.0
// Goal: one field is read from prose, bullets and table rows with its type and its bounds.
// Method: tables of texts, bad ones first; blocks and statements beside them.
#include "generator/blueprint/fields.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "generator/blueprint/blocks.h"
#include "generator/blueprint/sections.h"
#include "generator/blueprint/statements.h"

namespace origin::generator {
namespace {

Field field_of(std::string_view text) {
    const auto found = read_field(text);
    EXPECT_TRUE(found) << text;
    return found ? found->field : Field{};
}

TEST(Fields, WhatIsNoFieldIsRefused) {
    EXPECT_FALSE(read_field(""));
    EXPECT_FALSE(read_field("()"));
    EXPECT_FALSE(read_field("\xF0\x9F\xA7\xAD"));
    EXPECT_FALSE(read_field("we lose money because nobody knows which parts are left"));
}

TEST(Fields, HostileSpecificationsAreBounded) {
    std::string values = "kind (one of ";
    for (int at = 0; at < 5000; ++at) {
        values += "v" + std::to_string(at) + ", ";
    }
    EXPECT_LE(field_of(values + "x)").values.size(), 50U);
    EXPECT_EQ(field_of("size (min 1.2.3, max ..)").min, "");
    EXPECT_EQ(field_of("size (min 007)").min, "7");
    EXPECT_EQ(field_of(std::string("size ") + std::string(1000, '(')).id, "size");
}

TEST(Fields, TypesBoundsAndDefaults) {
    const Field quantity = field_of("quantity (integer, required, min 0, default 0)");
    EXPECT_EQ(quantity.type, "integer");
    EXPECT_TRUE(quantity.required);
    EXPECT_EQ(quantity.min, "0");
    EXPECT_EQ(quantity.default_value, "0");

    const Field target = field_of("target per week (number, 1-7)");
    EXPECT_EQ(target.id, "target_per_week");
    EXPECT_EQ(target.min + ".." + target.max, "1..7");

    const Field status = field_of("`status` (enum: waiting, in progress, ready; default waiting)");
    EXPECT_EQ(status.values, (std::vector<std::string>{"waiting", "in progress", "ready"}));
    EXPECT_EQ(status.default_value, "waiting");

    EXPECT_EQ(field_of("a short description").type, "longtext");
    EXPECT_EQ(field_of("lead time in days (integer)").type, "integer");
    EXPECT_EQ(field_of("unit price: money (GBP)").currency, "GBP");
    EXPECT_EQ(field_of("category (bread, pastry, cake)").type, "enum");
    EXPECT_EQ(field_of("shelf (e.g. A3)").hint, "e.g. A3");
}

TEST(Fields, LinksNameTheirTarget) {
    const auto many = read_field("`parts used` (many Part)");
    ASSERT_TRUE(many);
    EXPECT_TRUE(many->many);
    EXPECT_EQ(many->target, "part");
    EXPECT_FALSE(read_field("supplier (link to Supplier)")->many);
}

TEST(Fields, ListsKeepBracketsTogether) {
    const auto fields = read_field_list("amount, date, category (food, rent) and a note");
    ASSERT_EQ(fields.size(), 4U);
    EXPECT_EQ(fields[2].field.values.size(), 2U);
    EXPECT_EQ(fields[3].field.id, "note");
}

TEST(Blocks, TooLargeIsAnErrorWithItsName) {
    const auto bytes = read_blocks(std::string(1 << 20, 'a'));
    ASSERT_FALSE(bytes);
    EXPECT_EQ(bytes.error().reason(), "requirement_too_large");
    const auto lines = read_blocks(std::string(6000, '\n'));
    ASSERT_FALSE(lines);
    EXPECT_EQ(lines.error().reason(), "requirement_too_large");
}

TEST(Blocks, DeepListsAreFlattenedNotFollowed) {
    std::string text;
    for (int depth = 0; depth < 400; ++depth) {
        text += std::string(2 * static_cast<std::size_t>(depth), ' ') + "- x\n";
    }
    const auto blocks = read_blocks(text);
    ASSERT_TRUE(blocks);
    EXPECT_EQ(blocks->size(), 400U);
    EXPECT_LE(blocks->back().level, 8);
}

TEST(Blocks, TableHeadAndRuleAreNoRows) {
    const auto blocks = read_blocks("| Field | Type |\n|---|---|\n| name | text |\n\nafter");
    ASSERT_TRUE(blocks);
    ASSERT_EQ(blocks->size(), 3U);
    EXPECT_EQ((*blocks)[0].kind, BlockKind::TableHead);
    EXPECT_EQ((*blocks)[1].kind, BlockKind::TableRow);
    EXPECT_EQ((*blocks)[1].line, 3);
}

TEST(Sections, HeadingsSayWhatBecomesOfTheirLines) {
    EXPECT_EQ(class_of_heading("### Phase 2: Growth"), SectionClass::Defer);
    EXPECT_EQ(class_of_heading("Phase 1: MVP"), std::nullopt);
    EXPECT_EQ(class_of_heading("\xF0\x9F\x8E\xAF Target Audience"), SectionClass::Context);
    EXPECT_EQ(class_of_heading("2.1 Non-functional requirements"), SectionClass::NonFunctional);
    EXPECT_EQ(class_of_heading("Non-goals"), SectionClass::Exclude);
    EXPECT_EQ(class_of_heading("Tech stack"), SectionClass::Stack);
}

TEST(Statements, ActorsComeOffAndAbbreviationsDoNotEndSentences) {
    EXPECT_EQ(without_actor("As a librarian, I want to add books"), "add books");
    EXPECT_EQ(without_actor("The system shall allow staff to list jobs"), "list jobs");
    EXPECT_EQ(without_actor("A part can have one supplier"), "A part can have one supplier");
    const auto blocks = read_blocks("Sort by name, e.g. A to Z. Filter by size.");
    const auto reading = read_statements(*blocks);
    ASSERT_TRUE(reading);
    EXPECT_EQ(reading->statements.size(), 2U);
}

}  // namespace
}  // namespace origin::generator

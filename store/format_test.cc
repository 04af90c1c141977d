// SPDX-License-Identifier: Apache-2.0
// Goal: an older store is brought forward once, step by step; a newer or strange one is refused.
// Method: the in-memory store and steps that write down that they ran.
#include "store/format.h"

#include <array>

#include <gtest/gtest.h>

#include "store/memory_store.h"

namespace origin::store {
namespace {

Status put(Store& store, std::string_view key, std::string_view value) {
    return store.write([&](Writer& writer) { return writer.put(Table::Meta, key, value); });
}

std::string get(Store& store, std::string_view key) {
    std::string found = "(none)";
    EXPECT_TRUE(store.read([&](Reader& reader) -> Status {
        ORIGIN_TRY(value, reader.get(Table::Meta, key));
        found = value.value_or(found);
        return {};
    }));
    return found;
}

Migration leaves(std::string mark) {
    return [mark](Writer& writer) -> Status {
        ORIGIN_TRY(before, writer.get(Table::Meta, "marks"));
        return writer.put(Table::Meta, "marks", before.value_or("") + mark);
    };
}

Status upgrade(Store& store, std::span<const Migration> steps) {
    return store.write([&](Writer& writer) { return bring_to_current(writer, steps); });
}

const std::string kOne("\0\0\0\1", 4);
const std::string kThree("\0\0\0\3", 4);

TEST(Format, ANewStoreIsInTodaysForm) {
    const auto store = make_memory_store();
    const std::array steps = {leaves("a"), leaves("b")};
    ASSERT_TRUE(upgrade(*store, steps));
    EXPECT_EQ(get(*store, "format"), kThree);
    EXPECT_EQ(get(*store, "marks"), "(none)");
    const std::uint64_t version = store->version();
    ASSERT_TRUE(upgrade(*store, steps));
    EXPECT_EQ(store->version(), version) << "nothing to do, so nothing is written";
}

TEST(Format, AnOlderStoreTakesEachMissingStepOnce) {
    const auto store = make_memory_store();
    ASSERT_TRUE(put(*store, "format", kOne));
    const std::array steps = {leaves("a"), leaves("b")};
    ASSERT_TRUE(upgrade(*store, std::span(steps).first(1)));
    EXPECT_EQ(get(*store, "marks"), "a");
    ASSERT_TRUE(upgrade(*store, steps));
    ASSERT_TRUE(upgrade(*store, steps));
    EXPECT_EQ(get(*store, "marks"), "ab");
    EXPECT_EQ(get(*store, "format"), kThree);
}

TEST(Format, AFailingStepChangesNothing) {
    const auto store = make_memory_store();
    ASSERT_TRUE(put(*store, "format", kOne));
    const Migration fails = [](Writer&) -> Status {
        return std::unexpected(Error(Code::Internal, "no"));
    };
    const std::array steps = {leaves("a"), fails};
    EXPECT_FALSE(upgrade(*store, steps));
    EXPECT_EQ(get(*store, "format"), kOne);
    EXPECT_EQ(get(*store, "marks"), "(none)");
}

TEST(Format, RefusesNewerStrangeAndMissing) {
    const auto newer = make_memory_store();
    ASSERT_TRUE(put(*newer, "format", kThree));
    const Status refused = upgrade(*newer, {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason(), "newer_format");

    for (const std::string& bad : {std::string(4, '\0'), std::string("1"), kOne + "1"}) {
        const auto store = make_memory_store();
        ASSERT_TRUE(put(*store, "format", bad));
        EXPECT_EQ(upgrade(*store, {}).error().code(), Code::Corrupt);
    }
    const auto rows_only = make_memory_store();
    ASSERT_TRUE(put(*rows_only, "other", "row"));
    EXPECT_EQ(upgrade(*rows_only, {}).error().code(), Code::Corrupt);
}

}  // namespace
}  // namespace origin::store

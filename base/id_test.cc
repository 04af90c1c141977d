// SPDX-License-Identifier: Apache-2.0
// Goal: ids read back as they were printed, sort by time, and only their canonical text is taken.
// Method: random ids both ways; then a table of texts that are nearly an id.
#include "base/id.h"

#include <set>

#include <gtest/gtest.h>

namespace origin {
namespace {

TEST(Id, TextComesBackAsTheSameId) {
    SystemRandom random;
    const SystemClock clock;
    for (int i = 0; i < 1000; ++i) {
        const auto id = ProjectId::make(clock, random);
        ASSERT_EQ(ProjectId::parse(id.str()), id) << id.str();
        ASSERT_EQ(ProjectId::from_raw(id.view()), id);
    }
}

TEST(Id, LaterIdsSortLater) {
    SystemRandom random;
    const ProjectId early{make_id_bytes(1'000'000, random)};
    const ProjectId late{make_id_bytes(1'000'001, random)};
    EXPECT_LT(early, late);
    EXPECT_LT(early.str(), late.str());
}

TEST(Id, ACopiedSequenceGivesTheSameDistinctIds) {
    SystemRandom random;
    const IdSequence drawn(SystemClock(), random);
    IdSequence first = drawn;
    IdSequence second = drawn;
    std::set<RunId> seen;
    for (int i = 0; i < 1000; ++i) {
        const auto id = first.next<RunId>();
        EXPECT_EQ(id, second.next<RunId>());
        EXPECT_TRUE(seen.insert(id).second);
    }
}

TEST(Id, RefusesEveryOtherText) {
    const std::string good = ProjectId{}.str();
    EXPECT_TRUE(ProjectId::parse(good));
    EXPECT_FALSE(ProjectId::parse(""));
    EXPECT_FALSE(ProjectId::parse("prj_"));
    EXPECT_FALSE(ProjectId::parse(good + "0"));
    EXPECT_FALSE(ProjectId::parse(good.substr(0, good.size() - 1)));
    EXPECT_FALSE(ProjectId::parse("cli" + good.substr(3)));
    EXPECT_FALSE(ProjectId::parse("prj_8" + good.substr(5)));  // Above 128 bits.
    EXPECT_FALSE(ProjectId::parse("prj_i" + good.substr(5)));  // Not in the alphabet.
    EXPECT_FALSE(ProjectId::parse("prj_A" + good.substr(5)));  // Upper case.
}

}  // namespace
}  // namespace origin

// SPDX-License-Identifier: Apache-2.0
// Goal: key bytes sort as their parts do, and come apart again.
// Method: golden bytes, sorted samples, every cut.
#include "store/key.h"

#include <algorithm>
#include <array>
#include <limits>

#include <gtest/gtest.h>

namespace origin::store {
namespace {

TEST(Key, NumbersSortAsBytes) {
    EXPECT_EQ(be64(0x0102030405060708), "\1\2\3\4\5\6\7\x08");
    EXPECT_EQ(from_be64(be64(1ULL << 63)), 1ULL << 63);
    EXPECT_FALSE(from_be64("1234567"));
    EXPECT_FALSE(from_be64("123456789"));
    EXPECT_LT(be64(255), be64(256));
}

TEST(Key, TimesSortAcrossZero) {
    const std::array<UnixMillis, 5> times = {
        std::numeric_limits<UnixMillis>::min(), -1, 0, 1, std::numeric_limits<UnixMillis>::max()};
    std::string before;
    for (const UnixMillis time : times) {
        const std::string now = key(time);
        EXPECT_LT(before, now);
        EXPECT_EQ(KeyParts(now).time(), time);
        before = now;
    }
}

TEST(Key, JoinsAndComesApart) {
    ProjectId project;
    project.raw.fill(7);
    const std::string ref = key(project, "refs/heads/main");
    EXPECT_EQ(ref, std::string(16, '\7') + "refs/heads/main");
    KeyParts parts(ref);
    EXPECT_EQ(parts.id<ProjectId>(), project);
    EXPECT_EQ(parts.rest(), "refs/heads/main");

    const std::string job = key(Label{"run"}, UnixMillis{5}, project);
    EXPECT_TRUE(job.starts_with("\3run\x80"));
    for (std::size_t size = 0; size < job.size(); ++size) {
        KeyParts cut(std::string_view(job).substr(0, size));
        const bool whole = cut.label() && cut.time() && cut.id<ProjectId>();
        EXPECT_FALSE(whole) << size;
    }
    KeyParts whole(job);
    EXPECT_EQ(whole.label(), "run");
    EXPECT_EQ(whole.time(), 5);
    EXPECT_EQ(whole.id<ProjectId>(), project);
    EXPECT_EQ(whole.rest(), "");
}

TEST(Key, LabelsThatBeginAlikeDoNotMix) {
    EXPECT_FALSE(key(Label{"runs"}).starts_with(key(Label{"run"})));
}

}  // namespace
}  // namespace origin::store

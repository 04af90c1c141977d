// SPDX-License-Identifier: Apache-2.0
// Goal: percentiles are latencies that were measured, by nearest rank.
// Method: small sets with known ranks.
#include "bench/latencies.h"

#include <gtest/gtest.h>

namespace origin::bench {
namespace {

using std::chrono::microseconds;

TEST(Latencies, NoneAreZero) {
    const Latencies none;
    EXPECT_EQ(none.count(), 0U);
    EXPECT_EQ(none.at(0.5), 0);
}

TEST(Latencies, OneIsEveryPercentile) {
    Latencies one;
    one.add(microseconds(7));
    EXPECT_EQ(one.at(0), 7);
    EXPECT_EQ(one.at(0.5), 7);
    EXPECT_EQ(one.at(1), 7);
}

TEST(Latencies, PercentilesAreTheNearestRank) {
    Latencies hundred;
    for (int i = 100; i >= 1; --i) {
        hundred.add(microseconds(i));
    }
    EXPECT_EQ(hundred.at(0), 1);
    EXPECT_EQ(hundred.at(0.5), 50);
    EXPECT_EQ(hundred.at(0.9), 90);
    EXPECT_EQ(hundred.at(0.99), 99);
    EXPECT_EQ(hundred.at(1), 100);
    EXPECT_EQ(hundred.json(),
              R"({"min": 1.0, "p50": 50.0, "p90": 90.0, "p99": 99.0, "max": 100.0})");
}

}  // namespace
}  // namespace origin::bench

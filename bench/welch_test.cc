// SPDX-License-Identifier: Apache-2.0
// Goal: t is the number that statistics programs give, and outliers go out of both series alike.
// Method: small series whose t was worked out by hand.
#include "bench/welch.h"

#include <gtest/gtest.h>

namespace origin::bench {
namespace {

TEST(Welch, IsWhatWasWorkedOutByHand) {
    // Means 3 and 6, variances 2.5 and 10 of five: t = -3 / sqrt(0.5 + 2).
    EXPECT_NEAR(welch_t({1, 2, 3, 4, 5}, {2, 4, 6, 8, 10}), -1.8973666, 1e-6);
    EXPECT_NEAR(welch_t({2, 4, 6, 8, 10}, {1, 2, 3, 4, 5}), 1.8973666, 1e-6);
    // Unequal counts: means 2 and 4, variances 1 of three and 2 of two.
    EXPECT_NEAR(welch_t({1, 2, 3}, {3, 5}), -2 / 1.1547005, 1e-6);
}

TEST(Welch, OfWhatDoesNotVaryIsNothing) {
    EXPECT_EQ(welch_t({7, 7, 7}, {7, 7}), 0);
}

TEST(Welch, GrowsWithTheCount) {
    std::vector<double> a;
    std::vector<double> b;
    for (int i = 0; i < 1000; ++i) {
        a.push_back(i % 10);
        b.push_back(i % 10 + 1);
    }
    EXPECT_GT(-welch_t(a, b), kWelchLeak);
}

TEST(Crop, TakesTheSlowestOutOfBothByOneMeasure) {
    std::vector<double> a{1, 2, 3, 100};
    std::vector<double> b{2, 3, 4, 5, 6, 200};
    crop(a, b, 0.8);
    EXPECT_EQ(a, (std::vector<double>{1, 2, 3}));
    EXPECT_EQ(b, (std::vector<double>{2, 3, 4, 5, 6}));
}

}  // namespace
}  // namespace origin::bench

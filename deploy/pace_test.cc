// SPDX-License-Identifier: Apache-2.0
// Goal: no more than a provider takes, whoever asks with the same token, and no wait for others.
// Method: a clock that the test moves.
#include "deploy/pace.h"

#include <gtest/gtest.h>

namespace origin::deploy {
namespace {

/// Stands still until it is moved.
class StillClock final : public Clock {
public:
    UnixMillis now() const override { return now_; }
    std::chrono::steady_clock::time_point steady() const override { return {}; }
    void advance(Milliseconds time) { now_ += time.count(); }

private:
    UnixMillis now_ = 1'800'000'000'000;
};

constexpr PaceLimit kThreeAMinute{"3 a minute", 3, std::chrono::minutes(1)};

TEST(Pace, TakesSoManyAndSaysHowLongUntilTheNext) {
    StillClock clock;
    Pace pace(clock);
    const Secret token("t");
    EXPECT_EQ(pace.take(kThreeAMinute, token).count(), 0);
    clock.advance(std::chrono::seconds(10));
    EXPECT_EQ(pace.take(kThreeAMinute, token).count(), 0);
    EXPECT_EQ(pace.take(kThreeAMinute, token).count(), 0);
    EXPECT_EQ(pace.take(kThreeAMinute, token).count(), 50'000);
    EXPECT_EQ(pace.take(kThreeAMinute, token).count(), 50'000) << "asking costs nothing";
    clock.advance(std::chrono::seconds(50));
    EXPECT_EQ(pace.take(kThreeAMinute, token).count(), 0);
    EXPECT_EQ(pace.take(kThreeAMinute, token).count(), 10'000) << "in any minute, not each";
}

TEST(Pace, AnotherTokenAndAnotherLimitHaveTheirOwn) {
    StillClock clock;
    Pace pace(clock);
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(pace.take(kThreeAMinute, Secret("t")).count(), 0);
    }
    EXPECT_GT(pace.take(kThreeAMinute, Secret("t")).count(), 0);
    EXPECT_EQ(pace.take(kThreeAMinute, Secret("u")).count(), 0);
    EXPECT_EQ(pace.take({"other", 1, std::chrono::minutes(1)}, Secret("t")).count(), 0);
}

TEST(Pace, TokensAreForgottenAndManyOfThemRefuseNobody) {
    StillClock clock;
    Pace pace(clock);
    for (std::size_t i = 0; i < kPacedTokensMax + 10; ++i) {
        EXPECT_EQ(pace.take({"one", 1, std::chrono::minutes(1)}, Secret(std::to_string(i))).count(),
                  0);
    }
    const Secret late(std::to_string(kPacedTokensMax + 5));
    EXPECT_EQ(pace.take({"one", 1, std::chrono::minutes(1)}, late).count(), 0) << "no room for it";
    clock.advance(std::chrono::minutes(2));
    EXPECT_EQ(pace.take({"one", 1, std::chrono::minutes(1)}, late).count(), 0);
    EXPECT_GT(pace.take({"one", 1, std::chrono::minutes(1)}, late).count(), 0);
}

}  // namespace
}  // namespace origin::deploy

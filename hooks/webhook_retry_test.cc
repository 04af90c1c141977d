// SPDX-License-Identifier: Apache-2.0
// Goal: failed deliveries are tried again for more than a day, ever more rarely, never all at once.
// Method: the delays with random bytes that are all zero, all one, and the system's.
#include "hooks/webhook_retry.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

namespace origin::hooks {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

class Same final : public Random {
public:
    explicit Same(unsigned char byte) : byte_(byte) {}
    void fill(std::span<std::byte> out) override { std::ranges::fill(out, std::byte{byte_}); }

private:
    unsigned char byte_;
};

Milliseconds all_delays(Random& random) {
    Milliseconds total(0);
    for (std::uint32_t attempts = 1; const auto delay = webhook_retry_delay(attempts, random);
         ++attempts) {
        EXPECT_LE(*delay, kWebhookDelayMax);
        total += *delay;
    }
    return total;
}

TEST(WebhookRetry, TriplesUpToADay) {
    Same longest(0);
    EXPECT_EQ(webhook_retry_delay(1, longest), seconds(5));
    EXPECT_EQ(webhook_retry_delay(2, longest), seconds(15));
    EXPECT_EQ(webhook_retry_delay(3, longest), seconds(45));
    EXPECT_EQ(webhook_retry_delay(9, longest), seconds(5 * 6561));
    EXPECT_EQ(webhook_retry_delay(10, longest), hours(24));
    EXPECT_EQ(webhook_retry_delay(11, longest), hours(24));
    EXPECT_FALSE(webhook_retry_delay(kWebhookAttemptsMax, longest));
    EXPECT_FALSE(webhook_retry_delay(0, longest));
    EXPECT_GT(all_delays(longest), hours(61));
}

TEST(WebhookRetry, GoesOnForMoreThanADayWhateverTheDice) {
    Same shortest(0xff);
    EXPECT_GT(all_delays(shortest), hours(46));
    EXPECT_LE(webhook_retry_delay(1, shortest), Milliseconds(3751));
}

TEST(WebhookRetry, EndpointsThatFailedTogetherComeBackApart) {
    SystemRandom random;
    std::set<Milliseconds> delays;
    for (int i = 0; i < 100; ++i) {
        const auto delay = webhook_retry_delay(5, random);
        ASSERT_TRUE(delay);
        EXPECT_GE(*delay, Milliseconds(303'750));
        EXPECT_LE(*delay, seconds(405));
        delays.insert(*delay);
    }
    EXPECT_GT(delays.size(), 50U);
}

TEST(RetryAfter, IsSecondsOrADateAndBounded) {
    constexpr UnixMillis kNow = 784'111'777'000;  // Sun, 06 Nov 1994 08:49:37 GMT
    EXPECT_EQ(retry_after("120", kNow), seconds(120));
    EXPECT_EQ(retry_after("0", kNow), seconds(0));
    EXPECT_EQ(retry_after("99999999999999999999999999", kNow), hours(24));
    EXPECT_EQ(retry_after("Sun, 06 Nov 1994 08:50:37 GMT", kNow), seconds(60));
    EXPECT_EQ(retry_after("Sun, 06 Nov 1994 08:48:37 GMT", kNow), seconds(0)) << "it has passed";
    EXPECT_EQ(retry_after("Sun, 06 Nov 2094 08:48:37 GMT", kNow), hours(24));
    for (const char* nonsense : {"", "-1", "1.5", "soon", "0x10", " 5"}) {
        EXPECT_FALSE(retry_after(nonsense, kNow)) << nonsense;
    }
}

}  // namespace
}  // namespace origin::hooks

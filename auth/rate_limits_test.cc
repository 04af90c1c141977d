// SPDX-License-Identifier: Apache-2.0
// Goal: exactly the quota and no more; nobody pays for another; memory stays as it is; a clock that
// jumps neither frees nor locks; a fetch is given back on every way.
// Method: a clock that is moved by hand, and crowds of made-up addresses and clients.
#include "auth/rate_limits.h"

#include <atomic>
#include <future>

#include <gtest/gtest.h>

namespace origin::auth {
namespace {

using std::chrono::seconds;

class HandClock final : public Clock {
public:
    UnixMillis now() const override { return 0; }
    std::chrono::steady_clock::time_point steady() const override {
        return std::chrono::steady_clock::time_point(at);
    }
    std::chrono::nanoseconds at = std::chrono::hours(1000);
};

ClientId client(unsigned char number) {
    ClientId id;
    id.raw[0] = number;
    return id;
}

std::string address(unsigned number) {
    return "10." + std::to_string(number >> 16U & 255U) + "." +
           std::to_string(number >> 8U & 255U) + "." + std::to_string(number & 255U);
}

class RateLimitsTest : public ::testing::Test {
protected:
    RateLimits make(const Rates& rates) { return {rates, clock_, random_, metrics_}; }

    static std::uint64_t takes(RateLimits& limits, Counted what, const Party& who) {
        constexpr std::uint64_t kEnough = 100'000;
        std::uint64_t count = 0;
        while (count < kEnough && !limits.take(what, who)) {
            ++count;
        }
        return count;
    }

    HandClock clock_;
    SystemRandom random_;
    Metrics metrics_;
    const Party alice_ = Party::of(client(1));
    const Party bob_ = Party::of(client(2));
};

TEST_F(RateLimitsTest, GivesExactlyTheQuota) {
    for (const std::uint64_t quota : {1U, 2U, 7U, 59U, 60U, 61U, 999U, 30'000U}) {
        RateLimits limits = make({.requests = quota});
        EXPECT_EQ(takes(limits, Counted::Requests, alice_), quota);
    }
}

TEST_F(RateLimitsTest, TheWaitItNamesIsLongEnoughAndNotASecondTooLong) {
    for (const std::uint64_t quota : {1U, 7U, 20U, 60U, 6000U}) {
        RateLimits limits = make({.pushes = quota});
        takes(limits, Counted::Pushes, alice_);
        const auto excess = limits.take(Counted::Pushes, alice_);
        ASSERT_TRUE(excess);
        EXPECT_GE(excess->wait, seconds(1));
        EXPECT_LE(excess->wait, seconds(60 / quota + 1));
        clock_.at += excess->wait - seconds(1) - std::chrono::nanoseconds(1);
        if (excess->wait > seconds(1)) {
            EXPECT_TRUE(limits.peek(Counted::Pushes, alice_)) << quota;
        }
        clock_.at += seconds(1) + std::chrono::nanoseconds(1);
        EXPECT_FALSE(limits.take(Counted::Pushes, alice_)) << quota;
    }
}

TEST_F(RateLimitsTest, ARefusalAndALookCountNothing) {
    RateLimits limits = make({.runs = 3});
    for (int i = 0; i < 1000; ++i) {
        EXPECT_FALSE(limits.peek(Counted::Runs, alice_));
    }
    EXPECT_EQ(takes(limits, Counted::Runs, alice_), 3U);
    for (int i = 0; i < 1000; ++i) {
        EXPECT_TRUE(limits.take(Counted::Runs, alice_));
    }
    clock_.at += seconds(20);
    EXPECT_EQ(takes(limits, Counted::Runs, alice_), 1U);
}

TEST_F(RateLimitsTest, AWholeQuietMinuteGivesTheWholeQuotaAndNotMore) {
    RateLimits limits = make({.requests = 50});
    takes(limits, Counted::Requests, alice_);
    clock_.at += seconds(60);
    EXPECT_EQ(takes(limits, Counted::Requests, alice_), 50U);
    clock_.at += std::chrono::hours(24 * 365);
    EXPECT_EQ(takes(limits, Counted::Requests, alice_), 50U);
}

TEST_F(RateLimitsTest, NobodyPaysForAnother) {
    RateLimits limits = make({.requests = 5, .address_requests = 2, .pushes = 3, .runs = 4});
    EXPECT_EQ(takes(limits, Counted::Requests, alice_), 5U);
    EXPECT_EQ(takes(limits, Counted::Pushes, alice_), 3U);
    EXPECT_EQ(takes(limits, Counted::Runs, alice_), 4U);
    EXPECT_EQ(takes(limits, Counted::Requests, bob_), 5U);
    EXPECT_EQ(takes(limits, Counted::Requests, Party::at("192.0.2.1")), 2U);
    EXPECT_EQ(takes(limits, Counted::Requests, Party::at("192.0.2.2")), 2U);
}

TEST_F(RateLimitsTest, ZeroIsWithoutEnd) {
    RateLimits limits =
        make({.requests = 0, .address_requests = 0, .pushes = 0, .runs = 0, .fetches = 0});
    EXPECT_EQ(takes(limits, Counted::Requests, alice_), 100'000U);
    EXPECT_FALSE(limits.peek(Counted::Requests, Party::at("192.0.2.1")));
    EXPECT_TRUE(limits.begin_fetch(alice_));
    EXPECT_FALSE(limits.peek_fetch(alice_));
    EXPECT_EQ(limits.rows(), 0U);
}

TEST_F(RateLimitsTest, TheLargestQuotaDoesNotOverflow) {
    RateLimits limits = make({.requests = 1'000'000'000, .fetches = UINT64_MAX});
    EXPECT_EQ(takes(limits, Counted::Requests, alice_), 100'000U);
    EXPECT_TRUE(limits.begin_fetch(alice_));
}

TEST_F(RateLimitsTest, OneWhoOwnsANetworkIsOneParty) {
    EXPECT_EQ(Party::at("2001:db8:1:2::1"), Party::at("2001:db8:1:2:ffff:ffff:ffff:ffff"));
    EXPECT_NE(Party::at("2001:db8:1:2::1"), Party::at("2001:db8:1:3::1"));
    EXPECT_EQ(Party::at("::ffff:192.0.2.1"), Party::at("192.0.2.1"));
    EXPECT_NE(Party::at("::ffff:192.0.2.1"), Party::at("::ffff:192.0.2.2"));
    EXPECT_NE(Party::at("192.0.2.1"), Party::at("192.0.2.2"));
    // No address at all: they share one, so that nonsense is no way around.
    EXPECT_EQ(Party::at(""), Party::at("192.0.2.1, 192.0.2.2"));
    EXPECT_EQ(Party::at("nonsense"), Party::at(std::string(10'000, 'x')));
}

TEST_F(RateLimitsTest, AClientIsNotAnAddressWithTheSameBytes) {
    ClientId twin;
    twin.raw = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1};
    EXPECT_NE(Party::of(twin), Party::at("192.0.2.1"));
    RateLimits limits = make({.requests = 4, .address_requests = 4});
    EXPECT_EQ(takes(limits, Counted::Requests, Party::of(twin)), 4U);
    EXPECT_EQ(takes(limits, Counted::Requests, Party::at("192.0.2.1")), 4U);
}

TEST_F(RateLimitsTest, AMillionAddressesTakeNoMoreMemory) {
    RateLimits limits = make({.requests = 100, .address_requests = 5});
    EXPECT_EQ(takes(limits, Counted::Requests, alice_), 100U);
    for (unsigned number = 0; number < 1'000'000; ++number) {
        EXPECT_FALSE(limits.take(Counted::Requests, Party::at(address(number))));
    }
    EXPECT_LE(limits.rows(), RateLimits::kRows);
    // Who asked most is remembered longest: the crowd does not wash a busy one clean.
    EXPECT_TRUE(limits.take(Counted::Requests, alice_));
    EXPECT_FALSE(limits.take(Counted::Requests, bob_));
}

TEST_F(RateLimitsTest, AClockSetBackNeitherFreesNorLocks) {
    RateLimits limits = make({.requests = 60});
    EXPECT_EQ(takes(limits, Counted::Requests, alice_), 60U);
    clock_.at -= std::chrono::hours(10);
    EXPECT_TRUE(limits.take(Counted::Requests, alice_));
    clock_.at += seconds(1);
    EXPECT_LE(takes(limits, Counted::Requests, alice_), 1U);
    clock_.at += seconds(60);
    EXPECT_EQ(takes(limits, Counted::Requests, alice_), 60U);
}

TEST_F(RateLimitsTest, FetchesAreGivenBackOnEveryWay) {
    RateLimits limits = make({.fetches = 2});
    auto first = limits.begin_fetch(alice_);
    ASSERT_TRUE(first);
    {
        auto second = limits.begin_fetch(alice_);
        ASSERT_TRUE(second);
        const auto third = limits.begin_fetch(alice_);
        ASSERT_FALSE(third);
        EXPECT_EQ(third.error().name, "fetches");
        EXPECT_TRUE(limits.peek_fetch(alice_));
        EXPECT_TRUE(limits.begin_fetch(bob_));
        RateLimits::Fetch moved = std::move(*second);
        EXPECT_EQ(limits.fetches(), 2U);
    }
    EXPECT_EQ(limits.fetches(), 1U);
    EXPECT_FALSE(limits.peek_fetch(alice_));
    EXPECT_TRUE(limits.begin_fetch(alice_));
    first->reset();
    EXPECT_EQ(limits.fetches(), 0U);
}

TEST_F(RateLimitsTest, SaysWhatWasGoneOver) {
    RateLimits limits = make({.address_requests = 2, .fetches = 1});
    const Party somebody = Party::at("192.0.2.1");
    takes(limits, Counted::Requests, somebody);
    const auto excess = limits.take(Counted::Requests, somebody);
    ASSERT_TRUE(excess);
    EXPECT_EQ(excess->policy(), "\"requests\";q=2;w=60");
    EXPECT_EQ(excess->state(), "\"requests\";r=0;t=30");
    EXPECT_EQ(excess->error().reason(), "rate_limited");
    EXPECT_EQ(excess->error().told_to_peer(),
              "too many requests from this address (at most 2 a minute); try again in 30 s");
    const auto held = limits.begin_fetch(alice_);
    const auto fetch = limits.begin_fetch(alice_);
    ASSERT_FALSE(fetch);
    EXPECT_EQ(fetch.error().policy(), "\"fetches\";q=1;qu=\"concurrent-requests\"");
    EXPECT_EQ(fetch.error().error().told_to_peer(),
              "too many fetches of yours (at most 1 at once); try again in 1 s");
    EXPECT_EQ(metrics_.counter("limited_total{limit=\"fetches\"}").value(), 1U);
}

TEST_F(RateLimitsTest, ManyThreadsGetTheQuotaTogether) {
    constexpr std::uint64_t kQuota = 10'000;
    RateLimits limits = make({.requests = kQuota, .fetches = 3});
    std::atomic<std::uint64_t> taken = 0;
    std::vector<std::future<void>> threads;
    for (int i = 0; i < 4; ++i) {
        threads.push_back(std::async(std::launch::async, [&] {
            for (std::uint64_t n = 0; n < kQuota; ++n) {
                taken += limits.take(Counted::Requests, alice_) ? 0 : 1;
                std::ignore = limits.begin_fetch(bob_);
            }
        }));
    }
    threads.clear();  // Waits for them.
    EXPECT_EQ(taken, kQuota);
    EXPECT_EQ(limits.fetches(), 0U);
}

}  // namespace
}  // namespace origin::auth

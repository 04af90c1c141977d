// SPDX-License-Identifier: Apache-2.0
// Goal: a client that was told to come again does not ask before; the others do.
// Method: times that are made up.
#include "bench/clients.h"

#include <gtest/gtest.h>

namespace origin::bench {
namespace {

using namespace std::chrono_literals;
constexpr Clients::Instant kStart{1h};

TEST(Clients, AskAtOnceAndOnlyAsManyAsThereAre) {
    Clients two(2);
    EXPECT_TRUE(two.take(kStart));
    EXPECT_TRUE(two.take(kStart));
    EXPECT_FALSE(two.take(kStart));
    two.ask_again();
    EXPECT_TRUE(two.take(kStart));
}

TEST(Clients, RestAsLongAsTheyWereTold) {
    Clients one(1);
    ASSERT_TRUE(one.take(kStart));
    EXPECT_FALSE(one.next());
    one.rest_until(kStart + 1s);
    EXPECT_EQ(one.next(), kStart + 1s);
    EXPECT_FALSE(one.take(kStart + 999ms));
    EXPECT_TRUE(one.take(kStart + 1s));
    EXPECT_FALSE(one.next());
}

TEST(Clients, WhoWasToldToComeSoonerAsksSooner) {
    Clients two(2);
    ASSERT_TRUE(two.take(kStart) && two.take(kStart));
    two.rest_until(kStart + 5s);
    two.rest_until(kStart + 1s);
    EXPECT_EQ(two.next(), kStart + 1s);
    EXPECT_TRUE(two.take(kStart + 2s));
    EXPECT_FALSE(two.take(kStart + 2s));
}

TEST(Clients, ComeOneAfterAnother) {
    Clients four(4, kStart, 1s);
    EXPECT_TRUE(four.take(kStart));
    EXPECT_FALSE(four.take(kStart));
    EXPECT_TRUE(four.take(kStart + 250ms));
    EXPECT_EQ(four.next(), kStart + 500ms);
    EXPECT_TRUE(four.take(kStart + 1s));
    EXPECT_TRUE(four.take(kStart + 1s));
    EXPECT_FALSE(four.take(kStart + 1s));
}

}  // namespace
}  // namespace origin::bench

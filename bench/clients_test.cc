// SPDX-License-Identifier: Apache-2.0
// Goal: a client that was told to come again does not ask before; the others do.
// Method: times that are made up.
#include "bench/clients.h"

#include <gtest/gtest.h>

namespace origin::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
constexpr Clients::Instant kStart{seconds{3600}};

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
    one.rest_until(kStart + seconds{1});
    EXPECT_EQ(one.next(), kStart + seconds{1});
    EXPECT_FALSE(one.take(kStart + milliseconds{999}));
    EXPECT_TRUE(one.take(kStart + seconds{1}));
    EXPECT_FALSE(one.next());
}

TEST(Clients, WhoWasToldToComeSoonerAsksSooner) {
    Clients two(2);
    ASSERT_TRUE(two.take(kStart) && two.take(kStart));
    two.rest_until(kStart + seconds{5});
    two.rest_until(kStart + seconds{1});
    EXPECT_EQ(two.next(), kStart + seconds{1});
    EXPECT_TRUE(two.take(kStart + seconds{2}));
    EXPECT_FALSE(two.take(kStart + seconds{2}));
}

TEST(Clients, ComeOneAfterAnother) {
    Clients four(4, kStart, seconds{1});
    EXPECT_TRUE(four.take(kStart));
    EXPECT_FALSE(four.take(kStart));
    EXPECT_TRUE(four.take(kStart + milliseconds{250}));
    EXPECT_EQ(four.next(), kStart + milliseconds{500});
    EXPECT_TRUE(four.take(kStart + seconds{1}));
    EXPECT_TRUE(four.take(kStart + seconds{1}));
    EXPECT_FALSE(four.take(kStart + seconds{1}));
}

}  // namespace
}  // namespace origin::bench

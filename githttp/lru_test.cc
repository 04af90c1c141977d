// SPDX-License-Identifier: Apache-2.0
// Goal: a cache keeps to its bound, and what is used stays.
// Method: a bound of a few values whose cost is known.
#include "githttp/lru.h"

#include <memory>

#include <gtest/gtest.h>

namespace origin::githttp {
namespace {

constexpr std::uint64_t kCost = 1000;

TEST(Lru, WhatWasNotAskedForLongestGoesFirst) {
    Lru<int> cache(3 * kCost + 1000);
    cache.add("a", 1, kCost);
    cache.add("b", 2, kCost);
    cache.add("c", 3, kCost);
    EXPECT_EQ(cache.find("a"), 1);
    cache.add("d", 4, kCost);
    EXPECT_EQ(cache.find("b"), std::nullopt);
    EXPECT_EQ(cache.find("a"), 1);
    EXPECT_EQ(cache.find("c"), 3);
    EXPECT_EQ(cache.find("d"), 4);
}

TEST(Lru, KeepsToItsBound) {
    Lru<int> cache(10 * kCost);
    for (int i = 0; i < 1000; ++i) {
        cache.add(std::to_string(i), i, kCost);
        EXPECT_LE(cache.bytes(), 10 * kCost);
    }
    EXPECT_EQ(cache.find("999"), 999);
    EXPECT_EQ(cache.add("too large", 7, 11 * kCost), 7);
    EXPECT_EQ(cache.find("too large"), std::nullopt);
    EXPECT_EQ(cache.find("999"), 999);
}

TEST(Lru, TheFirstOfAKeyStaysUnlessItIsReplaced) {
    Lru<std::shared_ptr<int>> cache(10 * kCost);
    const auto first = cache.add("a", std::make_shared<int>(1), kCost);
    EXPECT_EQ(cache.add("a", std::make_shared<int>(2), kCost), first);
    const std::uint64_t bytes = cache.bytes();
    cache.replace("a", std::make_shared<int>(3), kCost);
    EXPECT_EQ(**cache.find("a"), 3);
    EXPECT_EQ(cache.bytes(), bytes);
}

}  // namespace
}  // namespace origin::githttp

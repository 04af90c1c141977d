// SPDX-License-Identifier: Apache-2.0
// Goal: who is refused is told to come again, and later the more there are, but not all together.
// Method: counts that are made up.
#include "net/busy_answer.h"

#include <set>

#include <gtest/gtest.h>

namespace origin::net {
namespace {

int told(BusyAnswer& answer) {
    constexpr std::string_view kName = "Retry-After: ";
    const std::string head(answer.head(true));
    const std::size_t at = head.find(kName);
    EXPECT_NE(at, std::string::npos) << head;
    return std::stoi(head.substr(at + kName.size()));
}

std::set<int> all_told(BusyAnswer& answer) {
    std::set<int> seconds;
    for (unsigned i = 0; i < 2 * BusyAnswer::kSecondsMax; ++i) {
        seconds.insert(told(answer));
    }
    return seconds;
}

TEST(BusyAnswer, SaysASecondUntilManyMoreAreRefusedThanServed) {
    BusyAnswer answer;
    EXPECT_EQ(all_told(answer), std::set<int>({1}));
    answer.adapt(100, 200);
    EXPECT_EQ(all_told(answer), std::set<int>({1}));
    answer.adapt(100, 201);
    EXPECT_EQ(all_told(answer), std::set<int>({1, 2}));
    answer.adapt(100, 1000);
    EXPECT_EQ(all_told(answer), std::set<int>({1, 2, 3, 4}));
    answer.adapt(100, 150);  // As it should be.
    EXPECT_EQ(all_told(answer), std::set<int>({1, 2, 3, 4}));
}

TEST(BusyAnswer, HasABoundAndComesBackToASecond) {
    BusyAnswer answer;
    for (int i = 0; i < 20; ++i) {
        answer.adapt(0, 1000);
    }
    EXPECT_EQ(*all_told(answer).rbegin(), static_cast<int>(BusyAnswer::kSecondsMax));
    for (int i = 0; i < 20; ++i) {
        answer.adapt(0, 0);
    }
    EXPECT_EQ(all_told(answer), std::set<int>({1}));
}

TEST(BusyAnswer, IsAWholeAnswer) {
    BusyAnswer answer;
    const std::string keep(answer.head(true));
    const std::string close(answer.head(false));
    EXPECT_TRUE(keep.starts_with("HTTP/1.1 503 Service Unavailable\r\n")) << keep;
    EXPECT_TRUE(keep.ends_with("\r\n\r\n")) << keep;
    EXPECT_TRUE(keep.contains("Content-Length: " + std::to_string(answer.body().size()) + "\r\n"));
    EXPECT_FALSE(keep.contains("Connection: close"));
    EXPECT_TRUE(close.contains("Connection: close\r\n"));
    EXPECT_TRUE(answer.body().contains("\"code\":\"busy\"")) << answer.body();
}

}  // namespace
}  // namespace origin::net

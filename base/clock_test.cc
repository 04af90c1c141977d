// SPDX-License-Identifier: Apache-2.0
// Goal: a time is printed as what it is, whatever was printed before it.
// Method: a table, up and down, and each time twice.
#include "base/clock.h"

#include <array>
#include <ranges>

#include <gtest/gtest.h>

namespace origin {
namespace {

struct Printed {
    UnixMillis time;
    const char* rfc3339;
    const char* http;
};

constexpr std::array<Printed, 8> kTimes = {{
    {-86'400'001, "1969-12-30T23:59:59.999Z", "Tue, 30 Dec 1969 23:59:59 GMT"},
    {-1, "1969-12-31T23:59:59.999Z", "Wed, 31 Dec 1969 23:59:59 GMT"},
    {0, "1970-01-01T00:00:00.000Z", "Thu, 01 Jan 1970 00:00:00 GMT"},
    {999, "1970-01-01T00:00:00.999Z", "Thu, 01 Jan 1970 00:00:00 GMT"},
    {1000, "1970-01-01T00:00:01.000Z", "Thu, 01 Jan 1970 00:00:01 GMT"},
    {784'111'777'000, "1994-11-06T08:49:37.000Z", "Sun, 06 Nov 1994 08:49:37 GMT"},
    {784'111'777'007, "1994-11-06T08:49:37.007Z", "Sun, 06 Nov 1994 08:49:37 GMT"},
    {784'111'778'000, "1994-11-06T08:49:38.000Z", "Sun, 06 Nov 1994 08:49:38 GMT"},
}};

void expect_printed(const Printed& row) {
    for (int time = 0; time < 2; ++time) {
        EXPECT_EQ(rfc3339(row.time), row.rfc3339);
        EXPECT_EQ(http_date(row.time), row.http);
    }
}

TEST(Clock, PrintsEachTimeAsItIs) {
    for (const Printed& row : kTimes) {
        expect_printed(row);
    }
    for (const Printed& row : std::views::reverse(kTimes)) {
        expect_printed(row);
    }
}

}  // namespace
}  // namespace origin

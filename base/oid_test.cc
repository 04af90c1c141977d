// SPDX-License-Identifier: Apache-2.0
// Goal: only forty hex digits make an object id, and its text comes back the same.
// Method: a table of near misses, then a round trip.
#include "base/oid.h"

#include <gtest/gtest.h>

namespace origin {
namespace {

TEST(Oid, RefusesWhatIsNotFortyHexDigits) {
    const std::string whole = "0123456789abcdef0123456789abcdef01234567";
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_FALSE(Oid::from_hex(whole.substr(0, size))) << size;
    }
    EXPECT_FALSE(Oid::from_hex(whole + "0"));
    EXPECT_FALSE(Oid::from_hex("g123456789abcdef0123456789abcdef01234567"));
    EXPECT_FALSE(Oid::from_hex(" 123456789abcdef0123456789abcdef01234567"));
    EXPECT_FALSE(Oid::from_raw("short"));
}

TEST(Oid, ReadsEitherCaseAndPrintsLower) {
    const auto oid = Oid::from_hex("0123456789ABCDEF0123456789abcdef01234567");
    ASSERT_TRUE(oid);
    EXPECT_EQ(oid->hex(), "0123456789abcdef0123456789abcdef01234567");
    EXPECT_EQ(Oid::from_raw(oid->view()), oid);
    EXPECT_FALSE(oid->is_zero());
    EXPECT_TRUE(Oid{}.is_zero());
}

}  // namespace
}  // namespace origin

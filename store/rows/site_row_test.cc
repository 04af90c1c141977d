// SPDX-License-Identifier: Apache-2.0
// Goal: sites of an older origind keep their names.
// Method: the bytes that version 1 wrote.
#include <gtest/gtest.h>

#include "store/row.h"
#include "store/rows/project.h"

namespace origin::store {
namespace {

TEST(SiteRow, OfVersionOneHasNoTarget) {
    const auto row = decode<SiteRow>("\1" + std::string(kIdBytes, '\1'));
    ASSERT_TRUE(row);
    EXPECT_EQ(row->target, "");
    EXPECT_FALSE(decode<SiteRow>("\2" + std::string(kIdBytes, '\1')));
}

}  // namespace
}  // namespace origin::store

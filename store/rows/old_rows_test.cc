// SPDX-License-Identifier: Apache-2.0
// Goal: what an older origind stored is read, and means what it meant.
// Method: the bytes that it wrote, or today's without what came later.
#include <gtest/gtest.h>

#include "store/row.h"
#include "store/rows/deploy.h"
#include "store/rows/project.h"

namespace origin::store {
namespace {

TEST(OldRows, SiteOfVersionOneHasNoTarget) {
    const auto row = decode<SiteRow>("\1" + std::string(kIdBytes, '\1'));
    ASSERT_TRUE(row);
    EXPECT_EQ(row->target, "");
    EXPECT_FALSE(decode<SiteRow>("\2" + std::string(kIdBytes, '\1')));
}

// As 0.1.0 wrote it.
TEST(OldRows, ProjectOfVersionOneIsNotPublic) {
    const std::string golden =
        "01010000000000000000000000000000010000000473686f700000000453686f700000000773686f"
        "702d78310000000f726566732f68656164732f6d61696e000000010000000972656c656173652f2a"
        "0000000000000003000000000000000100000001020304050000000000000000";
    std::string bytes;
    for (std::size_t i = 0; i < golden.size(); i += 2) {
        bytes += static_cast<char>(std::stoi(golden.substr(i, 2), nullptr, 16));
    }
    EXPECT_FALSE(decode<ProjectRow>(bytes + '\1')) << "version 1 ends before the field";
    const auto old = decode<ProjectRow>(bytes);
    ASSERT_TRUE(old);
    EXPECT_FALSE(old->is_public);
    EXPECT_FALSE(old->promotes_together);
    EXPECT_EQ(encode(*old), '\3' + bytes.substr(1) + std::string(2, '\0')) << "else it is the same";
    bytes[0] = '\4';
    EXPECT_FALSE(decode<ProjectRow>(bytes)) << "of a later program";
}

TEST(OldRows, DeploymentOfVersionThreeGoesAlone) {
    constexpr std::size_t kAdded = 4 + 1 + 1;  // An empty list, and two flags.
    DeploymentRow row;
    row.target = "t";
    std::string bytes = encode(row);
    bytes.resize(bytes.size() - kAdded);
    bytes[0] = '\3';
    const auto old = decode<DeploymentRow>(bytes);
    ASSERT_TRUE(old);
    EXPECT_EQ(old->target, "t");
    EXPECT_TRUE(old->together.empty());
    EXPECT_FALSE(old->staged || old->released);
}

}  // namespace
}  // namespace origin::store

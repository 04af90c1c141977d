// SPDX-License-Identifier: Apache-2.0
// Goal: push options about deployments are read strictly, and others are left alone. Method: lists
// of options, the odd ones first.
#include "hooks/deploy_options.h"

#include <gtest/gtest.h>

namespace origin::hooks {
namespace {

TEST(DeployOptions, WhatIsNotUnderstoodIsSaid) {
    for (const char* odd : {"deploy.",
                            "deploy.wait",
                            "deploy.wait=",
                            "deploy.wait=-1",
                            "deploy.wait=601",
                            "deploy.wait=5s",
                            "deploy.wait=99999999999999999999",
                            "deploy.target=",
                            "deploy.skip=1",
                            "deploy.moon"}) {
        const DeployOptions read = read_deploy_options({odd});
        EXPECT_EQ(read.complaints.size(), 1U) << odd;
        EXPECT_FALSE(read.skip) << odd;
        EXPECT_FALSE(read.wait) << odd;
    }
}

TEST(DeployOptions, OthersAreNoneOfOurs) {
    const DeployOptions read = read_deploy_options({"ci.skip", "deployment", "", "=", "wait=5"});
    EXPECT_TRUE(read.complaints.empty());
    EXPECT_FALSE(read.skip);
}

TEST(DeployOptions, AreRead) {
    const DeployOptions read = read_deploy_options(
        {"deploy.skip", "deploy.wait=600", "deploy.target=a", "deploy.target=b=c"});
    EXPECT_TRUE(read.skip);
    EXPECT_EQ(read.wait, std::chrono::seconds(600));
    EXPECT_EQ(read.targets, (std::vector<std::string>{"a", "b=c"}));
    EXPECT_TRUE(read.complaints.empty());
}

}  // namespace
}  // namespace origin::hooks

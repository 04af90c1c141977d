// SPDX-License-Identifier: Apache-2.0
// Goal: a capability is found by its whole name and by nothing else.
// Method: a table of near misses, then what each feature adds to the offer.
#include "git/wire/capabilities.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace origin::git {
namespace {

TEST(Capabilities, AreFoundByTheirWholeName) {
    for (const std::string_view list :
         {"", "   ", "report-status-v2", "xreport-status", "a=report-status", "Report-Status"}) {
        EXPECT_FALSE(has_capability(list, "report-status")) << list;
    }
    for (const std::string_view list : {"report-status",
                                        " report-status",
                                        "report-status-v2 report-status\n",
                                        "quiet\treport-status=1 atomic"}) {
        EXPECT_TRUE(has_capability(list, "report-status")) << list;
    }
}

TEST(Capabilities, TheFirstValueCounts) {
    EXPECT_EQ(capability_value(" agent=git/2.39 agent=x", "agent"), "git/2.39");
    EXPECT_EQ(capability_value("agent agent=x", "agent"), "x");
    EXPECT_EQ(capability_value("agent=", "agent"), "");
    EXPECT_EQ(capability_value("user-agent=x agents=y", "agent"), std::nullopt);
    EXPECT_EQ(capability_value("a=b=c", "a"), "b=c");
}

TEST(Capabilities, AnAgentIsLegibleAndShort) {
    EXPECT_EQ(legible_agent("git/2.39.5"), "git/2.39.5");
    EXPECT_EQ(legible_agent("a\r\nSet: 1\x1b"), "a\\x0d\\x0aSet: 1\\x1b");
    EXPECT_EQ(legible_agent(std::string(60'000, 'a')).size(), kAgentBytesMax);
    EXPECT_EQ(legible_agent(std::string(60'000, '\1')).size(), kAgentBytesMax);
}

TEST(Capabilities, AFeatureThatIsOffIsNotOffered) {
    const std::string bare = upload_pack_capabilities({.reachable_wants = false}, false, "");
    for (const std::string_view name : {"filter",
                                        "deepen-since",
                                        "deepen-not",
                                        "no-done",
                                        "symref",
                                        "allow-tip-sha1-in-want",
                                        "allow-reachable-sha1-in-want"}) {
        EXPECT_FALSE(has_capability(bare, name)) << name;
        const std::string all = upload_pack_capabilities(
            {.filter = true, .deepen_by_history = true}, true, "refs/heads/main");
        EXPECT_TRUE(has_capability(all, name)) << name;
    }
}

}  // namespace
}  // namespace origin::git

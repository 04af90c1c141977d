// SPDX-License-Identifier: Apache-2.0
// Goal: a merge takes both sides or says which paths conflict; it never moves a branch that moved.
// Method: small histories in a real project, each result of MergeResult once.
#include <gtest/gtest.h>

#include "git/serve/commit.h"
#include "git/serve/test_project.h"

namespace origin::git {
namespace {

class Merge : public TestProject {
protected:
    void SetUp() override {
        TestProject::SetUp();
        ASSERT_TRUE(commit_file("refs/heads/main", {}, "a", "1\n", &first_));
        auto draft = Draft::open(service(), permit());
        ASSERT_TRUE(draft);
        ASSERT_TRUE((*draft)->push({.via = "api", .refs = {{"refs/heads/side", {}, first_}}}));
    }
    Result<Merged> merge_side(bool preview = false) {
        return merge(service(),
                     permit(),
                     {.source = "side", .target = "refs/heads/main", .preview = preview});
    }
    Oid first_;
};

TEST_F(Merge, RefusesWhatIsNotThere) {
    const auto merged =
        merge(service(), permit(), {.source = "nothing", .target = "refs/heads/main"});
    ASSERT_FALSE(merged);
    EXPECT_EQ(merged.error().reason(), "ref_not_found");
}

TEST_F(Merge, RefusesATargetThatMoved) {
    const auto other = *Oid::from_hex("0123456789012345678901234567890123456789");
    const auto merged =
        merge(service(),
              permit(),
              {.source = "side", .target = "refs/heads/main", .expected_target = other});
    ASSERT_FALSE(merged);
    EXPECT_EQ(merged.error().reason(), "head_moved");
}

TEST_F(Merge, ADraftKnowsEveryTipItTells) {
    auto draft = Draft::open(service(), permit(), {"refs/heads/main", "refs/heads/new"});
    ASSERT_TRUE(draft);
    ASSERT_TRUE(commit_file("refs/heads/main", first_, "a", "2\n"));
    EXPECT_EQ((*draft)->tip("refs/heads/main"), first_) << "as it was when the objects were opened";
    EXPECT_TRUE((*draft)->tip("refs/heads/new").is_zero());
}

TEST_F(Merge, NamesTheConflictsAndMovesNothing) {
    Oid ours;
    ASSERT_TRUE(commit_file("refs/heads/main", first_, "a", "2\n", &ours));
    ASSERT_TRUE(commit_file("refs/heads/side", first_, "a", "3\n"));
    const auto merged = merge_side();
    ASSERT_TRUE(merged);
    EXPECT_EQ(merged->result, MergeResult::Conflicted);
    ASSERT_EQ(merged->conflicts.size(), 1U);
    EXPECT_EQ(merged->conflicts[0].path, "a");
    EXPECT_EQ(tip("refs/heads/main"), ours);
}

TEST_F(Merge, AlreadyMergedIsNoPush) {
    const auto merged = merge_side();
    ASSERT_TRUE(merged);
    EXPECT_EQ(merged->result, MergeResult::AlreadyMerged);
    EXPECT_EQ(merged->push.sequence, 0U);
}

TEST_F(Merge, FastForwardsWhenItCan) {
    Oid side;
    ASSERT_TRUE(commit_file("refs/heads/side", first_, "b", "2\n", &side));
    const auto merged = merge_side();
    ASSERT_TRUE(merged) << merged.error().told_to_peer();
    EXPECT_EQ(merged->result, MergeResult::FastForward);
    EXPECT_EQ(tip("refs/heads/main"), side);
}

TEST_F(Merge, PreviewMovesNothing) {
    ASSERT_TRUE(commit_file("refs/heads/side", first_, "b", "2\n"));
    const auto merged = merge_side(true);
    ASSERT_TRUE(merged);
    EXPECT_EQ(merged->result, MergeResult::FastForward);
    EXPECT_EQ(tip("refs/heads/main"), first_);
}

TEST_F(Merge, AMergeCommitHasBothSides) {
    Oid ours;
    Oid theirs;
    ASSERT_TRUE(commit_file("refs/heads/main", first_, "b", "2\n", &ours));
    ASSERT_TRUE(commit_file("refs/heads/side", first_, "c", "3\n", &theirs));
    const auto merged = merge_side();
    ASSERT_TRUE(merged) << merged.error().told_to_peer();
    EXPECT_EQ(merged->result, MergeResult::MergeCommit);
    EXPECT_EQ(tip("refs/heads/main"), merged->commit);
    auto draft = Draft::open(service(), permit());
    ASSERT_TRUE(draft);
    const auto links = (*draft)->objects()->commit_links(merged->commit);
    ASSERT_TRUE(links);
    EXPECT_EQ(links->parents, (std::vector<Oid>{ours, theirs}));
    for (const char* path : {"a", "b", "c"}) {
        const auto entry = (*draft)->objects()->find_path(links->tree, path);
        ASSERT_TRUE(entry);
        EXPECT_TRUE(entry->has_value()) << path;
    }
}

}  // namespace
}  // namespace origin::git

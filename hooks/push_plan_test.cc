// SPDX-License-Identifier: Apache-2.0
// Goal: a push makes exactly the deployments its rules say, in its own transaction; gates hold.
// Method: rules and pushes over a real project; what must not deploy first.
#include "hooks/push_plan.h"

#include "git/serve/test_project.h"
#include "hooks/deployments.h"
#include "hooks/protected_branches.h"
#include "store/rows/access.h"
#include "store/rows/deploy.h"
#include "store/rows/keys.h"

namespace origin::hooks {
namespace {

class PushPlanTest : public git::TestProject {
protected:
    void SetUp() override {
        git::TestProject::SetUp();
        planner_ = &plan_;
        gates_ = {&gate_};
    }
    void rule(const std::string& pattern, const std::string& target) {
        EXPECT_TRUE(store_->write([&](store::Writer& writer) -> Status {
            ORIGIN_TRY(there,
                       store::get_row<store::TargetRow>(
                           writer, store::Table::Targets, store::target_key(project_, target)));
            if (!there) {
                store::TargetRow row;
                row.connector = "local";
                ORIGIN_CHECK(store::put_row(
                    writer, store::Table::Targets, store::target_key(project_, target), row));
            }
            return store::put_row(writer,
                                  store::Table::Rules,
                                  store::rule_key(project_, target, pattern),
                                  store::RuleRow{pattern, target, 0});
        }));
    }
    std::size_t deployments() { return rows(store::Table::Deployments); }

    PushPlan plan_;
    ProtectedBranches gate_;
};

TEST_F(PushPlanTest, ARefusedPushMakesNone) {
    rule("refs/heads/*", "production");
    Oid first;
    ASSERT_TRUE(commit_file("refs/heads/main", {}, "a", "1", &first));
    ASSERT_EQ(deployments(), 1U);
    const auto stale = commit_file("refs/heads/main", {}, "a", "2");
    ASSERT_TRUE(stale);
    EXPECT_EQ(deployments(), 1U);
    EXPECT_EQ(rows(store::Table::Jobs), 2U);  // Its deployment, and the upkeep of the project.
}

TEST_F(PushPlanTest, OtherBranchesAndDeletesMakeNone) {
    rule("refs/heads/main", "production");
    Oid side;
    ASSERT_TRUE(commit_file("refs/heads/main", {}, "a", "1"));
    ASSERT_TRUE(commit_file("refs/heads/side", {}, "a", "1", &side));
    EXPECT_EQ(deployments(), 1U);
    rule("refs/heads/side", "production");
    auto draft = git::Draft::open(service(), permit());
    ASSERT_TRUE(draft);
    const auto outcome = (*draft)->push({.via = "api", .refs = {{"refs/heads/side", side, Oid{}}}});
    ASSERT_TRUE(outcome);
    EXPECT_TRUE(outcome->all_ok());
    EXPECT_EQ(deployments(), 1U);
}

TEST_F(PushPlanTest, TwoRulesForOneTargetMakeOneDeployment) {
    rule("refs/heads/*", "production");
    rule("refs/heads/m*", "production");
    rule("refs/heads/main", "staging");
    const auto outcome = commit_file("refs/heads/main", {}, "a", "1");
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->deployments.size(), 2U);
    EXPECT_EQ(deployments(), 2U);
}

TEST_F(PushPlanTest, AProjectHasAtMostAHundredRules) {
    std::string last;
    for (int i = 0; i <= 100; ++i) {
        const Status put = store_->write([&](store::Writer& writer) {
            return put_rule(
                writer, project_, {"refs/heads/b" + std::to_string(i), "production", 0});
        });
        last = put ? "" : put.error().reason();
        EXPECT_EQ(last, i < 100 ? "" : "too_many_rules");
    }
    EXPECT_TRUE(store_->write([&](store::Writer& writer) {
        return put_rule(writer, project_, {"refs/heads/b7", "production", 1});
    })) << "one that is there may be written again";
}

TEST_F(PushPlanTest, DeploySkipMakesNone) {
    rule("refs/heads/*", "production");
    Oid first;
    ASSERT_TRUE(commit_file("refs/heads/main", {}, "a", "1", &first));
    auto draft = git::Draft::open(service(), permit());
    ASSERT_TRUE(draft);
    const auto outcome = (*draft)->push(
        {.via = "http", .refs = {{"refs/heads/b", {}, first}}, .options = {"deploy.skip"}});
    ASSERT_TRUE(outcome);
    EXPECT_TRUE(outcome->deployments.empty());
    EXPECT_EQ(deployments(), 1U);
}

TEST_F(PushPlanTest, TheDefaultBranchIsNotDeleted) {
    Oid first;
    ASSERT_TRUE(commit_file("refs/heads/main", {}, "a", "1", &first));
    auto draft = git::Draft::open(service(), permit());
    ASSERT_TRUE(draft);
    const auto outcome =
        (*draft)->push({.via = "http", .refs = {{"refs/heads/main", first, Oid{}}}});
    ASSERT_TRUE(outcome);
    EXPECT_TRUE(outcome->refs[0].reason.starts_with("deletion of the default branch"));
    EXPECT_EQ(tip("refs/heads/main"), first);
}

TEST_F(PushPlanTest, AProtectedBranchIsNotForced) {
    Oid first;
    Oid other;
    ASSERT_TRUE(commit_file("refs/heads/main", {}, "a", "1"));
    ASSERT_TRUE(commit_file("refs/heads/release/1", {}, "a", "1", &first));
    ASSERT_TRUE(commit_file("refs/heads/other", {}, "a", "2", &other));
    ASSERT_TRUE(store_->write([&](store::Writer& writer) -> Status {
        ORIGIN_TRY(project, git::need_project(writer, project_));
        project.protected_branches = {"release/*"};
        return store::put_row(writer, store::Table::Projects, project_.view(), project);
    }));
    auto draft = git::Draft::open(service(), permit());
    ASSERT_TRUE(draft);
    const auto outcome =
        (*draft)->push({.via = "http", .refs = {{"refs/heads/release/1", first, other}}});
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->refs[0].reason, "'release/*' is protected: no force-push");
}

TEST_F(PushPlanTest, AReleaseIsPutBackByPushingItsCommit) {
    rule("refs/heads/main", "production");
    Oid first;
    ASSERT_TRUE(commit_file("refs/heads/main", {}, "a", "1", &first));
    const auto back = [&](const std::string& ref, const Oid& commit) {
        auto draft = git::Draft::open(service(), permit());
        auto outcome = (*draft)->push({.via = "http", .refs = {{ref, {}, commit}}});
        EXPECT_TRUE(outcome);
        return *outcome;
    };
    const std::string live = "refs/deployments/production/live";
    EXPECT_EQ(back(live, first).refs[0].reason, "that commit never was a release of 'production'");
    EXPECT_EQ(back("refs/deployments/moon/live", first).refs[0].reason,
              "that commit never was a release of 'moon'");
    ASSERT_TRUE(store_->write([&](store::Writer& writer) {
        return store::put_row(writer,
                              store::Table::Releases,
                              store::release_key(project_, "production", 1),
                              store::ReleaseRow{{}, first, 1});
    }));
    const std::size_t before = deployments();
    const git::PushOutcome done = back(live, first);
    EXPECT_TRUE(done.all_ok()) << done.refs[0].reason;
    EXPECT_EQ(done.deployments.size(), 1U);
    EXPECT_EQ(deployments(), before + 1);
    EXPECT_FALSE(tip(live)) << "the ref says what the releases say: it is no row";
}

}  // namespace
}  // namespace origin::hooks

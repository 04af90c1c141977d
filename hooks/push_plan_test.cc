// SPDX-License-Identifier: Apache-2.0
// Goal: a push makes exactly the deployments its rules say, in its own transaction; gates hold.
// Method: rules and pushes over a real project; what must not deploy first.
#include "hooks/push_plan.h"

#include <algorithm>

#include "git/serve/catalogue.h"
#include "git/serve/test_project.h"
#include "hooks/deployments.h"
#include "hooks/origind_toml.h"
#include "hooks/protected_branches.h"
#include "store/event_log.h"
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

class TreeRulesTest : public PushPlanTest {
protected:
    void target(const std::string& name) {
        rule("refs/heads/nobody", name);  // A target, and a rule that matches nothing here.
    }
    static std::string rule_text(const std::string& ref, const std::string& target, bool preview) {
        return "[[rule]]\nref = '" + ref + "'\ntarget = '" + target +
               "'\npreview = " + (preview ? "true" : "false") + "\n";
    }
    /// Pushes the file to a branch. Returns: "target" or "target?" (a preview) of each deployment,
    /// then what was said.
    std::vector<std::string> push(const std::string& branch, const std::string& text) {
        const std::string name = "refs/heads/" + branch;
        const auto done =
            commit_file(name, tip(name).value_or(Oid{}), std::string(kOrigindToml), text);
        EXPECT_TRUE(done && done->all_ok());
        std::vector<std::string> made;
        EXPECT_TRUE(store_->read([&](store::Reader& reader) -> Status {
            for (const DeploymentId& id : done->deployments) {
                ORIGIN_TRY(row, need_deployment(reader, project_, id));
                made.push_back(row.target + (row.preview ? "?" : ""));
            }
            return {};
        }));
        std::ranges::sort(made);
        made.insert(made.end(), done->lines.begin(), done->lines.end());
        return made;
    }
    using Made = std::vector<std::string>;
};

TEST_F(TreeRulesTest, ABrokenFileDeploysNothingAndSaysSo) {
    target("production");
    const Made made = push("main", rule_text("main", "production", false) + "token = 'x'");
    ASSERT_EQ(made.size(), 1U);
    EXPECT_TRUE(made[0].contains(".origind.toml: line 5: 'token'")) << made[0];
    EXPECT_TRUE(made[0].ends_with("nothing is deployed by it")) << made[0];
    bool told = false;
    EXPECT_TRUE(store_->read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(events, store::read_events(reader, 0, 100));
        for (const store::Event& event : events) {
            told = told || (event.type == "project.file_refused" && event.data.contains("line 5") &&
                            event.data.contains("refs/heads/main"));
        }
        return {};
    }));
    EXPECT_TRUE(told);
    EXPECT_EQ(push("side", rule_text("side", "production", true)).size(), 1U) << "no old rules";
}

TEST_F(TreeRulesTest, OnlyTheDefaultBranchNamesProduction) {
    target("production");
    target("staging");
    EXPECT_EQ(push("main", ""), Made());
    for (const bool preview : {false, true}) {
        const Made made = push("evil", rule_text("evil", "production", preview));
        ASSERT_EQ(made.size(), 1U);
        EXPECT_TRUE(made[0].contains("'production' counts once it is on the default branch"));
    }
    const Made full = push("evil", rule_text("*", "staging", false));
    ASSERT_EQ(full.size(), 1U);
    EXPECT_TRUE(full[0].contains("here only previews do")) << full[0];
    EXPECT_EQ(push("evil", rule_text("*", "staging", true)), Made({"staging?"}));
    EXPECT_EQ(push("main", ""), Made()) << "what a branch says is its own";
    EXPECT_EQ(push("main", rule_text("main", "production", false)), Made({"production"}));
}

TEST_F(TreeRulesTest, TheDefaultBranchSpeaksForTheOthers) {
    target("production");
    target("staging");
    const std::string rules = rule_text("main", "production", false) +
                              rule_text("staging", "staging", false) +
                              rule_text("feature/*", "production", true);
    EXPECT_EQ(push("main", rules), Made({"production"}));
    EXPECT_EQ(push("staging", ""), Made({"staging"})) << "whatever its own file says";
    EXPECT_EQ(push("feature/a", rules), Made({"production?"}));
    EXPECT_EQ(push("other", rules), Made());
    EXPECT_EQ(push("main", ""), Made()) << "the new file counts for its own push already";
    EXPECT_EQ(push("feature/a", "# none"), Made());
}

TEST_F(TreeRulesTest, AnotherDefaultBranchCountsFromItsNextPush) {
    target("production");
    EXPECT_EQ(push("main", rule_text("*", "production", false)), Made({"production"}));
    EXPECT_EQ(push("next", "# none"), Made({"production"}));
    ASSERT_TRUE(store_->write([&](store::Writer& writer) -> Status {
        ORIGIN_TRY(row, git::need_project(writer, project_));
        row.head = "refs/heads/next";
        return store::put_row(writer, store::Table::Projects, project_.view(), row);
    }));
    EXPECT_EQ(push("main", "# none"), Made());
    EXPECT_EQ(push("next", rule_text("next", "production", false)), Made({"production"}));
}

TEST_F(TreeRulesTest, AFileCanNameWhatThereIsNot) {
    const Made made = push("main", rule_text("*", "nowhere", false));
    ASSERT_EQ(made.size(), 1U);
    EXPECT_TRUE(made[0].contains("this project has no target 'nowhere'")) << made[0];
    EXPECT_EQ(deployments(), 0U);
}

TEST_F(TreeRulesTest, RulesOfTheProjectAndOfTheFileMakeOneDeployment) {
    rule("refs/heads/main", "production");
    EXPECT_EQ(push("main", rule_text("main", "production", true)), Made({"production"}));
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

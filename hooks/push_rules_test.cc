// SPDX-License-Identifier: Apache-2.0
// Goal: what a key is limited to and what a policy demands holds for every way a ref can move, and
// what is refused says which rule.
// Method: pushes over a real project, each refusal beside the nearest push that is fine.
#include "hooks/push_rules.h"

#include "auth/grants.h"
#include "git/serve/test_project.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"
#include "store/rows/policy.h"

namespace origin::hooks {
namespace {

constexpr std::string_view kMain = "refs/heads/main";

class PushRulesTest : public git::TestProject {
protected:
    void SetUp() override {
        git::TestProject::SetUp();
        gates_ = {&rules_};
    }
    void policies(std::vector<store::BranchPolicy> wanted) {
        EXPECT_TRUE(store_->write([&](store::Writer& writer) {
            return store::put_row(writer,
                                  store::Table::Policies,
                                  project_.view(),
                                  store::PoliciesRow{.policies = std::move(wanted)});
        }));
    }
    void limit(const std::function<void(store::KeyLimits&)>& set) {
        store::KeyLimits limits;
        set(limits);
        const KeyId key = *identity().key;
        EXPECT_TRUE(store_->write([&](store::Writer& writer) -> Status {
            ORIGIN_TRY(row,
                       store::need_row<store::KeyRow>(
                           writer, store::Table::Keys, key.view(), "no such key"));
            row.limits = limits;
            return store::put_row(writer, store::Table::Keys, key.view(), row);
        }));
    }
    void set_status(const Oid& commit, const std::string& context, store::StatusState state) {
        EXPECT_TRUE(store_->write([&](store::Writer& writer) {
            return store::put_row(writer,
                                  store::Table::Statuses,
                                  store::status_key(project_, commit, context),
                                  store::StatusRow{.state = state});
        }));
    }

    /// A commit of these files on top of `parents`, not pushed yet.
    struct Made {
        std::unique_ptr<git::Draft> draft;
        Oid commit;
    };
    using Files = std::vector<std::pair<std::string, std::string>>;
    Made make(const std::vector<Oid>& parents, const Files& files) {
        auto draft = git::Draft::open(service(), permit());
        EXPECT_TRUE(draft);
        std::optional<Oid> base;
        if (!parents.empty()) {
            base = *(*draft)->tree_of(parents.front());
        }
        std::map<std::string, std::optional<git::FileEdit>> edits;
        for (const auto& [path, content] : files) {
            edits[path] = git::FileEdit{git::kModeFile, content};
        }
        git::Commit commit;
        commit.tree = *(*draft)->repository().edit_tree(base, edits);
        commit.author = commit.committer = git::server_ident(clock_.now());
        commit.message = "edit";
        commit.parents = parents;
        const Oid oid = *(*draft)->add_commit(commit);
        return {std::move(*draft), oid};
    }
    /// Why the ref may not move; empty: it did.
    std::string push(Made& made, std::string_view ref, const Oid& from, const Oid& to) {
        const auto outcome =
            made.draft->push({.via = "api", .refs = {{std::string(ref), from, to}}});
        if (!outcome) {
            return std::string(outcome.error().reason());
        }
        return outcome->refs.front().reason;
    }
    std::string push_new(const std::vector<Oid>& parents,
                         const Files& files,
                         std::string_view ref,
                         const Oid& from) {
        Made made = make(parents, files);
        last_ = made.commit;
        return push(made, ref, from, made.commit);
    }
    std::string move(std::string_view ref, const Oid& from, const Oid& to) {
        auto draft = git::Draft::open(service(), permit());
        EXPECT_TRUE(draft);
        Made made{std::move(*draft), to};
        return push(made, ref, from, to);
    }
    /// `main` with one commit.
    Oid first() {
        EXPECT_EQ(push_new({}, {{"a", "1"}}, kMain, {}), "");
        return last_;
    }

    PushRules rules_{*store_, clock_};
    Oid last_;
};

bool says(const std::string& refusal, std::string_view words) {
    return refusal.contains(words);
}

TEST_F(PushRulesTest, AKeyLimitedToRefsMovesNoOtherOne) {
    const Oid base = first();
    limit([](auto& key) { key.refs = {{.pattern = "refs/heads/feature/*"}}; });
    EXPECT_PRED2(says, push_new({base}, {{"a", "2"}}, kMain, base), "'refs/heads/feature/*' only");
    EXPECT_PRED2(says, move("refs/tags/v1", {}, base), "only");
    EXPECT_PRED2(says, push_new({base}, {{"a", "2"}}, "refs/heads/features", {}), "only");
    EXPECT_EQ(push_new({base}, {{"a", "2"}}, "refs/heads/feature/x", {}), "");
    const Oid feature = last_;
    EXPECT_PRED2(says, move("refs/heads/feature/x", feature, base), "may not force-push to");
    EXPECT_PRED2(says, move("refs/heads/feature/x", feature, {}), "may not delete");
    EXPECT_EQ(push_new({feature}, {{"a", "3"}}, "refs/heads/feature/x", feature), "");
}

TEST_F(PushRulesTest, TheFirstRefLimitThatMatchesCounts) {
    const Oid base = first();
    limit([](auto& key) {
        key.refs = {{.pattern = "refs/heads/feature/held/*", .push = false},
                    {.pattern = "refs/heads/feature/*", .force = true, .remove = true}};
    });
    EXPECT_PRED2(says, move("refs/heads/feature/held/x", {}, base), "may not push to");
    EXPECT_EQ(push_new({base}, {{"a", "2"}}, "refs/heads/feature/x", {}), "");
    const Oid feature = last_;
    EXPECT_EQ(move("refs/heads/feature/x", feature, base), "");
    EXPECT_EQ(move("refs/heads/feature/x", base, {}), "");
}

TEST_F(PushRulesTest, PathsAreLookedAtInEachCommitNotOnlyAtTheEnd) {
    const Oid base = first();
    limit([](auto& key) { key.deny_paths = {".github/*"}; });
    EXPECT_PRED2(says,
                 push_new({base}, {{".github/workflows/x.yml", "1"}}, kMain, base),
                 "'.github/workflows/x.yml' (paths.deny '.github/*')");
    Made made = make({base}, {{".github/x", "evil"}});
    git::Commit back;
    back.tree = *made.draft->tree_of(base);
    back.author = back.committer = git::server_ident(clock_.now());
    back.message = "take it back";
    back.parents = {made.commit};
    const Oid tip = *made.draft->add_commit(back);
    EXPECT_PRED2(says, push(made, kMain, base, tip), "paths.deny");
    EXPECT_EQ(push_new({base}, {{"github/x", "1"}}, kMain, base), "");
}

TEST_F(PushRulesTest, WhatTheDefaultBranchHasIsNotNewWhatAnotherBranchHasIs) {
    const Oid base = first();
    EXPECT_EQ(push_new({base}, {{"secret/x", "1"}}, "refs/heads/other", {}), "");
    const Oid other = last_;
    EXPECT_EQ(push_new({base}, {{"secret/y", "1"}}, kMain, base), "");
    const Oid main = last_;
    limit([](auto& key) { key.deny_paths = {"secret/*"}; });
    EXPECT_EQ(move("refs/heads/mine", {}, main), "") << "from the default branch";
    EXPECT_PRED2(says, move("refs/heads/theirs", {}, other), "secret/x");
    EXPECT_EQ(push_new({base}, {{"a", "2"}}, "refs/heads/work", {}), "");
    const Oid work = last_;
    Made merge = make({work, main}, {{"secret/y", "1"}});
    EXPECT_EQ(push(merge, "refs/heads/work", work, merge.commit), "") << "main comes along";
    Made evil = make({work, main}, {{"secret/y", "2"}});
    EXPECT_PRED2(says, push(evil, "refs/heads/work", merge.commit, evil.commit), "secret/y");
}

TEST_F(PushRulesTest, FilesAreCountedOverAllCommitsOfAPush) {
    const Oid base = first();
    limit([](auto& key) {
        key.allow_paths = {"docs/*", "*.md"};
        key.files = 2;
    });
    EXPECT_PRED2(says, push_new({base}, {{"a", "2"}}, kMain, base), "not in paths.allow");
    EXPECT_PRED2(says,
                 push_new({base}, {{"docs/1", "1"}, {"docs/2", "1"}, {"x.md", "1"}}, kMain, base),
                 "2 changed files");
    EXPECT_EQ(push_new({base}, {{"docs/1", "1"}, {"x.md", "1"}}, kMain, base), "");
}

TEST_F(PushRulesTest, AForcedPushIsJudgedByWhatTheBranchLosesToo) {
    const Oid base = first();
    EXPECT_EQ(push_new({base}, {{"held", "1"}}, kMain, base), "");
    const Oid held = last_;
    EXPECT_EQ(push_new({held}, {{"free", "1"}}, kMain, held), "");
    const Oid free = last_;
    policies({{.pattern = std::string(kMain), .deny_paths = {"held"}}});
    EXPECT_PRED2(
        says, move(kMain, free, base), "the policy 'refs/heads/main' may not change 'held'");
    EXPECT_EQ(move(kMain, free, held), "") << "'held' stays as it is";
}

TEST_F(PushRulesTest, AMergeHidesNothing) {
    const Oid base = first();
    EXPECT_EQ(push_new({base}, {{".github/x", "old"}}, kMain, base), "");
    const Oid old = last_;
    EXPECT_EQ(push_new({old}, {{".github/x", "mended"}}, kMain, old), "");
    const Oid main = last_;
    limit([](auto& key) { key.deny_paths = {".github/*"}; });
    // The other parent has none of it: an orphan.
    auto draft = git::Draft::open(service(), permit());
    ASSERT_TRUE(draft);
    git::Commit commit;
    commit.tree =
        *(*draft)->repository().edit_tree({}, {{"a", git::FileEdit{git::kModeFile, "1"}}});
    commit.author = commit.committer = git::server_ident(clock_.now());
    commit.message = "orphan";
    const Oid orphan = *(*draft)->add_commit(commit);
    commit.parents = {main, orphan};
    const Oid gone = *(*draft)->add_commit(commit);
    Made merge{std::move(*draft), gone};
    EXPECT_PRED2(says, push(merge, kMain, main, gone), ".github/x");
    EXPECT_PRED2(says, push(merge, "refs/heads/mine", {}, gone), ".github/x");
    // The other parent is what main was once.
    Made back = make({main, old}, {{".github/x", "old"}});
    EXPECT_PRED2(says, push(back, kMain, main, back.commit), ".github/x");
    EXPECT_PRED2(says, push(back, "refs/heads/mine", {}, back.commit), ".github/x");
    // What was forked before main changed it, and rebased or merged, is fine.
    Made fork = make({old}, {{"b", "1"}});
    EXPECT_EQ(push(fork, "refs/heads/mine", {}, fork.commit), "");
    Made rebased = make({main}, {{"b", "1"}});
    EXPECT_EQ(push(rebased, "refs/heads/mine", fork.commit, rebased.commit), "");
    Made merged = make({main, fork.commit}, {{"b", "1"}});
    EXPECT_EQ(push(merged, kMain, main, merged.commit), "");
}

TEST_F(PushRulesTest, AFolderThatIsDeniedIsNoLinkEither) {
    const Oid base = first();
    limit([](auto& key) { key.deny_paths = {".github/**"}; });
    EXPECT_PRED2(says, push_new({base}, {{".github", "elsewhere"}}, kMain, base), "'.github'");
    EXPECT_EQ(push_new({base}, {{".githubs", "1"}}, kMain, base), "");
}

TEST_F(PushRulesTest, AllRefsOfAPushAreCountedTogether) {
    const Oid base = first();
    limit([](auto& key) { key.files = 2; });
    auto draft = git::Draft::open(service(), permit());
    ASSERT_TRUE(draft);
    std::vector<git::ProposedRef> refs;
    for (const std::string name : {"1", "2", "3"}) {
        git::Commit commit;
        commit.tree = *(*draft)->repository().edit_tree(
            *(*draft)->tree_of(base), {{name, git::FileEdit{git::kModeFile, name}}});
        commit.author = commit.committer = git::server_ident(clock_.now());
        commit.message = name;
        commit.parents = {base};
        refs.push_back({"refs/heads/" + name, {}, *(*draft)->add_commit(commit)});
    }
    const auto outcome = (*draft)->push({.via = "api", .refs = refs});
    ASSERT_TRUE(outcome);
    EXPECT_TRUE(outcome->refs[0].ok && outcome->refs[1].ok);
    EXPECT_PRED2(says, outcome->refs[2].reason, "2 changed files");
}

TEST_F(PushRulesTest, TheDefaultBranchVouchesOnlyForWhatItsOwnPolicyDemands) {
    const Oid base = first();
    EXPECT_EQ(push_new({base}, {{"b", "1"}}, "refs/heads/x", {}), "");
    const Oid side = last_;
    EXPECT_EQ(push_new({base}, {{"a", "2"}}, kMain, base), "");
    const Oid main = last_;
    EXPECT_EQ(push_new({main, side}, {{"b", "1"}}, kMain, main), "");
    const Oid merged = last_;
    policies({{.pattern = "refs/heads/release/*", .linear = true}});
    EXPECT_PRED2(says, move("refs/heads/release/1", {}, merged), "linear history");
    policies({{.pattern = "refs/heads/release/*", .linear = true},
              {.pattern = "refs/heads/main", .linear = true}});
    EXPECT_EQ(move("refs/heads/release/1", {}, merged), "");
}

TEST_F(PushRulesTest, ABranchThatHasRulesBeforeItHasCommitsStaysTheDefault) {
    policies({{.pattern = "refs/heads/main", .signed_commits = true}});
    EXPECT_EQ(push_new({}, {{"a", "1"}}, "refs/heads/evil", {}), "");
    const Oid evil = last_;
    EXPECT_PRED2(says, move(kMain, {}, evil), "(unsigned)");
}

TEST_F(PushRulesTest, StatusesAloneLookAtNoTree) {
    policies({{.pattern = "refs/heads/main", .statuses = {"ci"}}});
    Made made = make({}, {{"a", "1"}});
    set_status(made.commit, "ci", store::StatusState::Success);
    EXPECT_EQ(push(made, kMain, {}, made.commit), "");
}

TEST_F(PushRulesTest, APolicySaysWhoMayPushAndHow) {
    const Oid base = first();
    policies({{.pattern = "refs/heads/main", .pushers = {ClientId::make(clock_, random_)}},
              {.pattern = "refs/heads/*", .no_force = true, .no_delete = true}});
    EXPECT_PRED2(says, push_new({base}, {{"a", "2"}}, kMain, base), "only certain clients");
    EXPECT_EQ(push_new({base}, {{"a", "2"}}, "refs/heads/x", {}), "");
    const Oid side = last_;
    EXPECT_PRED2(says, move("refs/heads/x", side, base), "fast-forwards only");
    EXPECT_PRED2(says, move("refs/heads/x", side, {}), "no delete");
    policies({{.pattern = "refs/heads/main", .pushers = {client_}}});
    EXPECT_EQ(push_new({base}, {{"a", "2"}}, kMain, base), "");
}

TEST_F(PushRulesTest, ALinearBranchTakesNoMerge) {
    const Oid base = first();
    EXPECT_EQ(push_new({base}, {{"b", "1"}}, "refs/heads/x", {}), "");
    const Oid side = last_;
    EXPECT_EQ(push_new({base}, {{"a", "2"}}, kMain, base), "");
    const Oid main = last_;
    policies({{.pattern = "refs/heads/main", .linear = true}});
    EXPECT_PRED2(says, push_new({main, side}, {{"b", "1"}}, kMain, main), "linear history");
    EXPECT_EQ(push_new({main}, {{"b", "1"}}, kMain, main), "");
}

TEST_F(PushRulesTest, LargeFilesAreRefusedByTheirSizeNotTheirNeighbours) {
    const Oid base = first();
    policies({{.pattern = "refs/heads/*", .file_bytes = 100}});
    EXPECT_PRED2(
        says, push_new({base}, {{"big", std::string(101, 'x')}}, kMain, base), "has 101 bytes");
    EXPECT_EQ(push_new({base}, {{"fine", std::string(100, 'x')}}, kMain, base), "");
}

TEST_F(PushRulesTest, ARequiredStatusHasToBeSuccess) {
    const Oid base = first();
    policies({{.pattern = "refs/heads/main", .statuses = {"ci/build", "ci/test"}}});
    EXPECT_EQ(push_new({base}, {{"a", "2"}}, "refs/heads/x", {}), "");
    const Oid side = last_;
    EXPECT_PRED2(says, move(kMain, base, side), "'ci/build'");
    set_status(side, "ci/build", store::StatusState::Success);
    EXPECT_PRED2(says, move(kMain, base, side), "'ci/test'");
    for (const auto state :
         {store::StatusState::Pending, store::StatusState::Failure, store::StatusState::Error}) {
        set_status(side, "ci/test", state);
        EXPECT_PRED2(says, move(kMain, base, side), "which it is not");
    }
    set_status(side, "ci/test", store::StatusState::Success);
    EXPECT_EQ(move(kMain, base, side), "");
}

TEST_F(PushRulesTest, ATagOfNoCommitCannotPassDemandsOnCommits) {
    const Oid base = first();
    auto draft = git::Draft::open(service(), permit());
    const Oid tree = *(*draft)->tree_of(base);
    EXPECT_EQ(move("refs/tags/free", {}, tree), "");
    policies({{.pattern = "refs/tags/*", .linear = true}});
    EXPECT_PRED2(says, move("refs/tags/v1", {}, tree), "only commits");
    EXPECT_EQ(move("refs/tags/v2", {}, base), "");
}

TEST_F(PushRulesTest, UnsignedCommitsAreRefusedByName) {
    const Oid base = first();
    policies({{.pattern = "refs/heads/main", .signed_commits = true}});
    EXPECT_PRED2(says, push_new({base}, {{"a", "2"}}, kMain, base), "(unsigned)");
    EXPECT_EQ(push_new({base}, {{"a", "2"}}, "refs/heads/x", {}), "");
}

TEST_F(PushRulesTest, ALimitedNumberOfPushesIsCounted) {
    const Oid base = first();
    limit([](auto& key) { key.pushes = 1; });
    EXPECT_PRED2(says, push_new({base}, {{"a", "2"}}, kMain, Oid()), "stale")
        << "a refused push does not count";
    EXPECT_EQ(push_new({base}, {{"a", "2"}}, kMain, base), "");
    const Oid second = last_;
    EXPECT_EQ(push_new({second}, {{"a", "3"}}, kMain, second), "push_limit");
}

TEST_F(PushRulesTest, LargePacksAreRefusedForTheKey) {
    const Oid base = first();
    limit([](auto& key) { key.pack_bytes = 1000; });
    const std::string noise = random_bytes(random_, 4000);
    EXPECT_EQ(push_new({base}, {{"a", noise}}, kMain, base), "pack_limit");
    EXPECT_EQ(push_new({base}, {{"a", std::string(4000, 'x')}}, kMain, base), "");
}

}  // namespace
}  // namespace origin::hooks

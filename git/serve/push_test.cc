// SPDX-License-Identifier: Apache-2.0
// Goal: a ref moves only by compare-and-swap, all of a push in one transaction, or not at all.
// Method: real packs in a temporary folder over the in-memory store; refused pushes first, each
// with a look at every table for what it must not have left.
#include "git/serve/push.h"

#include "git/serve/test_project.h"

namespace origin::git {
namespace {

using store::Table;

class Push : public TestProject {
protected:
    std::string reason_of(const Result<PushOutcome>& outcome, std::size_t ref = 0) {
        EXPECT_TRUE(outcome) << outcome.error().told_to_peer();
        return outcome ? outcome->refs.at(ref).reason : "";
    }
    Result<PushOutcome> push(std::vector<ProposedRef> refs, bool atomic = false) {
        auto draft = Draft::open(service(), permit());
        EXPECT_TRUE(draft);
        return (*draft)->push({.via = "api", .refs = std::move(refs), .atomic = atomic});
    }
    void expect_untouched(std::uint64_t pushes) {
        EXPECT_EQ(rows(Table::Pushes), pushes);
        EXPECT_EQ(rows(Table::Journal), pushes);
        EXPECT_EQ(rows(Table::Packs), 0U);
        EXPECT_EQ(rows(Table::RefHistory), pushes);
    }
};

TEST_F(Push, RefusesHostileNamesAndLeavesNothing) {
    Oid first;
    ASSERT_TRUE(commit_file("refs/heads/main", {}, "a", "1", &first));
    for (const std::string name : {"refs/../x",
                                   "HEAD",
                                   "refs/heads/-h",
                                   "refs/heads/a..b",
                                   "refs/heads/a.lock",
                                   "refs/heads/\xff"}) {
        EXPECT_TRUE(reason_of(push({{name, {}, first}})).starts_with("bad ref name")) << name;
    }
    EXPECT_EQ(reason_of(push({{"refs/origind/x", {}, first}})), "deny updating a hidden ref");
    EXPECT_TRUE(reason_of(push({{"refs/deployments/production/1", {}, first}}))
                    .starts_with("refs/deployments/ is written by the server"));
    EXPECT_EQ(reason_of(push({{"refs/deployments/production/live", {}, Oid{}}})).substr(0, 42),
              "refs/deployments/ is written by the server");
    EXPECT_TRUE(reason_of(push({{"refs/deployments/a/b/live", {}, first}}))
                    .starts_with("refs/deployments/ is written by the server"));
    expect_untouched(1);
}

TEST_F(Push, RefusesAStaleOldValue) {
    Oid first;
    Oid second;
    ASSERT_TRUE(commit_file("refs/heads/main", {}, "a", "1", &first));
    ASSERT_TRUE(commit_file("refs/heads/main", first, "a", "2", &second));
    EXPECT_TRUE(
        reason_of(commit_file("refs/heads/main", first, "a", "3")).starts_with("stale info"));
    EXPECT_TRUE(reason_of(push({{"refs/heads/main", {}, first}})).starts_with("stale info"));
    EXPECT_TRUE(reason_of(push({{"refs/heads/none", first, Oid{}}})).starts_with("stale info"));
    EXPECT_EQ(tip("refs/heads/main"), second);
    expect_untouched(2);
}

TEST_F(Push, RefusesObjectsThatAreNotThere) {
    const auto missing = *Oid::from_hex("0123456789012345678901234567890123456789");
    EXPECT_EQ(reason_of(push({{"refs/heads/main", {}, missing}})), "missing necessary objects");
    expect_untouched(0);
}

TEST_F(Push, ABranchPointsToACommit) {
    Oid first;
    ASSERT_TRUE(commit_file("refs/heads/main", {}, "a", "1", &first));
    auto draft = Draft::open(service(), permit());
    ASSERT_TRUE(draft);
    const auto tree = (*draft)->tree_of(first);
    ASSERT_TRUE(tree);
    EXPECT_EQ(reason_of(push({{"refs/heads/tree", {}, *tree}})), "a branch must point to a commit");
    EXPECT_EQ(reason_of(push({{"refs/tags/tree", {}, *tree}})), "");
}

TEST_F(Push, RefusesWhatNoFileSystemCouldHold) {
    Oid first;
    ASSERT_TRUE(commit_file("refs/heads/a", {}, "f", "1", &first));
    EXPECT_FALSE(reason_of(push({{"refs/heads/a/b", {}, first}})).empty());
    EXPECT_FALSE(reason_of(push({{"refs/heads/A", {}, first}})).empty());
    ASSERT_EQ(reason_of(push({{"refs/heads/x/y", {}, first}})), "");
    EXPECT_FALSE(reason_of(push({{"refs/heads/x", {}, first}})).empty());
    // A delete makes way within one push, whichever comes first.
    const auto outcome = push({{"refs/heads/a/b", {}, first}, {"refs/heads/a", first, Oid{}}});
    ASSERT_TRUE(outcome);
    EXPECT_TRUE(outcome->all_ok());
    EXPECT_EQ(tip("refs/heads/a"), std::nullopt);
    EXPECT_EQ(tip("refs/heads/a/b"), first);
}

TEST_F(Push, AtomicMovesAllOrNothing) {
    Oid first;
    ASSERT_TRUE(commit_file("refs/heads/main", {}, "a", "1", &first));
    const auto outcome = push({{"refs/heads/b1", {}, first}, {"refs/heads/main", {}, first}}, true);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->sequence, 0U);
    EXPECT_EQ(outcome->refs[0].reason, "atomic push failure");
    EXPECT_EQ(tip("refs/heads/b1"), std::nullopt);
    expect_untouched(1);
}

TEST_F(Push, WithoutAtomicTheGoodRefsMoveInOnePush) {
    Oid first;
    ASSERT_TRUE(commit_file("refs/heads/main", {}, "a", "1", &first));
    const auto outcome = push({{"refs/heads/b1", {}, first}, {"refs/heads/main", {}, first}});
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->sequence, 2U);
    EXPECT_TRUE(outcome->refs[0].ok);
    EXPECT_FALSE(outcome->refs[1].ok);
    EXPECT_EQ(rows(Table::Pushes), 2U);
}

TEST_F(Push, TheFirstBranchBecomesHeadUnlessThereIsMain) {
    Oid first;
    ASSERT_TRUE(commit_file("refs/heads/trunk", {}, "a", "1", &first));
    ASSERT_TRUE(store_->read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(project, need_project(reader, project_));
        EXPECT_EQ(project.head, "refs/heads/trunk");
        return {};
    }));
}

TEST_F(Push, ARevokedKeyStopsThePushInTheTransaction) {
    Oid first;
    ASSERT_TRUE(commit_file("refs/heads/main", {}, "a", "1", &first));
    const auth::Permit early = permit();
    ASSERT_TRUE(store_->write([&](store::Writer& writer) {
        return auth::revoke_key(writer, *early.identity().key, clock_.now());
    }));
    auto draft = Draft::open(service(), early);
    ASSERT_TRUE(draft);
    const auto outcome = (*draft)->push({.via = "api", .refs = {{"refs/heads/b", {}, first}}});
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code(), Code::Unauthenticated);
    expect_untouched(1);
}

TEST_F(Push, WhatAlsoRefusesUndoesThePush) {
    Oid first;
    ASSERT_TRUE(commit_file("refs/heads/main", {}, "a", "1", &first));
    auto draft = Draft::open(service(), permit());
    ASSERT_TRUE(draft);
    ProposedPush proposal{.via = "api", .refs = {{"refs/heads/b", {}, first}}};
    proposal.also = [](store::Writer&, const PushOutcome&) -> Status {
        return std::unexpected(Error(Code::Conflict, "no").because("replayed"));
    };
    const auto outcome = (*draft)->push(std::move(proposal));
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().reason(), "replayed");
    EXPECT_EQ(tip("refs/heads/b"), std::nullopt);
    expect_untouched(1);
}

TEST_F(Push, AGateSeesTheMoveAndItsReasonReachesTheClient) {
    class NoDeletes final : public PushGate {
    public:
        Result<std::optional<std::string>> objection(const auth::Permit&,
                                                     const store::ProjectRow&,
                                                     const RefMove& move,
                                                     const ObjectStoreRef&,
                                                     GateState&) override {
            return move.deletes() ? std::optional<std::string>("deletes are off") : std::nullopt;
        }
    } gate;
    gates_ = {&gate};
    Oid first;
    ASSERT_TRUE(commit_file("refs/heads/b", {}, "a", "1", &first));
    EXPECT_EQ(reason_of(push({{"refs/heads/b", first, Oid{}}})), "deletes are off");
    EXPECT_EQ(tip("refs/heads/b"), first);
}

TEST_F(Push, ForcedIsSaidAndKeptInHistory) {
    Oid first;
    Oid other;
    ASSERT_TRUE(commit_file("refs/heads/main", {}, "a", "1", &first));
    ASSERT_TRUE(commit_file("refs/heads/other", {}, "a", "2", &other));
    const auto outcome = push({{"refs/heads/main", first, other}});
    ASSERT_TRUE(outcome);
    EXPECT_TRUE(outcome->refs[0].ok);
    EXPECT_TRUE(outcome->refs[0].forced);
    EXPECT_EQ(rows(Table::RefHistory), 3U);
}

TEST_F(Push, SweepRemovesWhatNoRowNames) {
    Oid first;
    ASSERT_TRUE(commit_file("refs/heads/main", {}, "a", "1", &first));
    const auto packs = storage().pack_dir(project_);
    const auto orphan = packs / ("pack-" + std::string(40, 'f') + ".pack");
    const auto left = storage().quarantine_dir(project_) / "half.pack";
    ASSERT_TRUE(storage().prepare(project_));
    ASSERT_TRUE(write_file(orphan, "x"));
    ASSERT_TRUE(write_file(left, "x"));
    Log log(2, LogFormat::Text, Level::Error, clock_);
    ASSERT_TRUE(storage().sweep(*store_, log));
    EXPECT_FALSE(std::filesystem::exists(orphan));
    EXPECT_FALSE(std::filesystem::exists(left));
    Storage fresh(folder_ / "projects");
    ASSERT_TRUE(store_->read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(objects, fresh.open(reader, project_));
        EXPECT_TRUE(objects->contains(first));
        return {};
    }));
}

}  // namespace
}  // namespace origin::git

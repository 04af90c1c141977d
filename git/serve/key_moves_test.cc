// SPDX-License-Identifier: Apache-2.0
// Goal: all that a key moved is found, page by page, and taken back as far as nobody built on it.
// Method: pushes by two keys over a real project; refusals and foreign cursors first; a clock that
// is set back between pushes.
#include "git/serve/key_moves.h"

#include <algorithm>

#include "git/serve/test_project.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::git {
namespace {

class KeyMoves : public TestProject {
protected:
    void SetUp() override {
        TestProject::SetUp();
        good_ = *identity().key;
        good_text_ = key_text_;
        bad_ = KeyId::make(clock_, random_);
        bad_text_ = auth::make_key_text(bad_, random_).reveal();
        ASSERT_TRUE(store_->write([&](store::Writer& writer) -> Status {
            ORIGIN_CHECK(auth::create_key(writer,
                                          {.id = bad_,
                                           .text = Secret(bad_text_),
                                           .client = client_,
                                           .title = {},
                                           .scopes = auth::Scopes::all(),
                                           .projects = {},
                                           .now = clock_.now()}));
            return {};
        }));
    }
    /// A commit on top of `parent`, by the leaked key or by the good one.
    Oid push(bool leaked, const std::string& branch, const Oid& parent) {
        key_text_ = leaked ? bad_text_ : good_text_;
        Oid made;
        const auto pushed = commit_file(branch, parent, "f", std::to_string(++pushes_), &made);
        EXPECT_TRUE(pushed && pushed->all_ok());
        key_text_ = good_text_;
        return made;
    }
    std::vector<KeyMove> moves(UnixMillis since = 0) {
        auto found = all_key_moves(*store_, {.keys = {bad_}, .since = since});
        EXPECT_TRUE(found);
        return found.value_or(std::vector<KeyMove>());
    }
    std::vector<RefUndo> undo(DryRun dry_run = DryRun::No) {
        auto undone = undo_key_moves(service(),
                                     gatekeeper_,
                                     identity(),
                                     {.key = bad_, .moves = moves(), .dry_run = dry_run});
        EXPECT_TRUE(undone);
        return undone.value_or(std::vector<RefUndo>());
    }
    std::string verdict_of(const std::vector<RefUndo>& undone, const std::string& ref) {
        const auto found = std::ranges::find(undone, ref, &RefUndo::ref);
        return found == undone.end() ? "none" : std::string(name_of(found->verdict));
    }
    Oid tip(const std::string& ref) {
        Oid oid;
        EXPECT_TRUE(store_->read([&](store::Reader& reader) -> Status {
            ORIGIN_TRY(row, find_ref(reader, project_, ref));
            oid = row ? row->oid : Oid{};
            return {};
        }));
        return oid;
    }

    KeyId good_;
    KeyId bad_;
    std::string good_text_;
    std::string bad_text_;
    int pushes_ = 0;
};

TEST_F(KeyMoves, CursorsOfOtherListsAreRefused) {
    const auto reason = [&](const KeyMovesWish& wish) {
        const Status read = store_->read([&](store::Reader& reader) -> Status {
            ORIGIN_CHECK(read_key_moves(reader, wish));
            return {};
        });
        return read ? "" : std::string(read.error().reason());
    };
    EXPECT_EQ(reason({.keys = {bad_}, .limit = 1, .after = "x"}), "bad_cursor");
    EXPECT_EQ(reason({.keys = {bad_}, .limit = 1, .after = std::string(25, 'x')}), "bad_cursor");
    const std::string elsewhere = store::push_key(project_, 5);
    EXPECT_EQ(reason({.keys = {bad_}, .limit = 1, .after = elsewhere}), "");
    EXPECT_EQ(reason({.keys = {bad_},
                      .projects = std::vector{ProjectId::make(clock_, random_)},
                      .limit = 1,
                      .after = elsewhere}),
              "bad_cursor")
        << "a caller that is bound to a project learns nothing of another";
}

TEST_F(KeyMoves, PagesHoldEachMoveOnce) {
    Oid tip_of_main = push(false, "refs/heads/main", {});
    for (int i = 0; i < 7; ++i) {
        tip_of_main = push(true, "refs/heads/main", tip_of_main);
        push(false, "refs/heads/other" + std::to_string(i), {});
    }
    std::vector<std::uint64_t> seen;
    KeyMovesWish wish{.keys = {bad_}, .limit = 2};
    do {
        ASSERT_TRUE(store_->read([&](store::Reader& reader) -> Status {
            ORIGIN_TRY(page, read_key_moves(reader, wish));
            for (const KeyMove& move : page.moves) {
                seen.push_back(move.push);
                EXPECT_EQ(move.still_there, move.after == tip_of_main);
            }
            wish.after = page.next;
            return {};
        }));
    } while (!wish.after.empty());
    EXPECT_EQ(seen.size(), 7U);
    EXPECT_TRUE(std::ranges::is_sorted(seen, std::greater()));
    EXPECT_EQ(moves(clock_.now() + 1).size(), 0U);
}

TEST_F(KeyMoves, AreThoseOfAllTheKeysInTheProjectsNamedAndNotTooMany) {
    push(true, "refs/heads/main", push(false, "refs/heads/main", {}));
    const auto found = [&](std::vector<KeyId> keys,
                           std::optional<std::vector<ProjectId>> projects,
                           std::size_t scan_max = kKeyMovesScanMax) {
        std::ranges::sort(keys);
        return all_key_moves(
            *store_, {.keys = std::move(keys), .projects = std::move(projects)}, scan_max);
    };
    EXPECT_EQ(found({bad_}, std::nullopt)->size(), 1U);
    EXPECT_EQ(found({bad_, good_}, std::nullopt)->size(), 2U);
    EXPECT_EQ(found({bad_, good_}, std::vector{project_})->front().key, bad_);
    EXPECT_EQ(found({bad_}, std::vector<ProjectId>())->size(), 0U) << "none is not all";
    EXPECT_EQ(found({bad_}, std::vector{project_}, 3)->size(), 1U);
    const auto refused = found({bad_}, std::vector{project_}, 2);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason(), "too_many_moves");
    EXPECT_TRUE(refused.error().told_to_peer().contains("later 'since'"));
}

TEST_F(KeyMoves, AClockThatIsSetBackHidesNoMove) {
    const Oid first = push(true, "refs/heads/main", {});
    const UnixMillis since = clock_.now() - 1000;
    clock_.set(std::chrono::hours(-2));
    push(true, "refs/heads/main", first);
    clock_.set(std::chrono::hours(2));
    EXPECT_EQ(moves(since).size(), 1U) << "older pushes may have later times";
    EXPECT_EQ(moves(since - 3 * 3'600'000).size(), 2U);
}

TEST_F(KeyMoves, WhatIsOnTopIsTakenBackAndWhatOthersBuiltOnIsLeft) {
    const Oid main = push(false, "refs/heads/main", {});
    push(true, "refs/heads/main", push(true, "refs/heads/main", main));
    push(true, "refs/heads/made", {});
    const Oid theirs = push(true, "refs/heads/built-on", {});
    const Oid mine = push(false, "refs/heads/built-on", theirs);

    const auto plan = undo(DryRun::Yes);
    EXPECT_EQ(verdict_of(plan, "refs/heads/main"), "undone");
    EXPECT_NE(tip("refs/heads/main"), main) << "a dry run moves nothing";
    EXPECT_EQ(plan.front().push, 0U);

    const auto undone = undo();
    ASSERT_EQ(undone.size(), 3U);
    EXPECT_EQ(verdict_of(undone, "refs/heads/main"), "undone");
    EXPECT_EQ(verdict_of(undone, "refs/heads/made"), "undone");
    EXPECT_EQ(verdict_of(undone, "refs/heads/built-on"), "moved_on");
    EXPECT_EQ(tip("refs/heads/main"), main) << "over two moves, in one step";
    EXPECT_TRUE(tip("refs/heads/made").is_zero());
    EXPECT_EQ(tip("refs/heads/built-on"), mine);

    std::vector<std::string> options;
    std::uint64_t pushes = 0;
    ASSERT_TRUE(store_->read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(latest, latest_push(reader, project_));
        pushes = latest;
        ORIGIN_TRY(row,
                   store::need_row<store::PushRow>(
                       reader, store::Table::Pushes, store::push_key(project_, latest), "?"));
        options = row.options;
        return {};
    }));
    EXPECT_EQ(pushes, static_cast<std::uint64_t>(pushes_) + 1) << "one push";
    EXPECT_EQ(options, std::vector<std::string>{"quarantine=" + bad_.str()});

    const auto again = undo();
    EXPECT_EQ(verdict_of(again, "refs/heads/main"), "already_undone");
    EXPECT_EQ(verdict_of(again, "refs/heads/made"), "already_undone");
    EXPECT_EQ(verdict_of(again, "refs/heads/built-on"), "moved_on");
}

TEST_F(KeyMoves, ADeletedBranchComesBack) {
    const Oid kept = push(false, "refs/heads/kept", {});
    key_text_ = bad_text_;
    ProposedPush gone{.via = "http", .refs = {{"refs/heads/kept", kept, {}}}};
    ASSERT_TRUE(store_->read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(opened, service().storage().open(reader, project_));
        gone.objects = NewObjects::none(opened);
        return {};
    }));
    ASSERT_TRUE(service().push(permit(), std::move(gone)));
    key_text_ = good_text_;
    ASSERT_TRUE(tip("refs/heads/kept").is_zero());
    EXPECT_TRUE(moves().front().still_there) << "still gone";
    EXPECT_EQ(verdict_of(undo(), "refs/heads/kept"), "undone");
    EXPECT_EQ(tip("refs/heads/kept"), kept);
}

TEST_F(KeyMoves, WhoMayNotPushIsTold) {
    push(true, "refs/heads/main", {});
    auth::Identity reader = identity();
    reader.scopes = auth::Scopes(static_cast<std::uint32_t>(auth::Scope::GitRead));
    const auto undone =
        undo_key_moves(service(), gatekeeper_, reader, {.key = bad_, .moves = moves()});
    ASSERT_TRUE(undone);
    EXPECT_EQ(verdict_of(*undone, "refs/heads/main"), "not_permitted");
    EXPECT_FALSE(tip("refs/heads/main").is_zero());
}

TEST_F(KeyMoves, AKeyThatEndsInTheMiddleOfAPushMovesNothing) {
    key_text_ = bad_text_;
    const auth::Permit begun = permit();
    const auto reason = [&] {
        const auto draft = Draft::open(service(), begun);
        EXPECT_TRUE(draft);
        const auto tree = (*draft)->repository().edit_tree({}, {{"f", FileEdit{kModeFile, "x"}}});
        Commit commit;
        commit.tree = *tree;
        commit.author = commit.committer = server_ident(clock_.now());
        commit.message = "late";
        const auto oid = (*draft)->add_commit(commit);
        const auto pushed =
            (*draft)->push({.via = "http", .refs = {{"refs/heads/late", {}, *oid}}});
        return pushed ? "" : std::string(pushed.error().reason());
    };
    ASSERT_TRUE(store_->write([&](store::Writer& writer) -> Status {
        ORIGIN_TRY(
            row,
            store::need_row<store::KeyRow>(writer, store::Table::Keys, bad_.view(), "no such key"));
        row.expires_at = clock_.now() + 3'600'000;
        return store::put_row(writer, store::Table::Keys, bad_.view(), row);
    }));
    clock_.advance(std::chrono::hours(1));
    EXPECT_EQ(reason(), "unauthenticated");
    EXPECT_TRUE(tip("refs/heads/late").is_zero());
    // The clock is set back: by its own word the key has not ended yet.
    clock_.set(std::chrono::hours(-1));
    EXPECT_EQ(reason(), "");
    key_text_ = good_text_;
}

}  // namespace
}  // namespace origin::git

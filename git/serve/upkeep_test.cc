// SPDX-License-Identifier: Apache-2.0
// Goal: many small writes stay few files; what is reachable is never dropped, whatever is pushed
// while garbage is collected; what is not reachable goes when its time has come, and not before.
// Method: one project over the memory store, a clock that is moved by hand, and pushes made at the
// worst instants. The oracle walks every ref's closure in a fresh Storage.
#include "git/serve/upkeep.h"

#include "git/odb/references.h"
#include "git/serve/deleted_project.h"
#include "git/serve/journal.h"
#include "git/serve/reachable.h"
#include "git/serve/test_project.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::git {
namespace {

using store::Table;

constexpr Milliseconds kDay = std::chrono::hours(24);
const std::string kMain = "refs/heads/main";
const std::string kSide = "refs/heads/side";

class UpkeepTest : public TestProject {
protected:
    Upkeep& upkeep() {
        if (!upkeep_) {
            upkeep_ = std::make_unique<Upkeep>(
                Upkeep::Around{*store_, storage(), clock_, schedule_, log_, metrics_});
        }
        return *upkeep_;
    }
    UpkeepReport run(const UpkeepWish& wish = {.everything = true}) {
        auto report = upkeep().run(project_, wish);
        EXPECT_TRUE(report) << report.error().told_to_peer() << report.error().kept_in_log();
        return report ? *report : UpkeepReport{};
    }

    std::optional<UnixMillis> ready_at() {
        std::optional<UnixMillis> ready;
        EXPECT_TRUE(store_->read([&](store::Reader& reader) -> Status {
            ORIGIN_TRY(next, store::next_ready(reader, kUpkeepJob));
            ready = next;
            return {};
        }));
        return ready;
    }
    /// Does the job that is ready.
    void work() {
        const auto job = claim(kUpkeepJob, schedule_.now());
        ASSERT_TRUE(job);
        ASSERT_TRUE(upkeep().work(*job));
    }

    std::size_t files() {
        std::error_code error;
        std::size_t count = 0;
        for (const auto& file :
             std::filesystem::directory_iterator(storage().pack_dir(project_), error)) {
            count += file.path().extension() == ".pack" ? 1U : 0U;
        }
        return count;
    }

    /// Every ref with all it reaches, read by somebody who has seen nothing before.
    void expect_complete() {
        Storage fresh(folder_ / "projects");
        const Status walked = store_->read([&](store::Reader& reader) -> Status {
            ORIGIN_TRY(objects, fresh.open(reader, project_));
            ORIGIN_TRY(roots, read_roots(reader, project_, clock_.now()));
            Reachable reachable;
            for (const Oid& oid : roots.needed) {
                ORIGIN_CHECK(reachable.add(*objects, oid));
            }
            for (const auto& pack : objects->packs()) {
                ORIGIN_CHECK(check_pack_connectivity(*pack, *objects));  // Closed, garbage too.
            }
            return {};
        });
        EXPECT_TRUE(walked) << walked.error().told_to_peer() << walked.error().kept_in_log();
    }

    bool has(const Oid& oid) {
        bool found = false;
        EXPECT_TRUE(store_->read([&](store::Reader& reader) -> Status {
            ORIGIN_TRY(objects, storage().open(reader, project_));
            found = objects->contains(oid);
            return {};
        }));
        return found;
    }

    bool tip_is(const std::string& branch, const Oid& garbage) {
        const auto at = tip(branch);
        return at && *at == garbage;
    }

    FoldSources journal() {
        FoldSources sources;
        EXPECT_TRUE(store_->read([&](store::Reader& reader) -> Status {
            ORIGIN_TRY(part, read_journal(reader, project_, {}));
            sources = {{}, part.pack, part.last, part.newest_at};
            return {};
        }));
        return sources;
    }

    Result<PushOutcome> move(const std::string& ref, const Oid& from, const Oid& to) {
        auto draft = Draft::open(service(), permit());
        EXPECT_TRUE(draft);
        return (*draft)->push({.via = "api", .refs = {{ref, from, to}}});
    }

    /// A commit that a branch held and holds no more, in a pack, past all retention.
    Oid make_garbage(const std::string& text) {
        Oid commit;
        EXPECT_TRUE(commit_file(kSide, {}, "garbage", text, &commit));
        EXPECT_TRUE(move(kSide, commit, {}));
        run();
        clock_.advance(kHistoryKept + kDay);
        return commit;
    }

    Log log_{2, LogFormat::Text, Level::Error, clock_};
    std::unique_ptr<Upkeep> upkeep_;
};

TEST_F(UpkeepTest, SmallWritesTakeNoFilesAndSealIntoOnePack) {
    Oid tip;
    for (int i = 0; i < 200; ++i) {
        ASSERT_TRUE(commit_file(kMain, tip, "f" + std::to_string(i % 7), std::to_string(i), &tip));
    }
    EXPECT_EQ(files(), 0U);
    EXPECT_EQ(rows(Table::Journal), 200U);
    expect_complete();
    const UpkeepReport report = run();
    EXPECT_EQ(report.journal_rows_sealed, 200U);
    EXPECT_EQ(rows(Table::Journal), 0U);
    EXPECT_EQ(rows(Table::Packs), 1U);
    EXPECT_EQ(files(), 1U);
    expect_complete();
    ASSERT_TRUE(commit_file(kMain, tip, "after", "1", &tip));
    expect_complete();
}

TEST_F(UpkeepTest, ARefusedPushLeavesNoFile) {
    Oid first;
    ASSERT_TRUE(commit_file(kMain, {}, "a", "1", &first));
    std::string large(3 * kSmallPackBytesMax, '\0');
    random_.fill(std::as_writable_bytes(std::span(large)));
    auto draft = Draft::open(service(), permit());
    ASSERT_TRUE(draft);
    ASSERT_TRUE((*draft)->builder().add(ObjectType::Blob, large));
    const auto refused = (*draft)->push({.via = "api",
                                         .refs = {{kSide, {}, first}},
                                         .also = [](store::Writer&, const PushOutcome&) -> Status {
                                             return std::unexpected(Error(Code::Conflict, "no"));
                                         }});
    EXPECT_FALSE(refused);
    EXPECT_EQ(files(), 0U);
    EXPECT_EQ(rows(Table::Packs), 0U);
}

TEST_F(UpkeepTest, ManyPacksBecomeFewAndTheirFilesGoADayLater) {
    Oid tip;
    constexpr std::size_t kMany = kPacksBeforeFold + 1;
    for (std::size_t i = 0; i < kMany; ++i) {
        ASSERT_TRUE(commit_file(kMain, tip, "f", std::to_string(i), &tip));
        auto draft = Draft::open(service(), permit());  // Opened before, read after.
        ASSERT_TRUE(draft);
        Fold fold = *Fold::of(storage(), project_, journal());
        ASSERT_TRUE(fold.write(all_objects_of(fold.objects())));
        ASSERT_TRUE(
            store_->write([&](store::Writer& writer) { return fold.swap(writer, clock_.now()); }));
        EXPECT_TRUE((*draft)->tree_of(tip));
    }
    EXPECT_EQ(rows(Table::Packs), kMany);
    run({});
    EXPECT_LT(rows(Table::Packs), 3U);
    EXPECT_GT(files(), kMany);
    expect_complete();
    ASSERT_TRUE(storage().sweep(*store_, log_));  // A start keeps what died lately.
    EXPECT_GT(files(), kMany);
    clock_.advance(kDay);
    EXPECT_GT(run({}).files_removed, 0U);
    EXPECT_EQ(files(), rows(Table::Packs));
    EXPECT_EQ(rows(Table::DeadPacks), 0U);
    expect_complete();
}

TEST_F(UpkeepTest, GarbageGoesWhenItsTimeHasComeAndNotBefore) {
    Oid kept;
    Oid lost;
    ASSERT_TRUE(commit_file(kMain, {}, "a", "1", &kept));
    ASSERT_TRUE(commit_file(kSide, {}, "b", "2", &lost));
    ASSERT_TRUE(move(kSide, lost, {}));
    run();
    clock_.advance(2 * kDay);
    EXPECT_EQ(run().objects_dropped, 0U);  // A deleted branch can be brought back.
    EXPECT_TRUE(has(lost));
    clock_.advance(kHistoryKept);
    EXPECT_EQ(run().objects_dropped, 3U);  // Commit, tree, blob.
    EXPECT_FALSE(has(lost));
    EXPECT_TRUE(has(kept));
    expect_complete();
}

TEST_F(UpkeepTest, YoungGarbageStaysAndSoDoesWhatItRefersTo) {
    Oid first;
    ASSERT_TRUE(commit_file(kMain, {}, "a", "1", &first));
    const Oid old = make_garbage("old");
    // Brought by a push whose refs do not reach it; its parent is the old garbage.
    auto draft = Draft::open(service(), permit());
    ASSERT_TRUE(draft);
    Commit commit;
    commit.tree = *(*draft)->tree_of(old);
    commit.parents = {old};
    commit.author = commit.committer = server_ident(clock_.now());
    const Oid young = *(*draft)->add_commit(commit);
    ASSERT_TRUE((*draft)->push({.via = "api", .refs = {{"refs/heads/other", {}, first}}}));
    EXPECT_EQ(run().objects_dropped, 0U);
    EXPECT_TRUE(has(young));
    expect_complete();
    clock_.advance(2 * kDay);
    EXPECT_EQ(run().objects_dropped, 4U);
    EXPECT_FALSE(has(young));
    expect_complete();
}

TEST_F(UpkeepTest, APushOfWhatIsAboutToBeDroppedWinsOrIsRefused) {
    Oid tip;
    ASSERT_TRUE(commit_file(kMain, {}, "a", "1", &tip));
    int kept = 0;
    int refused = 0;
    for (int round = 0; round < 60; ++round) {
        const std::string text = std::to_string(round);
        const Oid garbage = make_garbage(text);
        const std::string branch = "refs/heads/r" + text;
        ASSERT_TRUE(has(garbage));
        auto early = Draft::open(service(), permit());  // It has seen the garbage.
        ASSERT_TRUE(early);
        const auto push = [&] {
            const auto pushed = (*early)->push({.via = "api", .refs = {{branch, {}, garbage}}});
            const bool ok = pushed && pushed->all_ok();
            (ok ? kept : refused) += 1;
            EXPECT_EQ(tip_is(branch, garbage), ok);
        };
        // A commit on top of it, by somebody who builds it before and pushes it after.
        Commit commit;
        commit.tree = *(*early)->tree_of(garbage);
        commit.parents = {garbage};
        commit.author = commit.committer = server_ident(clock_.now());
        if (round % 3 == 2) {
            ASSERT_TRUE((*early)->add_commit(commit));
        }
        if (round % 2 == 0) {
            upkeep().before_swap = push;
            run();
        } else {
            run();
            push();
        }
        upkeep().before_swap = [] {
        };
        expect_complete();
    }
    EXPECT_EQ(kept, 30);
    EXPECT_EQ(refused, 30);
}

TEST_F(UpkeepTest, APushThatBringsWhatWasDroppedIsTaken) {
    Oid tip;
    ASSERT_TRUE(commit_file(kMain, {}, "a", "1", &tip));
    const Oid garbage = make_garbage("again");
    // Looked at before the collection, complete in itself: taken at once, though looked at twice.
    PackIntake intake(storage().quarantine_dir(project_), nullptr);
    ObjectStoreRef objects;
    ASSERT_TRUE(store_->read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(opened, storage().open(reader, project_));
        objects = opened;
        return {};
    }));
    PackBuilder builder(ObjectStore::empty(folder_));
    const Object commit = *objects->read(garbage);
    const Oid tree = parse_commit_links(commit.data)->tree;
    const auto blob = *find_entry(objects->read(tree)->data, "garbage");
    ASSERT_TRUE(builder.add(ObjectType::Blob, objects->read(blob->oid)->data));
    ASSERT_TRUE(builder.add(ObjectType::Tree, objects->read(tree)->data));
    ASSERT_TRUE(builder.add(ObjectType::Commit, commit.data));
    auto built = builder.write(folder_);
    ASSERT_TRUE(built);
    ProposedPush proposal{.via = "api", .refs = {{kSide, {}, garbage}}};
    proposal.objects = *NewObjects::from(*built, objects);
    EXPECT_EQ(run().objects_dropped, 3U);
    const auto pushed = service().push(permit(), std::move(proposal));
    ASSERT_TRUE(pushed) << pushed.error().told_to_peer() << pushed.error().kept_in_log();
    EXPECT_TRUE(pushed->all_ok());
    expect_complete();
}

TEST_F(UpkeepTest, OneJobForAProjectMovedForwardWhenThereIsMuchToDo) {
    Oid tip;
    ASSERT_TRUE(commit_file(kMain, {}, "a", "1", &tip));
    ASSERT_TRUE(commit_file(kMain, tip, "a", "2", &tip));
    EXPECT_EQ(rows(Table::Jobs), 1U);
    EXPECT_GT(*ready_at(), clock_.now() + kDay.count() / 2);
    ASSERT_TRUE(store_->write(
        [&](store::Writer& writer) { return schedule_upkeep(writer, project_, store::kAtOnce); }));
    EXPECT_EQ(rows(Table::Jobs), 1U);
    EXPECT_LE(*ready_at(), clock_.now());
    work();
    EXPECT_EQ(rows(Table::Jobs), 0U);  // Nothing more to do before the next push.
    ASSERT_TRUE(commit_file(kMain, tip, "a", "3", &tip));
    EXPECT_EQ(rows(Table::Jobs), 1U);
}

TEST_F(UpkeepTest, AWallClockThatIsSetMovesNoJob) {
    Oid tip;
    Oid side;
    ASSERT_TRUE(commit_file(kMain, {}, "a", "1", &tip));
    ASSERT_TRUE(commit_file(kSide, {}, "b", "2", &side));
    ASSERT_TRUE(move(kSide, side, {}));
    const UnixMillis begun = schedule_.now();
    clock_.set(3650 * kDay);
    ASSERT_TRUE(store_->write(
        [&](store::Writer& writer) { return schedule_upkeep(writer, project_, store::kAtOnce); }));
    work();
    ASSERT_TRUE(commit_file(kSide, {}, "b", "3", &side));
    ASSERT_TRUE(move(kSide, side, {}));
    ASSERT_TRUE(store_->write(
        [&](store::Writer& writer) { return schedule_upkeep(writer, project_, store::kAtOnce); }));
    work();  // Comes back when what the branch held leaves the history.
    ASSERT_TRUE(ready_at());
    EXPECT_GT(*ready_at(), begun + kDay.count());
    EXPECT_LE(*ready_at(), begun + kUpkeepDelayMax.count());
}

// Jobs far ahead are taken for a clock that was set back: upkeep's own delays are none of these.
TEST_F(UpkeepTest, AStartLeavesItsJobsWhereTheyAre) {
    Oid tip;
    ASSERT_TRUE(commit_file(kMain, {}, "a", "1", &tip));
    ASSERT_TRUE(move(kSide, {}, tip));
    ASSERT_TRUE(move(kSide, tip, {}));
    const auto start = [&] {
        std::size_t taken = 0;
        EXPECT_TRUE(store_->write([&](store::Writer& writer) -> Status {
            ORIGIN_TRY(
                count,
                store::take_back_leases(writer, kUpkeepJob, schedule_.now(), kUpkeepDelayMax));
            taken = count;
            return {};
        }));
        return taken;
    };
    EXPECT_EQ(start(), 0U);
    clock_.advance(kDay);
    work();
    ASSERT_TRUE(ready_at());  // A month on.
    EXPECT_GT(*ready_at(), schedule_.now() + kDay.count());
    EXPECT_EQ(start(), 0U);
}

// Whoever deletes a project gets its room at once; the disk gets it a day later, and all of it.
TEST_F(UpkeepTest, ADeletedProjectsObjectsGoADayLater) {
    Oid tip;
    ASSERT_TRUE(commit_file(kMain, {}, "a", "1", &tip));
    run();
    ASSERT_TRUE(commit_file(kMain, tip, "b", "2", &tip));
    const ProjectId other = ProjectId::make(clock_, random_);
    ASSERT_TRUE(store_->write([&](store::Writer& writer) {
        return store::put_row(writer,
                              Table::Packs,
                              store::pack_key(other, "pack-of-another"),
                              store::PackRow{1, 1, clock_.now()});
    }));
    ASSERT_EQ(files(), 1U);
    ASSERT_EQ(rows(Table::Journal), 1U);
    EXPECT_FALSE(erase_objects(*store_, project_)) << "it is there";
    const auto admin = permit(auth::Action::Admin);
    ASSERT_TRUE(store_->write(
        [&](store::Writer& writer) { return delete_project(writer, admin, clock_.now()); }));
    work();
    EXPECT_EQ(files(), 1U) << "somebody may be reading it";
    EXPECT_EQ(rows(Table::Packs), 2U);
    EXPECT_EQ(rows(Table::Journal), 1U);
    clock_.advance(kDay - std::chrono::minutes(1));
    ASSERT_TRUE(ready_at());
    EXPECT_GT(*ready_at(), schedule_.now());
    clock_.advance(std::chrono::minutes(1));
    work();
    EXPECT_EQ(files(), 0U);
    EXPECT_EQ(rows(Table::Packs), 1U) << "another project's stays";
    EXPECT_EQ(rows(Table::DeadPacks), 0U);
    EXPECT_EQ(rows(Table::Journal), 0U);
    EXPECT_FALSE(ready_at()) << "there is nothing left to do";
}

TEST_F(UpkeepTest, APackOfADeletedProjectThatIsHeldGoesLater) {
    Oid tip;
    ASSERT_TRUE(commit_file(kMain, {}, "a", "1", &tip));
    run();
    std::string name;
    ASSERT_TRUE(store_->read([&](store::Reader& reader) {
        return reader.scan(Table::Packs, {}, [&](std::string_view key, std::string_view) {
            name = key.substr(kIdBytes);
            return true;
        });
    }));
    const auto admin = permit(auth::Action::Admin);
    ASSERT_TRUE(store_->write(
        [&](store::Writer& writer) { return delete_project(writer, admin, clock_.now()); }));
    work();
    clock_.advance(kDay);
    {
        const Storage::Hold hold(storage(), project_, name);
        work();
        EXPECT_EQ(files(), 1U);
        ASSERT_TRUE(ready_at());
    }
    clock_.advance(std::chrono::hours(1));
    work();
    EXPECT_EQ(files(), 0U);
    EXPECT_FALSE(ready_at());
}

}  // namespace
}  // namespace origin::git

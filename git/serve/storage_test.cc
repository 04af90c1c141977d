// SPDX-License-Identifier: Apache-2.0
// Goal: a start removes what a killed server left of its pushes, and looks only at projects where
// it may have left something. Method: one Storage a life of the server, files put where a crash
// leaves them; a folder or a file in the way where something is to fail.
#include "git/serve/storage.h"

#include "base/limits.h"
#include "git/odb/staged_pack.h"
#include "git/serve/test_project.h"

namespace origin::git {
namespace {

namespace fs = std::filesystem;
using store::Table;

class StorageSweep : public TestProject {
protected:
    fs::path mark() { return folder_ / "projects" / kWrittenFolder / project_.str(); }
    /// A start: as after a kill, for nothing of the Storage before is asked.
    void restart() {
        service_.reset();
        storage_.reset();
        ASSERT_TRUE(storage().sweep(*store_, log_));
    }
    /// What a kill between staging and the transaction leaves.
    void leave_files() {
        ASSERT_TRUE(write_file(half(), "x"));
        ASSERT_TRUE(write_file(orphan(), "x"));
    }
    fs::path half() { return storage().quarantine_dir(project_) / "incoming-1-1.pack"; }
    fs::path orphan() {
        return storage().pack_dir(project_) / ("pack-" + std::string(40, 'f') + ".pack");
    }
    /// A push whose pack does not fit into a journal row.
    Result<PushOutcome> push_large() {
        return commit_file(
            "refs/heads/main", {}, "large", random_bytes(random_, 2 * kSmallPackBytesMax));
    }

    Log log_{2, LogFormat::Text, Level::Error, clock_};
};

TEST_F(StorageSweep, RemovesWhatAKillLeftInAProjectThatWasWrittenTo) {
    restart();
    ASSERT_TRUE(storage().expect_files(project_));
    EXPECT_TRUE(fs::exists(mark())) << "before there is any file";
    leave_files();
    restart();
    EXPECT_FALSE(fs::exists(half()));
    EXPECT_FALSE(fs::exists(orphan()));
    EXPECT_FALSE(fs::exists(mark()));
}

TEST_F(StorageSweep, DoesNotLookAtAProjectThatWasNotWrittenTo) {
    restart();
    ASSERT_TRUE(storage().prepare(project_));
    leave_files();
    restart();
    EXPECT_TRUE(fs::exists(half())) << "else every start looks at every project";
    EXPECT_TRUE(fs::exists(orphan()));
}

TEST_F(StorageSweep, LooksAtAllWhenNobodyKnowsWhichWereWrittenTo) {
    ASSERT_TRUE(storage().prepare(project_));
    leave_files();
    restart();
    EXPECT_FALSE(fs::exists(half()));
    EXPECT_FALSE(fs::exists(orphan()));
    leave_files();
    fs::remove_all(mark().parent_path());
    restart();
    EXPECT_FALSE(fs::exists(half())) << "an operator may remove the folder of the names";
}

TEST_F(StorageSweep, LooksAgainWhereItCouldNotRemoveAll) {
    restart();
    ASSERT_TRUE(storage().expect_files(project_));
    fs::create_directories(half() / "in the way");
    restart();
    EXPECT_TRUE(fs::exists(mark()));
    fs::remove_all(half());
    restart();
    EXPECT_FALSE(fs::exists(mark()));
}

TEST_F(StorageSweep, MarksAnUncleanProjectWhenItLookedAtAll) {
    fs::create_directories(half() / "in the way");
    restart();
    EXPECT_TRUE(fs::exists(mark()));
}

TEST_F(StorageSweep, SmallPushesLeaveNoMark) {
    restart();
    ASSERT_TRUE(commit_file("refs/heads/main", {}, "a", "1"));
    EXPECT_FALSE(fs::exists(mark()));
}

TEST_F(StorageSweep, ALargePushIsMarkedAndItsPackStays) {
    restart();
    ASSERT_TRUE(push_large());
    EXPECT_TRUE(fs::exists(mark()));
    ASSERT_EQ(rows(Table::Packs), 1U);
    restart();
    EXPECT_FALSE(fs::exists(mark()));
    ASSERT_TRUE(store_->read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(objects, storage().open(reader, project_));
        EXPECT_EQ(objects->packs().size(), 1U);
        return {};
    }));
}

TEST_F(StorageSweep, APushThatCannotBeMarkedIsRefusedAndLeavesNothing) {
    restart();
    fs::create_directories(mark());  // No file can be made of that name.
    EXPECT_FALSE(push_large());
    EXPECT_EQ(rows(Table::Pushes), 0U);
    EXPECT_EQ(rows(Table::Packs), 0U);
    EXPECT_FALSE(fs::exists(storage().quarantine_dir(project_)) &&
                 !fs::is_empty(storage().quarantine_dir(project_)));
    fs::remove(mark());
    EXPECT_TRUE(push_large()) << "as soon as it can";
}

}  // namespace
}  // namespace origin::git

// SPDX-License-Identifier: Apache-2.0
// Goal: the durable engine keeps what it acknowledged, through a kill, a growing map, a full disk
// and a failing one; and lets only one process in.
// Method: real folders; a forked child that is killed while it writes; a file size limit and, as
// root, a small tmpfs for the full disk.
#include "store/lmdb_store.h"

#include <atomic>
#include <csignal>
#include <fstream>
#include <mutex>
#include <set>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/test_store.h"

namespace origin::store {
namespace {

namespace fs = std::filesystem;

class LmdbStore : public testing::Test {
protected:
    std::string reason_of_opening() {
        const auto store = opener_.try_open(Opener::small(folder_.path()));
        return store ? "" : std::string(store.error().reason());
    }
    /// Writes rows of `bytes` until one is refused. Returns: how many were taken.
    static int fill_up(Store& store, std::size_t bytes, int most) {
        for (int i = 0; i < most; ++i) {
            const Status status = put(store, "row" + std::to_string(i), std::string(bytes, 'x'));
            if (!status) {
                EXPECT_EQ(status.error().code(), Code::StorageFull) << status.error().kept_in_log();
                return i;
            }
        }
        return most;
    }

    TestFolder folder_;
    Opener opener_;
};

TEST_F(LmdbStore, KeepsRowsAndIsPrivate) {
    ASSERT_TRUE(put(*opener_.open(folder_.path()), "a", "1"));
    EXPECT_EQ(rows_of(*opener_.open(folder_.path())), (Pairs{{"a", "1"}}));
    struct stat found{};
    ASSERT_EQ(::stat((folder_.path() + "/store").c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777, 0700U);
    ASSERT_EQ(::stat(folder_.data_file().c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777, 0600U);
}

TEST_F(LmdbStore, NeedsItsFolder) {
    const auto store = opener_.try_open(Opener::small(folder_.path() + "/nowhere"));
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().reason(), "no_data_folder");
}

TEST_F(LmdbStore, RefusesASecondProcessAndASecondOpening) {
    const auto store = opener_.open(folder_.path());
    EXPECT_EQ(reason_of_opening(), "data_folder_in_use");
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        ::_exit(reason_of_opening() == "data_folder_in_use" ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
}

TEST_F(LmdbStore, RefusesAStoreOfANewerVersion) {
    ASSERT_TRUE(
        put(*opener_.open(folder_.path()), "format", std::string("\0\0\0\x63", 4), Table::Meta));
    EXPECT_EQ(reason_of_opening(), "newer_format");
}

TEST_F(LmdbStore, TheMapGrowsUnderReaders) {
    const auto store = opener_.open(folder_.path());
    ASSERT_TRUE(put(*store, "steady", "1"));
    std::atomic<bool> stop = false;
    std::vector<std::thread> readers;
    for (int i = 0; i < 3; ++i) {
        readers.emplace_back([&] {
            while (!stop) {
                EXPECT_TRUE(store->read([](Reader& reader) -> Status {
                    ORIGIN_TRY(value, reader.get(Table::Refs, "steady"));
                    EXPECT_EQ(value, "1");
                    return {};
                }));
            }
        });
    }
    EXPECT_EQ(fill_up(*store, 100'000, 100), 100) << "ten times the first map";
    stop = true;
    for (std::thread& reader : readers) {
        reader.join();
    }
    EXPECT_EQ(rows_of(*store).size(), 101U);
}

TEST_F(LmdbStore, AFullMapTakesDeletesAndRecovers) {
    LmdbSettings settings = Opener::small(folder_.path());
    settings.map_bytes_max = 4 * kMiB;
    const auto store = opener_.open(settings);
    const int rows = fill_up(*store, 20'000, 1000);
    EXPECT_GT(rows, 100);
    EXPECT_LT(rows, 250);
    EXPECT_EQ(put(*store, "one", "more").error().code(), Code::StorageFull);
    for (int i = 0; i < rows; ++i) {
        ASSERT_TRUE(erase(*store, "row" + std::to_string(i))) << i;
    }
    EXPECT_GT(fill_up(*store, 20'000, 1000), 100) << "its space is used again";
}

TEST_F(LmdbStore, OneKeyRewrittenUnderAnOldSnapshotIsNoEnd) {
    LmdbSettings settings = Opener::small(folder_.path());
    const auto store = opener_.open(settings);
    ASSERT_TRUE(put(*store, "key", "old"));
    ASSERT_TRUE(store->read([&](Reader& reader) -> Status {
        std::thread([&] {
            for (int i = 0; i < 60; ++i) {  // Stays below the map: growth waits for this reader.
                EXPECT_TRUE(put(*store, "key", std::to_string(i)));
            }
        }).join();
        ORIGIN_TRY(value, reader.get(Table::Refs, "key"));
        EXPECT_EQ(value, "old");
        return {};
    }));
    EXPECT_EQ(rows_of(*store), (Pairs{{"key", "59"}}));
}

/// A clock that a test moves.
class HandClock final : public Clock {
public:
    UnixMillis now() const override { return 0; }
    std::chrono::steady_clock::time_point steady() const override {
        return std::chrono::steady_clock::time_point(std::chrono::seconds(seconds));
    }
    std::atomic<int> seconds = 0;
};

TEST_F(LmdbStore, ASnapshotHeldTooLongIsGivenUp) {
    HandClock clock;
    auto opened = open_lmdb(Opener::small(folder_.path()), opener_.log, clock);
    ASSERT_TRUE(opened);
    ASSERT_TRUE(put(**opened, "a", "1"));
    const Status status = (*opened)->read([&](Reader& reader) -> Status {
        EXPECT_TRUE(reader.get(Table::Refs, "a"));
        clock.seconds = 21;
        EXPECT_FALSE(reader.get(Table::Refs, "a"));
        return {};
    });
    EXPECT_EQ(status.error().reason(), "snapshot_too_old");
}

/// A soft limit on file sizes, for this process, while it lives.
class FileSizeLimit {
public:
    explicit FileSizeLimit(std::uint64_t bytes) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        rlimit limit = before_;
        limit.rlim_cur = bytes;
        EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
    }
    ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;

private:
    rlimit before_{};
};

TEST_F(LmdbStore, AFileThatMayNotGrowIsAFullDiskAndLaterWritesWork) {
    auto store = opener_.open(folder_.path());
    int kept = 0;
    {
        const FileSizeLimit limit(3 * kMiB);
        kept = fill_up(*store, 20'000, 1000);
        EXPECT_GT(kept, 20);
        EXPECT_LT(kept, 160);
        const std::uint64_t version = store->version();
        EXPECT_EQ(fill_up(*store, 60'000, 1), 0);
        EXPECT_EQ(store->version(), version) << "nothing was changed";
        EXPECT_TRUE(erase(*store, "row0"));
    }
    EXPECT_TRUE(put(*store, "later", std::string(1 * kMiB, 'x')));
    store.reset();
    EXPECT_EQ(rows_of(*opener_.open(folder_.path())).size(), static_cast<std::size_t>(kept));
}

/// A tmpfs of a few MB, where that can be had.
class SmallDisk {
public:
    explicit SmallDisk(const std::string& at) : at_(at) {
        mounted_ = ::mount("tmpfs", at.c_str(), "tmpfs", 0, "size=6m") == 0;
    }
    ~SmallDisk() {
        if (mounted_) {
            ::umount2(at_.c_str(), MNT_DETACH);
        }
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
    explicit operator bool() const { return mounted_; }

private:
    std::string at_;
    bool mounted_ = false;
};

TEST_F(LmdbStore, AFullDiskRefusesWritesUntilThereIsSpace) {
    const SmallDisk disk(folder_.path());
    if (!disk) {
        GTEST_SKIP() << "mounting a tmpfs needs root; the file size test stands in";
    }
    auto store = opener_.open(folder_.path());
    const std::string ballast = folder_.path() + "/ballast";
    std::ofstream(ballast) << std::string(3 * kMiB, 'x');
    const int kept = fill_up(*store, 20'000, 1000);
    EXPECT_GT(kept, 20);
    EXPECT_LT(kept, 160);
    EXPECT_TRUE(erase(*store, "row0"));
    fs::remove(ballast);
    EXPECT_TRUE(put(*store, "row0", std::string(200'000, 'x')));
    store.reset();
    EXPECT_EQ(rows_of(*opener_.open(folder_.path())).size(), static_cast<std::size_t>(kept));
}

TEST_F(LmdbStore, TheDisksReserveIsForDeletes) {
    const SmallDisk disk(folder_.path());
    if (!disk) {
        GTEST_SKIP() << "mounting a tmpfs needs root";
    }
    LmdbSettings settings = Opener::small(folder_.path());
    settings.disk_free_bytes_min = kStoreDiskFreeBytesMin;
    HandClock clock;
    auto opened = open_lmdb(settings, opener_.log, clock);
    ASSERT_TRUE(opened);
    Store& store = **opened;
    ASSERT_TRUE(put(store, "a", "1"));
    const std::string ballast = folder_.path() + "/ballast";
    std::ofstream(ballast) << std::string(4800 * kKiB, 'x');
    EXPECT_TRUE(put(store, "b", "1")) << "looked up once a second";
    clock.seconds = 2;
    EXPECT_EQ(put(store, "c", "1").error().code(), Code::StorageFull);
    EXPECT_TRUE(erase(store, "a"));
    fs::remove(ballast);
    clock.seconds = 4;
    EXPECT_TRUE(put(store, "c", "1"));
    EXPECT_EQ(keys_of(rows_of(store)), "b c");
}

/// Makes every write to the open data file fail, as a broken disk does.
void break_data_file(const std::string& path) {
    const int read_only = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    ASSERT_GE(read_only, 0);
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
        const int fd = std::stoi(entry.path().filename());
        if (fd != read_only && fs::read_symlink(entry.path(), error) == path) {
            ASSERT_EQ(::dup3(read_only, fd, O_CLOEXEC), fd);
        }
    }
    ::close(read_only);
}

TEST_F(LmdbStore, AFailingCommitEndsTheProcessAndAcknowledgesNothing) {
    LmdbSettings settings = Opener::small(folder_.path());
    std::atomic<int> ends = 0;
    settings.fatal = [&] {
        ends += 1;
    };
    settings.disk_step_bytes = 1 * kMiB;
    {
        Log quiet(-1, LogFormat::Text, Level::Error, opener_.clock);
        auto opened = open_lmdb(settings, quiet, opener_.clock);
        ASSERT_TRUE(opened);
        ASSERT_TRUE(put(**opened, "a", "1"));
        break_data_file(folder_.data_file());
        EXPECT_FALSE(put(**opened, "b", "1"));
        EXPECT_EQ(ends, 1);
        EXPECT_EQ(put(**opened, "c", "1").error().reason(), "store_stopped");
        EXPECT_EQ(keys_of(rows_of(**opened)), "a");
    }
    EXPECT_EQ(keys_of(rows_of(*opener_.open(folder_.path()))), "a");
}

/// The child of the kill test: four threads write rows; each row is named on the pipe only after
/// write() came back.
[[noreturn]] void write_until_killed(Store& store, int round, int pipe) {
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&store, round, pipe, t] {
            for (std::uint32_t i = 0;; ++i) {
                const std::array<std::uint32_t, 3> name = {
                    static_cast<std::uint32_t>(round), static_cast<std::uint32_t>(t), i};
                const std::string key(reinterpret_cast<const char*>(name.data()), sizeof name);
                if (!put(store, key, "row") || !put(store, key, "pair", Table::Events) ||
                    ::write(pipe, key.data(), key.size()) < 0) {
                    ::_exit(1);
                }
            }
        });
    }
    threads.front().join();
    ::_exit(1);
}

/// Reads 12-byte names until the pipe ends; kills `child` once `enough` have come.
std::set<std::string> names_until_killed(int pipe, pid_t child, std::size_t enough) {
    std::set<std::string> names;
    std::array<char, 12> name{};
    while (::read(pipe, name.data(), name.size()) == static_cast<ssize_t>(name.size())) {
        names.emplace(name.data(), name.size());
        if (names.size() == enough) {
            ::kill(child, SIGKILL);
        }
    }
    return names;
}

TEST_F(LmdbStore, WhatWasAcknowledgedSurvivesKillMinusNine) {
    for (int round = 0; round < 8; ++round) {
        std::array<int, 2> ends{};
        ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            ::close(ends[0]);
            const auto store = opener_.open(folder_.path());
            if (!store) {
                ::_exit(1);
            }
            write_until_killed(*store, round, ends[1]);
        }
        ::close(ends[1]);
        const std::size_t enough = 20 + 37 * static_cast<std::size_t>(round);
        const auto names = names_until_killed(ends[0], child, enough);
        ::close(ends[0]);
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        ASSERT_GE(names.size(), enough);
        const auto store = opener_.open(folder_.path());
        ASSERT_TRUE(store);
        ASSERT_TRUE(store->read([&](Reader& reader) -> Status {
            for (const std::string& name : names) {
                ORIGIN_TRY(row, reader.get(Table::Refs, name));
                ORIGIN_TRY(pair, reader.get(Table::Events, name));
                EXPECT_EQ(row, "row");
                EXPECT_EQ(pair, "pair");
            }
            return {};
        }));
    }
}

}  // namespace
}  // namespace origin::store

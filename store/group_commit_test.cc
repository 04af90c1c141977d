// SPDX-License-Identifier: Apache-2.0
// Goal: waiting writes share one commit, in bounded batches; each still succeeds or fails alone.
// Method: the parts without the writer thread, so that the test decides when the batch begins.
#include "store/group_commit.h"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "store/test_store.h"

namespace origin::store {
namespace {

class GroupCommitTest : public testing::Test {
protected:
    void SetUp() override { ASSERT_TRUE(env_.open()); }
    void TearDown() override {
        for (std::thread& thread : threads_) {
            thread.join();
        }
    }
    /// Queues a write and comes back when it waits.
    void queue(WriteFn fn, bool expected = true) {
        const std::size_t before = queue_.size();
        threads_.emplace_back([this, fn = std::move(fn), expected] {
            EXPECT_EQ(queue_.run(fn).has_value(), expected);
            released_ += 1;
        });
        while (queue_.size() == before) {
            std::this_thread::yield();
        }
    }
    /// One batch. Returns: how many writes were in it.
    std::size_t run_batch() {
        const auto batch = commit_.run(*queue_.wait());
        EXPECT_LE(released_ + batch.size(), threads_.size()) << "released before the commit";
        queue_.finish(batch);
        return batch.size();
    }
    static WriteFn row(int i, std::size_t bytes = 10) {
        return [=](Writer& writer) {
            return writer.put(Table::Refs, "row" + std::to_string(i), std::string(bytes, 'x'));
        };
    }

    TestFolder folder_;
    Opener opener_;
    LmdbEnv env_{folder_.path(), Opener::small(folder_.path())};
    WriteQueue queue_;
    ChangeSignal signal_;
    DiskSpace disk_{folder_.path(), {}, opener_.clock};
    GroupCommit commit_{{.env = env_,
                         .queue = queue_,
                         .signal = signal_,
                         .disk = disk_,
                         .fatal = [] { ADD_FAILURE() << "no reason to die"; },
                         .log = opener_.log,
                         .clock = opener_.clock}};
    std::vector<std::thread> threads_;
    std::atomic<std::size_t> released_ = 0;
};

TEST_F(GroupCommitTest, WaitingWritesShareOneCommit) {
    for (int i = 0; i < 10; ++i) {
        queue(row(i));
    }
    EXPECT_EQ(run_batch(), 10U);
    EXPECT_EQ(signal_.version(), 1U);
}

TEST_F(GroupCommitTest, ABatchIsBoundedInWrites) {
    for (std::size_t i = 0; i < kStoreBatchWritesMax + 3; ++i) {
        queue(row(static_cast<int>(i)));
    }
    EXPECT_EQ(run_batch(), kStoreBatchWritesMax);
    EXPECT_EQ(run_batch(), 3U);
    EXPECT_EQ(signal_.version(), 2U);
}

TEST_F(GroupCommitTest, ABatchIsBoundedInBytes) {
    for (int i = 0; i < 6; ++i) {
        queue(row(i, kStoreBatchBytesMax / 2));
    }
    EXPECT_EQ(run_batch(), 2U);
    EXPECT_EQ(run_batch(), 2U);
    EXPECT_EQ(run_batch(), 2U);
}

TEST_F(GroupCommitTest, AFailingWriteSpoilsOnlyItself) {
    std::atomic<bool> saw = false;
    queue(row(1));
    queue(
        [](Writer& writer) -> Status {
            ORIGIN_CHECK(writer.put(Table::Refs, "bad", "x"));
            return std::unexpected(refusal());
        },
        false);
    queue([&](Writer& writer) -> Status {
        ORIGIN_TRY(bad, writer.get(Table::Refs, "bad"));
        ORIGIN_TRY(good, writer.get(Table::Refs, "row1"));
        saw = !bad && good;
        return writer.put(Table::Refs, "row2", "x");
    });
    EXPECT_EQ(run_batch(), 3U);
    EXPECT_EQ(signal_.version(), 1U);
    EXPECT_TRUE(saw) << "later writes of a batch see the kept ones before them";
}

TEST_F(GroupCommitTest, ABatchOfRefusalsCommitsNothing) {
    queue([](Writer&) -> Status { return std::unexpected(refusal()); }, false);
    EXPECT_EQ(run_batch(), 1U);
    EXPECT_EQ(signal_.version(), 0U);
}

TEST_F(GroupCommitTest, AFullMapGrowsAndTheWholeBatchRunsAgain) {
    std::atomic<int> runs = 0;
    queue([&](Writer& writer) {
        runs += 1;
        return writer.put(Table::Refs, "first", "x");
    });
    for (int i = 0; i < 20; ++i) {
        queue(row(i, 100'000));
    }
    EXPECT_EQ(run_batch(), 21U);
    EXPECT_EQ(signal_.version(), 1U);
    EXPECT_GE(runs, 2);
    EXPECT_GE(env_.map_bytes(), 2 * kMiB);
}

TEST_F(GroupCommitTest, AFullQueueSaysSoAtOnce) {
    WriteQueue narrow(1);
    std::thread waits([&] { EXPECT_TRUE(narrow.run(row(1))); });
    while (narrow.size() == 0) {
        std::this_thread::yield();
    }
    EXPECT_EQ(narrow.run(row(2)).error().reason(), "store_busy");
    WaitingWrite* const first = narrow.wait();
    narrow.stop();
    EXPECT_EQ(narrow.run(row(3)).error().reason(), "store_stopped");
    EXPECT_EQ(narrow.wait(), nullptr);
    narrow.finish(std::span(&first, 1));
    waits.join();
}

}  // namespace
}  // namespace origin::store

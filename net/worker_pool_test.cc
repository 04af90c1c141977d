// SPDX-License-Identifier: Apache-2.0
// Goal: what was accepted runs; what does not fit is refused and left with its owner.
// Method: a pool of one thread that is held by a latch.
#include "net/worker_pool.h"

#include <atomic>
#include <latch>

#include <gtest/gtest.h>

namespace origin::net {
namespace {

TEST(WorkerPool, RunsEverythingItAcceptedBeforeItEnds) {
    std::atomic<int> count = 0;
    {
        const SystemClock clock;
        WorkerPool pool(3, clock);
        for (int i = 0; i < 1000; ++i) {
            EXPECT_TRUE(pool.submit([&] { ++count; }));
        }
    }
    EXPECT_EQ(count, 1000);
}

TEST(WorkerPool, NoTaskWaitsWhileAThreadSleeps) {
    const SystemClock clock;
    constexpr unsigned kThreads = 3;
    WorkerPool pool(kThreads, clock);
    for (int round = 0; round < 2000; ++round) {
        // Each task ends only when all run at once.
        std::latch together(kThreads);
        std::latch done(kThreads);
        for (unsigned i = 0; i < kThreads; ++i) {
            ASSERT_TRUE(pool.submit([&] {
                together.arrive_and_wait();
                done.count_down();
            }));
        }
        done.wait();
    }
}

TEST(WorkerPool, RefusesWhatDoesNotFit) {
    std::latch started(1);
    std::latch release(1);
    std::atomic<int> count = 0;
    const SystemClock clock;
    WorkerPool pool(1, clock, 2);
    ASSERT_TRUE(pool.submit([&] {
        started.count_down();
        release.wait();
    }));
    started.wait();
    EXPECT_TRUE(pool.submit([&] { ++count; }));
    EXPECT_TRUE(pool.submit([&] { ++count; }));
    EXPECT_EQ(pool.queued(), 2U);
    WorkerPool::Task task = [&] {
        ++count;
    };
    EXPECT_FALSE(pool.submit(std::move(task)));
    EXPECT_TRUE(static_cast<bool>(task)) << "a refused task stays with its owner";
    release.count_down();
}

}  // namespace
}  // namespace origin::net

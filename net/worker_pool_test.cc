// SPDX-License-Identifier: Apache-2.0
// Goal: what was accepted runs, what was begun first; what does not fit is refused and left with
// its owner; a pool knows when it has more than it can do. Method: a pool of one thread that is
// held by a latch, and a clock that stands still.
#include "net/worker_pool.h"

#include <atomic>
#include <latch>
#include <memory>
#include <semaphore>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "net/server_fixture.h"

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

TEST(WorkerPool, TakesSideWorkOnlyIfAThreadHasNothingToDo) {
    const SystemClock clock;
    std::latch release(1);
    WorkerPool pool(2, clock);
    EXPECT_LE(pool.width(), 2U);
    const auto hold = [&] {
        release.wait();
    };
    while (!pool.offer(hold)) {
        std::this_thread::yield();  // The threads are not asleep yet.
    }
    while (!pool.offer(hold)) {
        std::this_thread::yield();
    }
    WorkerPool::Task left = hold;
    EXPECT_FALSE(pool.offer(std::move(left)));
    EXPECT_TRUE(left);  // NOLINT(bugprone-use-after-move): it was left as it was.
    release.count_down();
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
    // NOLINTNEXTLINE(bugprone-use-after-move): that is the promise.
    EXPECT_TRUE(static_cast<bool>(task)) << "a refused task stays with its owner";
    release.count_down();
}

TEST(WorkerPool, WhatWasBegunGoesFirstAndLetsOthersBegin) {
    std::latch started(1);
    std::latch release(1);
    std::string order;
    const SystemClock clock;
    {
        WorkerPool pool(1, clock);
        ASSERT_TRUE(pool.submit([&] {
            started.count_down();
            release.wait();
        }));
        started.wait();
        for (int i = 0; i < 2; ++i) {
            ASSERT_TRUE(pool.submit([&] { order += 'n'; }));
        }
        for (int i = 0; i < 6; ++i) {
            ASSERT_TRUE(pool.submit([&] { order += 'b'; }, WorkerPool::Work::Begun));
        }
        release.count_down();
    }
    EXPECT_EQ(order, "bbbbnbbn");
}

/// Holds the one thread of a pool, so that what is submitted waits.
class Held {
public:
    explicit Held(WorkerPool& pool) {
        EXPECT_TRUE(pool.submit([latches = latches_] {
            latches->started.count_down();
            latches->release.wait();
        }));
        latches_->started.wait();
    }
    void release() { latches_->release.count_down(); }

private:
    struct Latches {
        std::latch started{1};
        std::latch release{1};
    };
    std::shared_ptr<Latches> latches_ = std::make_shared<Latches>();
};

TEST(WorkerPool, IsOverloadedByWhatIsNextAndHasWaited) {
    for (const auto work : {WorkerPool::Work::New, WorkerPool::Work::Begun}) {
        FakeClock clock;
        WorkerPool pool(1, clock);
        Held held(pool);
        EXPECT_FALSE(pool.overloaded());
        ASSERT_TRUE(pool.submit([] {}, work));
        clock.advance(kWorkWaitMax - Milliseconds{1});
        EXPECT_FALSE(pool.overloaded());
        clock.advance(Milliseconds{1});
        EXPECT_TRUE(pool.overloaded());
        held.release();
    }
}

TEST(WorkerPool, IsOverloadedByACrowdThatItsPaceIsTooSlowFor) {
    // A crowd of 400, of which one ends every 10 ms: whoever comes last would wait four seconds.
    constexpr int kCrowd = 400;
    constexpr Milliseconds kEach{10};
    std::counting_semaphore<kCrowd> may_go(0);
    std::counting_semaphore<kCrowd> went(0);
    FakeClock clock;
    WorkerPool pool(1, clock);
    Held first(pool);
    for (int i = 0; i < kCrowd; ++i) {
        ASSERT_TRUE(pool.submit([&] {
            went.release();
            may_go.acquire();
        }));
    }
    EXPECT_FALSE(pool.overloaded()) << "nobody has waited yet";
    first.release();
    went.acquire();
    bool seen = false;
    for (int i = 1; i < kCrowd; ++i) {
        clock.advance(kEach);
        const bool says = pool.overloaded();
        const bool told = i >= 2 * static_cast<int>(kWorkPaceTasks);
        EXPECT_TRUE(told || !says) << i;
        seen = seen || (says && i * kEach < kWorkWaitMax);
        may_go.release();
        went.acquire();
    }
    EXPECT_TRUE(seen) << "it was not noticed before the first had waited too long";
    EXPECT_FALSE(pool.overloaded());
    may_go.release();
}

TEST(WorkerPool, ManyNewTasksTakeNoRoomFromWhatWasBegun) {
    std::latch started(1);
    std::latch release(1);
    const SystemClock clock;
    WorkerPool pool(1, clock, 1);
    ASSERT_TRUE(pool.submit([&] {
        started.count_down();
        release.wait();
    }));
    started.wait();
    ASSERT_TRUE(pool.submit([] {}));
    EXPECT_FALSE(pool.submit([] {}));
    EXPECT_TRUE(pool.submit([] {}, WorkerPool::Work::Begun));
    release.count_down();
}

}  // namespace
}  // namespace origin::net

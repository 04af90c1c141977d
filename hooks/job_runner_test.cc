// SPDX-License-Identifier: Apache-2.0
// Goal: each job is done once; a failing one comes back and is given up in the end; a slow one
// keeps its lease. Method: real threads over the in-memory store; each test waits for what it
// needs, never for a time.
#include "hooks/job_runner.h"

#include <semaphore>

#include <gtest/gtest.h>

#include "base/random.h"
#include "base/steadied_clock.h"
#include "store/memory_store.h"

namespace origin::hooks {
namespace {

/// A wall clock that can be set, above real steady time.
class HandClock final : public Clock {
public:
    UnixMillis now() const override { return now_; }
    std::chrono::steady_clock::time_point steady() const override { return real_.steady(); }
    void set(UnixMillis now) { now_ = now; }

private:
    SystemClock real_;
    std::atomic<UnixMillis> now_{1'800'000'000'000};
};

class JobRunnerTest : public ::testing::Test {
protected:
    JobId enqueue() {
        const auto id = JobId::make(clock_, random_);
        EXPECT_TRUE(store_->write([&](store::Writer& writer) {
            return store::enqueue(
                writer, {.id = id, .kind = "test", .subject = "s", .lease = {}, .payload = {}});
        }));
        return id;
    }
    Status complete(const store::Job& job) {
        return store_->write([&](store::Writer& writer) { return store::complete(writer, job); });
    }
    std::optional<store::Job> find(const JobId& id) {
        std::optional<store::Job> found;
        EXPECT_TRUE(store_->read([&](store::Reader& reader) -> Status {
            ORIGIN_TRY(job, store::find_job(reader, id));
            found = job;
            return {};
        }));
        return found;
    }
    void wait_until_gone(const JobId& id) {
        while (find(id)) {
            store_->wait_for_change(store_->version(), Milliseconds(100));
        }
    }

    SystemClock clock_;
    SystemRandom random_;
    Metrics metrics_;
    Log log_{2, LogFormat::Text, Level::Error, clock_};
    std::unique_ptr<store::Store> store_ = store::make_memory_store();
    JobRunner::Around around_{*store_, clock_, log_, metrics_};
};

TEST_F(JobRunnerTest, EveryJobIsDoneOnceByManyThreads) {
    std::atomic<int> done = 0;
    JobRunner runner(around_,
                     {.kind = "test",
                      .threads = 4,
                      .work =
                          [&](const store::Job& job) {
                              ++done;
                              return complete(job);
                          },
                      .give_up = {}});
    std::vector<JobId> jobs;
    for (int i = 0; i < 50; ++i) {
        jobs.push_back(enqueue());
    }
    runner.start();
    for (const JobId& job : jobs) {
        wait_until_gone(job);
    }
    runner.stop();
    EXPECT_EQ(done, 50);
}

TEST_F(JobRunnerTest, AFailingJobIsGivenUpAfterItsLastAttempt) {
    std::atomic<int> tries = 0;
    JobRunner runner(around_,
                     {.kind = "test",
                      .attempts_max = 1,
                      .work = [&](const store::Job&) -> Status {
                          ++tries;
                          return std::unexpected(Error(Code::Internal, "no"));
                      },
                      .give_up =
                          [&](const store::Job& job) {
                              return complete(job);
                          }});
    const JobId job = enqueue();
    runner.start();
    wait_until_gone(job);
    runner.stop();
    EXPECT_EQ(tries, 1);
}

// Its retry used to wait until the clock was again where it had been: ten years.
TEST_F(JobRunnerTest, AClockSetBackDelaysNoRetry) {
    constexpr UnixMillis kTenYears = 315'360'000'000;
    HandClock wall;
    const SteadiedClock schedule(wall);
    int tries = 0;
    JobRunner runner({*store_, schedule, log_, metrics_},
                     {.kind = "test",
                      .work = [&](const store::Job& job) -> Status {
                          wall.set(wall.now() - kTenYears);
                          return ++tries == 1 ? std::unexpected(Error(Code::Internal, "no"))
                                              : complete(job);
                      },
                      .give_up = {}});
    const JobId job = enqueue();
    runner.start();
    wait_until_gone(job);
    runner.stop();
    EXPECT_EQ(tries, 2);
}

TEST_F(JobRunnerTest, ASlowJobKeepsItsLease) {
    std::binary_semaphore begun(0);
    std::binary_semaphore go_on(0);
    Status completed = std::unexpected(Error(Code::Internal, "not tried"));
    JobRunner runner(around_,
                     {.kind = "test",
                      .lease = Milliseconds(30),
                      .work =
                          [&](const store::Job& job) {
                              begun.release();
                              go_on.acquire();
                              return completed = complete(job);
                          },
                      .give_up = {}});
    const JobId job = enqueue();
    runner.start();
    begun.acquire();
    const auto first = find(job);
    ASSERT_TRUE(first && first->lease);
    while (find(job)->lease->until == first->lease->until) {
        store_->wait_for_change(store_->version(), Milliseconds(100));
    }
    go_on.release();
    runner.stop();
    EXPECT_TRUE(completed) << "renewed, not lost";
}

}  // namespace
}  // namespace origin::hooks

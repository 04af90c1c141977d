// SPDX-License-Identifier: Apache-2.0
// hooks/job_runner: threads that claim durable jobs of one kind and do them.
// In: jobs from the store. Out: whatever the work writes; a failed job comes back later. While a
// job is being done its lease is renewed, so only a dead process loses one.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/metrics.h"
#include "store/jobs.h"
#include "store/store.h"

namespace origin::hooks {

inline constexpr std::chrono::minutes kJobBackOffMax{1};

class JobRunner {
public:
    /// Does one job and, in the transaction that publishes its result, completes it
    /// (store::complete) or puts it off (store::retry_at). An Error puts it off with back-off;
    /// after `attempts_max` claims it is handed to `give_up` instead.
    using Work = std::function<Status(const store::Job&)>;

    struct Around {
        store::Store& store;
        const Clock& schedule;  ///< A SteadiedClock: see there.
        Log& log;
        Metrics& metrics;
    };
    struct Plan {
        std::string kind;
        unsigned threads = 1;
        Milliseconds lease = kRunLease;
        std::uint32_t attempts_max = kRunAttemptsMax;
        Milliseconds delay_max = kJobBackOffMax;  ///< The longest its work may put a job off.
        Work work = {};
        Work give_up = {};
    };

    JobRunner(Around around, Plan plan);
    JobRunner(const JobRunner&) = delete;
    JobRunner& operator=(const JobRunner&) = delete;
    /// stop().
    ~JobRunner();

    void start();
    /// Finishes the jobs that run, takes no more, joins.
    void stop();

private:
    void run(std::uint64_t owner);
    Status take_back_leases();
    void keep_leases();
    Result<bool> run_one(std::uint64_t owner);
    void put_off(const store::Job& job, const Error& error);
    Milliseconds until_next() const;

    Around around_;
    Plan plan_;
    std::atomic<bool> stopping_{false};
    std::vector<std::thread> threads_;

    std::mutex mutex_;  // Guards what follows.
    std::condition_variable ended_;
    std::map<JobId, store::Job> running_;
    bool all_done_ = false;
    std::thread keeper_;
};

}  // namespace origin::hooks

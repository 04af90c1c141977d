// SPDX-License-Identifier: Apache-2.0
// net/worker_pool: the work threads: a bounded queue of short tasks.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/limits.h"

namespace origin::net {

/// The longest that a new request may find the queue to be, in time.
inline constexpr std::chrono::seconds kWorkWaitMax{1};

/// Joins on destruction, after running what was accepted.
class WorkerPool {
public:
    using Task = std::move_only_function<void()>;

    WorkerPool(unsigned threads,
               const Clock& clock,
               std::size_t queue_max = kWorkQueueMax,
               const std::string& name = "worker");
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;
    ~WorkerPool();

    /// False if the queue is full or the pool is ending: the task will not run, and is left as it
    /// was. A task may not throw.
    [[nodiscard]] bool submit(Task&& task);
    std::size_t queued() const;
    /// The task that is next has waited for kWorkWaitMax: what comes now would wait longer than
    /// whoever asked wants to. New work is then better refused than taken.
    bool overloaded() const;

private:
    struct Waiting {
        Task task;
        std::chrono::steady_clock::time_point since;
    };

    void work();
    bool must_wake();

    const Clock& clock_;
    const std::size_t queue_max_;
    mutable std::mutex mutex_;
    std::condition_variable ready_;
    std::deque<Waiting> queue_;
    unsigned asleep_ = 0;  // Threads that wait for ready_.
    bool waking_ = false;  // One of them was told to wake and has not yet.
    bool ending_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace origin::net

// SPDX-License-Identifier: Apache-2.0
// net/worker_pool: the work threads: a bounded queue of short tasks.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/limits.h"

namespace origin::net {

/// Joins on destruction, after running what was accepted.
class WorkerPool {
public:
    using Task = std::move_only_function<void()>;

    explicit WorkerPool(unsigned threads, std::size_t queue_max = kWorkQueueMax);
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;
    ~WorkerPool();

    /// False if the queue is full or the pool is ending: the task will not run, and is left as it
    /// was. A task may not throw.
    [[nodiscard]] bool submit(Task&& task);
    std::size_t queued() const;

private:
    void work();

    const std::size_t queue_max_;
    mutable std::mutex mutex_;
    std::condition_variable ready_;
    std::deque<Task> queue_;
    bool ending_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace origin::net

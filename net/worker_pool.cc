// SPDX-License-Identifier: Apache-2.0
#include "net/worker_pool.h"

#include "base/assert.h"

namespace origin::net {

WorkerPool::WorkerPool(unsigned threads, const Clock& clock, std::size_t queue_max)
    : clock_(clock), queue_max_(queue_max) {
    ORIGIN_ASSERT(threads > 0);
    for (unsigned i = 0; i < threads; ++i) {
        threads_.emplace_back([this] { work(); });
    }
}

WorkerPool::~WorkerPool() {
    {
        const std::scoped_lock lock(mutex_);
        ending_ = true;
    }
    ready_.notify_all();
    for (std::thread& thread : threads_) {
        thread.join();
    }
}

bool WorkerPool::submit(Task&& task) {
    {
        const std::scoped_lock lock(mutex_);
        if (ending_ || queue_.size() >= queue_max_) {
            return false;
        }
        queue_.push_back({std::move(task), clock_.steady()});
    }
    ready_.notify_one();
    return true;
}

std::size_t WorkerPool::queued() const {
    const std::scoped_lock lock(mutex_);
    return queue_.size();
}

bool WorkerPool::overloaded() const {
    const std::scoped_lock lock(mutex_);
    return !queue_.empty() && clock_.steady() - queue_.front().since >= kWorkWaitMax;
}

void WorkerPool::work() {
    std::unique_lock lock(mutex_);
    while (true) {
        ready_.wait(lock, [this] { return ending_ || !queue_.empty(); });
        if (queue_.empty()) {
            return;
        }
        Task task = std::move(queue_.front().task);
        queue_.pop_front();
        lock.unlock();
        task();
        task = nullptr;  // What it owns is freed here, not under the lock.
        lock.lock();
    }
}

}  // namespace origin::net

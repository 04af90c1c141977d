// SPDX-License-Identifier: Apache-2.0
#include "net/worker_pool.h"

#include "base/assert.h"
#include "base/thread_name.h"

namespace origin::net {

WorkerPool::WorkerPool(unsigned threads,
                       const Clock& clock,
                       std::size_t queue_max,
                       const std::string& name)
    : clock_(clock), queue_max_(queue_max) {
    ORIGIN_ASSERT(threads > 0);
    for (unsigned i = 0; i < threads; ++i) {
        threads_.emplace_back([this, name] {
            name_thread(name);
            work();
        });
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
    bool wakes = false;
    {
        const std::scoped_lock lock(mutex_);
        if (ending_ || queue_.size() >= queue_max_) {
            return false;
        }
        queue_.push_back({std::move(task), clock_.steady()});
        wakes = must_wake();
    }
    if (wakes) {
        ready_.notify_one();
    }
    return true;
}

// Under the mutex. One thread is woken at a time; it wakes the next if it leaves a task behind.
// Waking one for each task costs two switches a task when one thread would have done them all.
bool WorkerPool::must_wake() {
    if (waking_ || asleep_ == 0) {
        return false;
    }
    waking_ = true;
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
        while (queue_.empty() && !ending_) {
            asleep_ += 1;
            ready_.wait(lock);
            asleep_ -= 1;
            waking_ = false;
        }
        if (queue_.empty()) {
            return;
        }
        Task task = std::move(queue_.front().task);
        queue_.pop_front();
        const bool wakes = !queue_.empty() && must_wake();
        lock.unlock();
        if (wakes) {
            ready_.notify_one();
        }
        task();
        task = nullptr;  // What it owns is freed here, not under the lock.
        lock.lock();
    }
}

}  // namespace origin::net

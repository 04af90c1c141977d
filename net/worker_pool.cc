// SPDX-License-Identifier: Apache-2.0
#include "net/worker_pool.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/thread_name.h"

namespace origin::net {
namespace {

template <class Queue>
std::size_t waiting_of(const Queue& queue, const Whose& whose) {
    const auto* const own = queue.find(whose);
    return own == nullptr ? 0 : own->size();
}

/// How many have their turn before what comes now.
template <class Queue>
std::size_t before(const Queue& queue, const Whose& whose) {
    const bool has_some = queue.find(whose) != nullptr;
    const std::size_t groups = queue.parts() + (has_some ? 0 : 1);
    return std::min(queue.size(), (waiting_of(queue, whose) + 1) * groups);
}

}  // namespace

WorkerPool::WorkerPool(unsigned threads,
                       const Clock& clock,
                       std::size_t queue_max,
                       const std::string& name)
    : clock_(clock),
      queue_max_(queue_max),
      threads_max_(threads),
      width_(std::clamp(std::thread::hardware_concurrency(), 1U, threads)) {
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

bool WorkerPool::fits(const Queue& queue, const Whose& whose) const {
    const std::size_t own = waiting_of(queue, whose);
    const std::size_t groups = queue.parts() + (own == 0 ? 1 : 0);
    return queue.size() < queue_max_ || own < queue_max_ / groups;
}

bool WorkerPool::submit(Task&& task, Work work, const Whose& whose) {
    bool wakes = false;
    {
        const std::scoped_lock lock(mutex_);
        Queue& queue = work == Work::New ? new_ : begun_;
        if (ending_ || !fits(queue, whose)) {
            return false;
        }
        queue.push(whose, {std::move(task), clock_.steady()});
        wakes = must_wake();
    }
    if (wakes) {
        ready_.notify_one();
    }
    return true;
}

bool WorkerPool::offer(Task&& task) {
    bool wakes = false;
    {
        const std::scoped_lock lock(mutex_);
        if (ending_ || asleep_ <= new_.size() + begun_.size()) {
            return false;
        }
        begun_.push({}, {std::move(task), clock_.steady()});
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
    return new_.size() + begun_.size();
}

bool WorkerPool::overloaded(const Whose& whose) const {
    const std::scoped_lock lock(mutex_);
    if (is_empty()) {
        return false;
    }
    const auto now = clock_.steady();
    const auto waits_too_long = [&](const Queue& queue) {
        const auto* const own = queue.find(whose);
        return own != nullptr && now - own->next().since >= kWorkWaitMax;
    };
    if (!fits(new_, whose) || waits_too_long(new_) || waits_too_long(begun_)) {
        return true;
    }
    const unsigned taken = last_.tasks + before_last_.tasks;
    if (before_last_.tasks == 0) {
        return false;
    }
    const double each = static_cast<double>((last_.time + before_last_.time).count()) / taken;
    const double steps =
        static_cast<double>(taken) / std::max(1U, last_.new_ones + before_last_.new_ones);
    const double tasks = static_cast<double>(before(new_, whose)) * steps +
                         static_cast<double>(before(begun_, whose));
    return std::chrono::duration<double, std::nano>(tasks * each) >= kWorkBacklogMax;
}

// Under the mutex, if there is a task.
WorkerPool::Task WorkerPool::take_next() {
    const bool is_new = begun_.size() == 0 || (new_.size() > 0 && begun_in_a_row_ >= kBegunInARow);
    begun_in_a_row_ = is_new ? 0 : begun_in_a_row_ + 1;
    Task task = (is_new ? new_ : begun_).pop().task;
    note_taken(is_new);
    return task;
}

void WorkerPool::note_taken(bool is_new) {
    open_.new_ones += is_new ? 1 : 0;
    open_.tasks += 1;
    if (open_.tasks < kWorkPaceTasks) {
        return;
    }
    const auto now = clock_.steady();
    if (now - opened_ < kWorkPaceTime) {
        return;
    }
    open_.time = now - opened_;
    before_last_ = std::exchange(last_, std::exchange(open_, {}));
    opened_ = now;
}

// There is nothing to do: what was slow before says nothing of what comes.
void WorkerPool::forget_pace() {
    last_ = before_last_ = open_ = {};
    opened_ = clock_.steady();
}

void WorkerPool::work() {
    std::unique_lock lock(mutex_);
    while (true) {
        while (is_empty() && !ending_) {
            asleep_ += 1;
            if (asleep_ == threads_max_) {
                forget_pace();
            }
            ready_.wait(lock);
            asleep_ -= 1;
            waking_ = false;
        }
        if (is_empty()) {
            return;
        }
        Task task = take_next();
        const bool wakes = !is_empty() && must_wake();
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

// SPDX-License-Identifier: Apache-2.0
// store/write_queue: writes that wait for the writer thread, first come, first served.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <span>

#include "base/limits.h"
#include "base/result.h"
#include "store/store.h"

namespace origin::store {

/// One caller's write. Lives on the caller's stack until it is finished.
struct WaitingWrite {
    const WriteFn& fn;
    Status result = {};
    bool finished = false;
    std::condition_variable wake = {};
};

/// Thread-safe: many callers, one writer thread.
class WriteQueue {
public:
    explicit WriteQueue(std::size_t writes_max = kStoreQueueMax) : writes_max_(writes_max) {}

    /// Blocks: until the writer thread finished the write. Errors: the write's; Unavailable
    /// `store_busy` if `writes_max` of them wait already, `store_stopped` after stop().
    Status run(const WriteFn& fn) {
        WaitingWrite write{.fn = fn};
        std::unique_lock lock(mutex_);
        if (stopped_ || waiting_.size() >= writes_max_) {
            return std::unexpected(
                Error(Code::Unavailable, "The server cannot take this change now; try again.")
                    .because(stopped_ ? "store_stopped" : "store_busy"));
        }
        waiting_.push_back(&write);
        arrived_.notify_one();
        write.wake.wait(lock, [&] { return write.finished; });
        return std::move(write.result);
    }

    /// The next write. Blocks: until there is one. Returns: nullptr once stopped and empty.
    WaitingWrite* wait() {
        std::unique_lock lock(mutex_);
        arrived_.wait(lock, [this] { return stopped_ || !waiting_.empty(); });
        return pop();
    }

    /// The next write, or nullptr if none waits.
    WaitingWrite* poll() {
        const std::lock_guard lock(mutex_);
        return pop();
    }

    std::size_t size() const {
        const std::lock_guard lock(mutex_);
        return waiting_.size();
    }

    /// Releases the callers. Lifetime: the writes are gone afterwards.
    void finish(std::span<WaitingWrite* const> writes) {
        const std::lock_guard lock(mutex_);
        for (WaitingWrite* write : writes) {
            write->finished = true;
            write->wake.notify_one();
        }
    }

    /// Takes no more writes; those that wait are still run.
    void stop() {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
        arrived_.notify_all();
    }

private:
    WaitingWrite* pop() {
        if (waiting_.empty()) {
            return nullptr;
        }
        WaitingWrite* const first = waiting_.front();
        waiting_.pop_front();
        return first;
    }

    std::size_t writes_max_;
    mutable std::mutex mutex_;
    std::condition_variable arrived_;
    std::deque<WaitingWrite*> waiting_;
    bool stopped_ = false;
};

}  // namespace origin::store

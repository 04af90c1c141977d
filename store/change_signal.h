// SPDX-License-Identifier: Apache-2.0
// store/change_signal: a number that grows with each commit, and threads waiting for it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "base/clock.h"

namespace origin::store {

/// Thread-safe.
class ChangeSignal {
public:
    std::uint64_t version() const { return version_.load(std::memory_order_acquire); }

    void raise() {
        {
            const std::lock_guard lock(mutex_);
            version_.fetch_add(1, std::memory_order_acq_rel);
        }
        changed_.notify_all();
    }

    std::uint64_t wait(std::uint64_t seen, Milliseconds timeout) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, timeout, [&] { return version() > seen; });
        return version();
    }

private:
    std::atomic<std::uint64_t> version_{0};
    std::mutex mutex_;
    std::condition_variable changed_;
};

}  // namespace origin::store

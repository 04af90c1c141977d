// SPDX-License-Identifier: Apache-2.0
// store/change_signal: numbers that grow with each commit, one for all tables and one for each, and
// threads waiting for them.
#pragma once

#include <array>
#include <atomic>
#include <bitset>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "base/clock.h"
#include "store/store.h"

namespace origin::store {

/// The tables that a commit has changed.
using ChangedTables = std::bitset<kTables>;

/// Thread-safe. Who waits for one table is not woken by a change of others: a thread that wakes for
/// nothing costs more than most writes do.
class ChangeSignal {
public:
    std::uint64_t version() const { return any_.number.load(std::memory_order_acquire); }
    std::uint64_t version_of(Table table) const {
        return part(table).number.load(std::memory_order_acquire);
    }

    void raise(const ChangedTables& changed) {
        {
            const std::lock_guard lock(mutex_);
            any_.number.fetch_add(1, std::memory_order_acq_rel);
            for (std::size_t i = 0; i < kTables; ++i) {
                parts_[i].number.fetch_add(changed[i] ? 1 : 0, std::memory_order_acq_rel);
            }
        }
        any_.changed.notify_all();
        for (std::size_t i = 0; i < kTables; ++i) {
            if (changed[i]) {
                parts_[i].changed.notify_all();
            }
        }
    }

    std::uint64_t wait(std::uint64_t seen, Milliseconds timeout) {
        return wait_in(any_, seen, timeout);
    }
    std::uint64_t wait_for(Table table, std::uint64_t seen, Milliseconds timeout) {
        return wait_in(parts_[static_cast<std::size_t>(table)], seen, timeout);
    }

private:
    struct Part {
        std::atomic<std::uint64_t> number{0};
        std::condition_variable changed = {};
    };

    const Part& part(Table table) const { return parts_[static_cast<std::size_t>(table)]; }

    std::uint64_t wait_in(Part& part, std::uint64_t seen, Milliseconds timeout) {
        std::unique_lock lock(mutex_);
        part.changed.wait_for(lock, timeout, [&] { return part.number.load() > seen; });
        return part.number.load();
    }

    Part any_;
    std::array<Part, kTables> parts_;
    std::mutex mutex_;
};

}  // namespace origin::store

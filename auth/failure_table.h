// SPDX-License-Identifier: Apache-2.0
// auth/failure_table: slows whoever keeps presenting bad keys. Bounded: the oldest rows fall out.
#pragma once

#include <chrono>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"

namespace origin::auth {

/// Counts failures by any text (an address, a key id). Five are free; each further one doubles the
/// wait from one second to a minute. A row is forgotten after ten quiet minutes. Thread-safe.
class FailureTable {
public:
    explicit FailureTable(const Clock& clock) : clock_(clock) {}

    /// How long `who` has to wait before the next try counts; zero: try now.
    std::chrono::seconds wait_for(std::string_view who);
    void record(std::string_view who);
    std::size_t size() const;

private:
    struct Row {
        std::string who;
        int failures = 0;
        std::chrono::steady_clock::time_point blocked_until;
        std::chrono::steady_clock::time_point last;
    };
    using Rows = std::list<Row>;  // Most recent failure first.

    const Clock& clock_;
    mutable std::mutex mutex_;
    Rows rows_;
    std::unordered_map<std::string, Rows::iterator> index_;
};

}  // namespace origin::auth

// SPDX-License-Identifier: Apache-2.0
// bench/latencies: how long each operation took, and what that comes to.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace origin::bench {

class Latencies {
public:
    void add(std::chrono::nanoseconds took) { nanoseconds_.push_back(took.count()); }
    void add_all(const Latencies& others) {
        nanoseconds_.insert(
            nanoseconds_.end(), others.nanoseconds_.begin(), others.nanoseconds_.end());
    }
    std::size_t count() const { return nanoseconds_.size(); }

    /// The smallest latency that at least `fraction` (0 to 1) of all do not exceed; 0 if there are
    /// none. Units: microseconds.
    double at(double fraction) const;

    /// {"min": ..., "p50": ..., "p90": ..., "p99": ..., "max": ...}, in microseconds.
    std::string json() const;

private:
    mutable std::vector<std::int64_t> nanoseconds_;  // Sorted when asked.
};

}  // namespace origin::bench

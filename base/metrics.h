// SPDX-License-Identifier: Apache-2.0
// base/metrics: counters and histograms, printed in the Prometheus text format 0.0.4.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace origin {

class Counter {
public:
    void add(std::uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
    std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

/// Durations in seconds, in fixed buckets from 0.5 ms to 32 s, each twice the one before.
class Histogram {
public:
    static constexpr std::size_t kBuckets = 17;
    /// Upper bound of bucket `i`, in seconds.
    static double bound_seconds(std::size_t i);

    void record(std::chrono::nanoseconds duration);
    std::uint64_t bucket(std::size_t i) const {
        return buckets_[i].load(std::memory_order_relaxed);
    }
    std::uint64_t sum_nanoseconds() const { return sum_.load(std::memory_order_relaxed); }

private:
    std::array<std::atomic<std::uint64_t>, kBuckets + 1>
        buckets_{};  // The last one: above them all.
    std::atomic<std::uint64_t> sum_{0};
};

/// Owns the instruments of one process. A name may carry labels: `pushes_total{result="ok"}`.
class Metrics {
public:
    Counter& counter(std::string_view name);
    Histogram& histogram(std::string_view name);
    /// Every instrument, sorted by name, as text/plain; version=0.0.4.
    std::string text() const;

private:
    mutable std::mutex mutex_;
    std::map<std::string, std::unique_ptr<Counter>, std::less<>> counters_;
    std::map<std::string, std::unique_ptr<Histogram>, std::less<>> histograms_;
};

}  // namespace origin

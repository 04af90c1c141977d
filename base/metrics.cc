// SPDX-License-Identifier: Apache-2.0
#include "base/metrics.h"

namespace origin {
namespace {

template <class T>
T& get_or_make(std::map<std::string, std::unique_ptr<T>, std::less<>>& all, std::string_view name) {
    auto found = all.find(name);
    if (found == all.end()) {
        found = all.emplace(std::string(name), std::make_unique<T>()).first;
    }
    return *found->second;
}

}  // namespace

double Histogram::bound_seconds(std::size_t i) {
    return 0.0005 * static_cast<double>(1ULL << i);
}

void Histogram::record(std::chrono::nanoseconds duration) {
    const auto count = static_cast<std::uint64_t>(duration.count() < 0 ? 0 : duration.count());
    std::uint64_t bound = 500'000;  // Half a millisecond.
    std::size_t i = 0;
    while (i < kBuckets && count > bound) {
        bound *= 2;
        ++i;
    }
    buckets_[i].fetch_add(1, std::memory_order_relaxed);
    sum_.fetch_add(count, std::memory_order_relaxed);
}

Counter& Metrics::counter(std::string_view name) {
    const std::lock_guard lock(mutex_);
    return get_or_make(counters_, name);
}

Histogram& Metrics::histogram(std::string_view name) {
    const std::lock_guard lock(mutex_);
    return get_or_make(histograms_, name);
}

std::string Metrics::text() const {
    const std::lock_guard lock(mutex_);
    std::string out;
    for (const auto& [name, counter] : counters_) {
        out += name + " " + std::to_string(counter->value()) + "\n";
    }
    for (const auto& [name, histogram] : histograms_) {
        std::uint64_t below = 0;
        for (std::size_t i = 0; i < Histogram::kBuckets; ++i) {
            below += histogram->bucket(i);
            out += name + "_bucket{le=\"" + std::to_string(Histogram::bound_seconds(i)) + "\"} " +
                   std::to_string(below) + "\n";
        }
        below += histogram->bucket(Histogram::kBuckets);
        out += name + "_bucket{le=\"+Inf\"} " + std::to_string(below) + "\n";
        out += name + "_count " + std::to_string(below) + "\n";
        out += name + "_sum " +
               std::to_string(static_cast<double>(histogram->sum_nanoseconds()) / 1e9) + "\n";
    }
    return out;
}

}  // namespace origin

// SPDX-License-Identifier: Apache-2.0
#include "bench/welch.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

#include "base/assert.h"

namespace origin::bench {
namespace {

struct Moments {
    double mean;
    double variance_of_mean;
};

Moments moments_of(const std::vector<double>& values) {
    ORIGIN_ASSERT(values.size() >= 2);
    const auto count = static_cast<double>(values.size());
    const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
    const double squares =
        std::accumulate(values.begin(), values.end(), 0.0, [mean](double sum, double value) {
            return sum + (value - mean) * (value - mean);
        });
    return {.mean = mean, .variance_of_mean = squares / (count - 1) / count};
}

}  // namespace

double welch_t(const std::vector<double>& a, const std::vector<double>& b) {
    const Moments one = moments_of(a);
    const Moments other = moments_of(b);
    const double deviation = std::sqrt(one.variance_of_mean + other.variance_of_mean);
    return deviation == 0 ? 0 : (one.mean - other.mean) / deviation;
}

void crop(std::vector<double>& a, std::vector<double>& b, double fraction) {
    std::vector<double> both = a;
    both.insert(both.end(), b.begin(), b.end());
    ORIGIN_ASSERT(!both.empty());
    const auto at =
        both.begin() + static_cast<std::ptrdiff_t>(fraction * static_cast<double>(both.size() - 1));
    std::ranges::nth_element(both, at);
    const double most = *at;
    std::erase_if(a, [most](double value) { return value > most; });
    std::erase_if(b, [most](double value) { return value > most; });
}

}  // namespace origin::bench

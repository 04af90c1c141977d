// SPDX-License-Identifier: Apache-2.0
#include "bench/latencies.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace origin::bench {

double Latencies::at(double fraction) const {
    constexpr double kNanosecondsPerMicrosecond = 1000.0;
    if (nanoseconds_.empty()) {
        return 0;
    }
    std::ranges::sort(nanoseconds_);
    const auto rank = std::ceil(fraction * static_cast<double>(nanoseconds_.size()));
    const auto place = rank < 1 ? std::size_t{0} : static_cast<std::size_t>(rank) - 1;
    return static_cast<double>(nanoseconds_[std::min(place, nanoseconds_.size() - 1)]) /
           kNanosecondsPerMicrosecond;
}

std::string Latencies::json() const {
    constexpr std::size_t kTextBytesMax = 256;
    char text[kTextBytesMax];
    const int length =
        std::snprintf(text,
                      sizeof text,
                      R"({"min": %.1f, "p50": %.1f, "p90": %.1f, "p99": %.1f, "max": %.1f})",
                      at(0),
                      at(0.5),
                      at(0.9),
                      at(0.99),
                      at(1));
    return {text, static_cast<std::size_t>(length)};
}

}  // namespace origin::bench

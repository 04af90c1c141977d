// SPDX-License-Identifier: Apache-2.0
// Goal: every recorded duration falls in exactly one bucket, and the text adds up.
// Method: record at each bound and one past it.
#include "base/metrics.h"

#include <gtest/gtest.h>

namespace origin {
namespace {

TEST(Metrics, ADurationAtABoundCountsBelowIt) {
    Histogram histogram;
    histogram.record(std::chrono::microseconds(500));
    histogram.record(std::chrono::microseconds(501));
    histogram.record(std::chrono::hours(1));
    histogram.record(std::chrono::nanoseconds(-5));
    EXPECT_EQ(histogram.bucket(0), 2U);
    EXPECT_EQ(histogram.bucket(1), 1U);
    EXPECT_EQ(histogram.bucket(Histogram::kBuckets), 1U);
}

TEST(Metrics, TextHasEveryInstrument) {
    Metrics metrics;
    metrics.counter("pushes_total").add(3);
    metrics.histogram("push_seconds").record(std::chrono::milliseconds(2));
    const std::string text = metrics.text();
    EXPECT_TRUE(text.contains("pushes_total 3\n")) << text;
    EXPECT_TRUE(text.contains("push_seconds_count 1\n")) << text;
    EXPECT_TRUE(text.contains("push_seconds_bucket{le=\"+Inf\"} 1\n")) << text;
}

}  // namespace
}  // namespace origin

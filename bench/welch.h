// SPDX-License-Identifier: Apache-2.0
// bench/welch: whether two series of timings could come from one source: Welch's t.
// Source: B. L. Welch, "The generalization of Student's problem" (1947); |t| above 4.5 is what
// "dude, is my code constant time?" (Reparaz, Balasch, Verbauwhede, 2016) takes for a leak.
#pragma once

#include <cstdint>
#include <vector>

namespace origin::bench {

inline constexpr double kWelchLeak = 4.5;

/// Welch's t of two series; 0 when neither varies. Each must have two values at least.
double welch_t(const std::vector<double>& a, const std::vector<double>& b);

/// The value that `fraction` (0 to 1) of both series together do not exceed; what is above it is
/// taken out of both: interrupts, of which either has its share.
void crop(std::vector<double>& a, std::vector<double>& b, double fraction);

}  // namespace origin::bench

// SPDX-License-Identifier: Apache-2.0
// bench/load_run: recorded requests replayed over kept connections by one thread, and how long each
// operation took. With clients, more of them than connections, also what happens to those whom the
// server refuses.
// In: files of requests, a plan. Out: counts and latencies. An operation is
// `requests_per_operation` requests sent one after another on one connection, each when the answer
// before it is read whole.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "bench/latencies.h"
#include "bench/requests.h"

namespace origin::bench {

struct LoadPlan {
    std::uint16_t port = 0;  // On 127.0.0.1.
    std::size_t connections = 1;
    std::size_t requests_per_operation = 1;
    std::uint64_t operations = 0;       // At most so many are measured; 0: no bound.
    std::chrono::milliseconds time{0};  // After the warm ones; none is begun later; 0: no bound.
    std::uint64_t warm_operations = 0;  // First ones that are not measured.
    bool once = false;                  // Each connection plays its file once.
    std::string expected;               // Must stand in the last answer of each operation.
    std::uint64_t counter = 0;          // The first number for @COUNTER@.
    /// So many take turns on the connections: each asks, and asks again once it is served; one that
    /// is refused (429, 503) comes again after the Retry-After it was told. If they are more than
    /// the connections, they come within the first second. 0: each connection is a client, and a
    /// refusal is a failure.
    std::size_t clients = 0;
};

/// Operations by how they ended.
struct Verdicts {
    std::uint64_t served = 0;
    std::uint64_t refused = 0;
};

struct LoadOutcome {
    Latencies latencies;  // Of operations that were not refused.
    Verdicts all;
    Verdicts in_time;  // Those that ended within plan.time: what comes to a rate.
    std::uint64_t refused_without_retry_after = 0;
    std::chrono::nanoseconds drained{0};  // From the end of plan.time to the last answer.
    std::uint64_t failed = 0;  // Operations whose answer is no 2xx or 304, or not as expected.
    std::string first_failure;
    std::uint64_t reconnects = 0;
    std::uint64_t body_bytes = 0;
    std::chrono::nanoseconds took{0};  // From the first measured operation to the end of the last.
    std::uint64_t counter = 0;         // The first number that was not used.
};

/// Connection i plays files[i % size]. Errors: InvalidInput: a plan without a bound, or with
/// clients and `once` or without a time, a file that is no whole number of operations; Unavailable:
/// the server cannot be reached, or hangs up twice in one operation. Blocks: for the whole of the
/// plan.
Result<LoadOutcome> run_load(const LoadPlan& plan,
                             const std::vector<std::vector<Request>>& files,
                             const Clock& clock);

}  // namespace origin::bench

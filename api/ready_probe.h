// SPDX-License-Identifier: Apache-2.0
// api/ready_probe: can the store be read and written at this moment? One answer serves for
// kReadyProbeKept, so that nobody can make the server write by asking.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>

#include "base/clock.h"
#include "base/result.h"
#include "store/store.h"

namespace origin::api {

/// Thread-safe.
class ReadyProbe {
public:
    /// Blocks: a durable write, at most one every kReadyProbeKept.
    Status check(store::Store& store, const Clock& clock);

private:
    std::mutex mutex_;
    std::optional<std::chrono::steady_clock::time_point> asked_at_;
    Status found_;
};

}  // namespace origin::api

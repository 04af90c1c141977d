// SPDX-License-Identifier: Apache-2.0
// base/clock: the time, as a thing that is passed in. Wall time for records, steady time for waits.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace origin {

using Milliseconds = std::chrono::milliseconds;
/// Wall time in milliseconds since 1970-01-01 UTC, as every row stores it.
using UnixMillis = std::int64_t;

class Clock {
public:
    virtual ~Clock() = default;
    virtual UnixMillis now() const = 0;
    /// Never jumps; only differences mean anything.
    virtual std::chrono::steady_clock::time_point steady() const = 0;
};

class SystemClock final : public Clock {
public:
    UnixMillis now() const override;
    std::chrono::steady_clock::time_point steady() const override;
};

/// "2026-11-22T12:34:56.789Z" (RFC 3339, UTC).
std::string rfc3339(UnixMillis time);
/// "Sun, 22 Nov 2026 12:34:56 GMT" (RFC 9110, section 5.6.7).
std::string http_date(UnixMillis time);

}  // namespace origin

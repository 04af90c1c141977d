// SPDX-License-Identifier: Apache-2.0
// base/steadied_clock: wall time as it was when this was made, and from then on steady time.
#pragma once

#include "base/clock.h"

namespace origin {

/// For schedules: when the wall clock is set, what is due in five seconds stays due in five
/// seconds. Its times mean nothing to people, and nothing beside those of another process.
class SteadiedClock final : public Clock {
public:
    /// Lifetime: `clock` outlives this.
    explicit SteadiedClock(const Clock& clock)
        : clock_(clock), began_(clock.now()), began_steady_(clock.steady()) {}

    UnixMillis now() const override {
        return began_ + std::chrono::duration_cast<Milliseconds>(steady() - began_steady_).count();
    }
    std::chrono::steady_clock::time_point steady() const override { return clock_.steady(); }

private:
    const Clock& clock_;
    UnixMillis began_;
    std::chrono::steady_clock::time_point began_steady_;
};

}  // namespace origin

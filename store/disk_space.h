// SPDX-License-Identifier: Apache-2.0
// store/disk_space: whether the disk still has its reserve; asked often, looked up once a second.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"

namespace origin::store {

/// Used by one thread.
class DiskSpace {
public:
    struct Reserve {
        std::uint64_t bytes = 0;
        std::uint64_t percent = 0;
    };

    DiskSpace(std::string folder, Reserve reserve, const Clock& clock)
        : folder_(std::move(folder)), reserve_(reserve), clock_(clock) {}

    /// False below the smaller of the two reserves: a large disk need not keep a fifth of itself.
    bool has_reserve();

private:
    std::string folder_;
    Reserve reserve_;
    const Clock& clock_;
    std::optional<std::chrono::steady_clock::time_point> asked_;
    bool answer_ = true;
};

}  // namespace origin::store

// SPDX-License-Identifier: Apache-2.0
// store/disk_space: whether the disk still has its reserve; asked often, looked up once a second.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"

namespace origin::store {

/// What a disk is to keep free: the smaller of the two, for a large one need not keep a fifth of
/// itself.
struct DiskReserve {
    std::uint64_t bytes = 0;
    std::uint64_t percent = 0;
};

/// nullopt: it cannot be told. Blocks: asks the file system.
std::optional<bool> disk_has(const std::string& folder, const DiskReserve& reserve);

/// Used by one thread.
class DiskSpace {
public:
    DiskSpace(std::string folder, DiskReserve reserve, const Clock& clock)
        : folder_(std::move(folder)), reserve_(reserve), clock_(clock) {}

    bool has_reserve();

private:
    std::string folder_;
    DiskReserve reserve_;
    const Clock& clock_;
    std::optional<std::chrono::steady_clock::time_point> asked_;
    bool answer_ = true;
};

}  // namespace origin::store

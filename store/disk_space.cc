// SPDX-License-Identifier: Apache-2.0
#include "store/disk_space.h"

#include <algorithm>

#include <sys/statvfs.h>

namespace origin::store {

std::optional<bool> disk_has(const std::string& folder, const DiskReserve& reserve) {
    struct statvfs disk{};
    if (::statvfs(folder.c_str(), &disk) != 0) {
        return std::nullopt;
    }
    const std::uint64_t unit = disk.f_frsize;
    const std::uint64_t whole = disk.f_blocks * unit;
    return disk.f_bavail * unit >= std::min(reserve.bytes, whole / 100 * reserve.percent);
}

bool DiskSpace::has_reserve() {
    const auto now = clock_.steady();
    if (asked_ && now - *asked_ < std::chrono::seconds(1)) {
        return answer_;
    }
    asked_ = now;
    answer_ = disk_has(folder_, reserve_).value_or(answer_);
    return answer_;
}

}  // namespace origin::store

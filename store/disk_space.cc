// SPDX-License-Identifier: Apache-2.0
#include "store/disk_space.h"

#include <algorithm>

#include <sys/statvfs.h>

namespace origin::store {

bool DiskSpace::has_reserve() {
    const auto now = clock_.steady();
    if (asked_ && now - *asked_ < std::chrono::seconds(1)) {
        return answer_;
    }
    asked_ = now;
    struct statvfs disk{};
    if (::statvfs(folder_.c_str(), &disk) == 0) {
        const std::uint64_t unit = disk.f_frsize;
        const std::uint64_t whole = disk.f_blocks * unit;
        const std::uint64_t least = std::min(reserve_.bytes, whole / 100 * reserve_.percent);
        answer_ = disk.f_bavail * unit >= least;
    }
    return answer_;
}

}  // namespace origin::store

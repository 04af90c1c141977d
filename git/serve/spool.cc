// SPDX-License-Identifier: Apache-2.0
#include "git/serve/spool.h"

#include <algorithm>
#include <cstring>

#include "base/limits.h"

namespace origin::git {
namespace {

constexpr std::uint64_t kFirstBytes = 64 * kKiB;
constexpr std::uint64_t kBlockBytes = 4 * kMiB;  // Above kObjectHeapBytesMax: not on the heap.

struct Spot {
    std::size_t block;
    std::size_t begin;
};

Spot spot_of(std::uint64_t offset) {
    if (offset < kFirstBytes) {
        return {0, static_cast<std::size_t>(offset)};
    }
    offset -= kFirstBytes;
    return {1 + static_cast<std::size_t>(offset / kBlockBytes),
            static_cast<std::size_t>(offset % kBlockBytes)};
}

}  // namespace

Status Spool::append(std::string_view bytes) {
    while (!bytes.empty()) {
        const Spot spot = spot_of(size_);
        if (spot.block == blocks_.size()) {
            ORIGIN_TRY(block, Scratch::make(dir_, blocks_.empty() ? kFirstBytes : kBlockBytes));
            blocks_.push_back(std::move(block));
        }
        const auto room = blocks_[spot.block].bytes().subspan(spot.begin);
        const std::size_t count = std::min(room.size(), bytes.size());
        std::memcpy(room.data(), bytes.data(), count);
        bytes.remove_prefix(count);
        size_ += count;
    }
    return {};
}

std::string_view Spool::at(std::uint64_t offset, std::size_t most) {
    if (offset >= size_) {
        return {};
    }
    const Spot spot = spot_of(offset);
    const std::string_view rest = blocks_[spot.block].text().substr(spot.begin);
    const auto left = static_cast<std::size_t>(std::min<std::uint64_t>(size_ - offset, most));
    return rest.substr(0, left);
}

}  // namespace origin::git

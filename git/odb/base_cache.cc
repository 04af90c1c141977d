// SPDX-License-Identifier: Apache-2.0
#include "git/odb/base_cache.h"

#include <utility>

namespace origin::git {
namespace {

std::size_t cost_of(const Object& object) {
    constexpr std::size_t kSlotBytes = 128;  // List node, map node, control block.
    return object.data.size() + kSlotBytes;
}

}  // namespace

std::size_t BaseCache::KeyHash::operator()(const Key& key) const noexcept {
    std::uint64_t mixed = key.offset * 0x9e3779b97f4a7c15ULL + key.pack;
    mixed ^= mixed >> 32;
    mixed *= 0xd6e8feb86659fd93ULL;
    mixed ^= mixed >> 32;
    return mixed;
}

BaseCache::BaseCache(std::size_t bytes_max) : shard_bytes_max_(bytes_max / kShards) {}

BaseCache::Shard& BaseCache::shard_of(const Key& key) {
    return shards_[(KeyHash{}(key) >> 48) % kShards];
}

std::shared_ptr<const Object> BaseCache::find(const Key& key) {
    Shard& shard = shard_of(key);
    const std::scoped_lock lock(shard.mutex);
    const auto found = shard.by_key.find(key);
    if (found == shard.by_key.end()) {
        return nullptr;
    }
    shard.slots.splice(shard.slots.begin(), shard.slots, found->second);
    return found->second->object;
}

void BaseCache::put(const Key& key, std::shared_ptr<const Object> object) {
    const std::size_t cost = cost_of(*object);
    if (cost > shard_bytes_max_ / 2) {
        return;  // One large object must not push out everything else.
    }
    Shard& shard = shard_of(key);
    const std::scoped_lock lock(shard.mutex);
    if (shard.by_key.contains(key)) {
        return;
    }
    shard.slots.push_front({key, std::move(object)});
    shard.by_key.emplace(key, shard.slots.begin());
    shard.bytes += cost;
    while (shard.bytes > shard_bytes_max_) {
        const Slot& last = shard.slots.back();
        shard.bytes -= cost_of(*last.object);
        shard.by_key.erase(last.key);
        shard.slots.pop_back();
    }
}

}  // namespace origin::git

// SPDX-License-Identifier: Apache-2.0
// git/odb/base_cache: inflated objects that deltas were lately built on, least recently used first
// out. Thread-safe; one may serve any number of packs.
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "base/limits.h"
#include "git/odb/objects.h"

namespace origin::git {

class BaseCache {
public:
    explicit BaseCache(std::size_t bytes_max = kDeltaCacheBytesMax);

    struct Key {
        std::uint64_t pack;  // Pack::serial().
        std::uint64_t offset;
        friend bool operator==(const Key&, const Key&) = default;
    };

    std::shared_ptr<const Object> find(const Key& key);
    void put(const Key& key, std::shared_ptr<const Object> object);

private:
    struct KeyHash {
        std::size_t operator()(const Key& key) const noexcept;
    };
    struct Slot {
        Key key;
        std::shared_ptr<const Object> object;
    };
    struct Shard {
        std::mutex mutex;
        std::list<Slot> slots;  // Most recently used first.
        std::unordered_map<Key, std::list<Slot>::iterator, KeyHash> by_key;
        std::size_t bytes = 0;
    };
    static constexpr std::size_t kShards = 8;

    Shard& shard_of(const Key& key);

    std::size_t shard_bytes_max_;
    std::array<Shard, kShards> shards_;
};

}  // namespace origin::git

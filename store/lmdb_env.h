// SPDX-License-Identifier: Apache-2.0
// store/lmdb_env: one open LMDB file: its tables, the map that grows between transactions, and the
// disk space that is taken before it is needed.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

#include "base/result.h"
#include "store/lmdb_handles.h"
#include "store/lmdb_store.h"
#include "store/store.h"

namespace origin::store {

/// Lets readers in, at most `readers_max` at once, except while somebody must be alone. A waiting
/// loner goes before new readers. Thread-safe.
class MapGate {
public:
    explicit MapGate(unsigned readers_max) : readers_max_(readers_max) {}
    void enter();
    void leave();
    void alone(const std::function<void()>& fn);

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    unsigned readers_max_;
    unsigned readers_ = 0;
    bool closed_ = false;
};

class LmdbEnv {
public:
    /// `folder`: where data.mdb is or is to be.
    LmdbEnv(std::string folder, const LmdbSettings& settings);

    Status open();
    MDB_env* raw() const { return env_.get(); }
    MDB_dbi dbi(Table table) const { return dbis_[static_cast<std::size_t>(table)]; }
    MapGate& gate() { return gate_; }
    std::uint64_t map_bytes() const { return map_bytes_; }

    // For the one thread that writes, between its transactions.

    /// Doubles the map. Blocks: until no reader is inside. Returns: false if it may grow no more.
    bool grow_map();

    /// True while new rows may be stored: the file uses less than 80 % of the largest map.
    bool map_has_reserve();

    /// Makes sure that `pages` more pages can be written. Errors: StorageFull.
    Status make_room(std::uint64_t pages);

    unsigned page_bytes() const { return page_bytes_; }

private:
    Status open_tables();
    std::uint64_t used_bytes() const;
    std::uint64_t reusable_pages();
    bool preallocate(std::uint64_t bytes);

    std::string folder_;
    LmdbSettings settings_;
    MapGate gate_;
    Env env_;
    std::array<MDB_dbi, kTables> dbis_{};
    unsigned page_bytes_ = 0;
    std::uint64_t map_bytes_ = 0;
    std::uint64_t disk_bytes_ = 0;  // Taken on the disk, from the file's start.
    bool can_preallocate_ = true;
};

}  // namespace origin::store

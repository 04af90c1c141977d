// SPDX-License-Identifier: Apache-2.0
// git/serve/pack_cache: finished packs of small clones, in memory.
// In: all that the bytes of a pack depend on. Out: the pack that was made of just that before.
//
// Whether somebody may have these objects is no question for this cache: who asks it has a permit
// and a snapshot of today's refs, and was found to be shown every wanted id (check_wants).
// Objects never change, so an entry is never wrong, only unused: a ref that moves, a tag that comes
// or goes and a collection of garbage (its generation is part of the key) make another key.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "git/serve/refs.h"
#include "git/serve/shallow.h"
#include "git/wire/fetch_request.h"

namespace origin::git {

/// What one step makes and sends, so that a slow peer never holds more of the cache than a buffer.
inline constexpr std::size_t kKeptPackBytesMax = kStepBytes;
inline constexpr std::size_t kPackCacheBytesMax = 16 * kMiB;  // All of it, keys included.
inline constexpr std::size_t kKeptPackOidsMax = 500;          // In a key: 20 bytes each.

/// All that the bytes of a pack depend on.
struct PackQuestion {
    const ProjectId& project;
    std::uint64_t gc_generation;  // Of the snapshot's pack set.
    const FetchRequest& request;
    const std::vector<Oid>& common;  // What the client has of ours.
    const ShallowPlan& shallow;
    const RefsSnapshot& refs;
};

/// Nullopt: such a pack is not kept, because the client has something already (few would ask the
/// same) or the key would hold more than kKeptPackOidsMax ids.
std::optional<std::string> pack_key_of(const PackQuestion& question);

/// Header and trailer included.
struct KeptPack {
    std::string bytes;
    std::uint32_t objects = 0;
};

/// Thread-safe.
class PackCache {
public:
    explicit PackCache(Metrics& metrics, std::size_t bytes_max = kPackCacheBytesMax);

    /// Null: it is not here. Counted, either way.
    std::shared_ptr<const KeptPack> find(std::string_view key);

    /// Makes room by dropping what was not asked for the longest. A pack that is too large for the
    /// cache is not taken.
    void put(std::string key, KeptPack pack);

    std::size_t bytes() const;

private:
    struct Entry {
        std::string key;
        std::shared_ptr<const KeptPack> pack;
        std::size_t bytes() const;
    };
    using Entries = std::list<Entry>;

    const std::size_t bytes_max_;
    Counter& hits_;
    Counter& misses_;
    mutable std::mutex mutex_;
    std::size_t bytes_ = 0;
    Entries entries_;                                      // Most recently asked for first.
    std::map<std::string_view, Entries::iterator> index_;  // Its keys lie in entries_.
};

}  // namespace origin::git

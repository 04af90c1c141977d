// SPDX-License-Identifier: Apache-2.0
// githttp/lru: values by key within a bound of bytes; what was not asked for longest goes first.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace origin::githttp {

/// Keys are texts. Values are copied out: keep them small, or pointers. Thread-safe; a call holds a
/// mutex for the time of a look-up.
template <class Value>
class Lru {
public:
    explicit Lru(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}

    std::optional<Value> find(std::string_view key) {
        const std::lock_guard lock(mutex_);
        const auto at = by_key_.find(key);
        if (at == by_key_.end()) {
            return std::nullopt;
        }
        slots_.splice(slots_.begin(), slots_, at->second);
        return at->second->value;
    }

    /// Keeps `value`, which costs `bytes` beside its key, unless one of the key is there: that one
    /// stays. Returns: what is to be used. What costs more than the bound is not kept.
    Value add(std::string_view key, Value value, std::uint64_t bytes) {
        return put(key, std::move(value), bytes, false);
    }

    /// The same, but a value that is there is replaced.
    void replace(std::string_view key, Value value, std::uint64_t bytes) {
        put(key, std::move(value), bytes, true);
    }

    std::uint64_t bytes() const {
        const std::lock_guard lock(mutex_);
        return bytes_;
    }

private:
    struct Slot {
        std::string key;
        Value value;
        std::uint64_t bytes;
    };
    using Slots = std::list<Slot>;
    /// Of a slot beside key and value: list and table.
    static constexpr std::uint64_t kSlotBytes = sizeof(Slot) + 64;

    Value put(std::string_view key, Value value, std::uint64_t bytes, bool replacing) {
        Slots gone;  // Destroyed after the mutex is free.
        const std::lock_guard lock(mutex_);
        const auto there = by_key_.find(key);
        if (there != by_key_.end() && !replacing) {
            return there->second->value;
        }
        if (there != by_key_.end()) {
            drop(there->second, gone);
        }
        const std::uint64_t cost = bytes + key.size() + kSlotBytes;
        if (cost > bytes_max_) {
            return value;
        }
        slots_.push_front({std::string(key), value, cost});
        by_key_.emplace(slots_.front().key, slots_.begin());
        bytes_ += cost;
        while (bytes_ > bytes_max_) {
            drop(std::prev(slots_.end()), gone);
        }
        return value;
    }

    void drop(typename Slots::iterator slot, Slots& gone) {
        bytes_ -= slot->bytes;
        by_key_.erase(std::string_view(slot->key));
        gone.splice(gone.end(), slots_, slot);
    }

    const std::uint64_t bytes_max_;
    mutable std::mutex mutex_;
    Slots slots_;  // Most recently used first.
    std::unordered_map<std::string_view, typename Slots::iterator> by_key_;  // Keys lie in slots_.
    std::uint64_t bytes_ = 0;
};

}  // namespace origin::githttp

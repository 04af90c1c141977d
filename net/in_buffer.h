// SPDX-License-Identifier: Apache-2.0
// net/in_buffer: bytes that were read and not yet understood.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

#include "base/assert.h"
#include "base/limits.h"

namespace origin::net {

/// Holds 4 KiB while it is idle and grows only when more room is asked for.
class InBuffer {
public:
    std::string_view view() const { return {bytes_.get() + begin_, end_ - begin_}; }
    std::size_t size() const { return end_ - begin_; }
    bool empty() const { return begin_ == end_; }

    /// Room for at least `least` more bytes; all that is free. Invalidates view().
    std::span<char> room(std::size_t least) {
        if (capacity_ - end_ < least) {
            move_to(size() + least <= capacity_ ? capacity_ : grown(size() + least));
        }
        return {bytes_.get() + end_, capacity_ - end_};
    }
    void commit(std::size_t n) {
        ORIGIN_ASSERT(n <= capacity_ - end_);
        end_ += n;
    }
    void consume(std::size_t n) {
        ORIGIN_ASSERT(n <= size());
        begin_ += n;
        if (begin_ == end_) {
            begin_ = end_ = 0;
        }
    }
    /// Gives back what a large body needed.
    void shrink() {
        if (capacity_ > kIdleBytes && size() <= kIdleBytes) {
            move_to(kIdleBytes);
        }
    }

private:
    static constexpr std::size_t kIdleBytes = 4 * kKiB;

    static std::size_t grown(std::size_t needed) {
        std::size_t capacity = kIdleBytes;
        while (capacity < needed) {
            capacity *= 2;
        }
        return capacity;
    }
    void move_to(std::size_t capacity) {
        auto fresh = std::make_unique_for_overwrite<char[]>(capacity);
        const std::size_t kept = size();
        if (kept > 0) {
            std::memcpy(fresh.get(), bytes_.get() + begin_, kept);
        }
        bytes_ = std::move(fresh);
        capacity_ = capacity;
        begin_ = 0;
        end_ = kept;
    }

    std::unique_ptr<char[]> bytes_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace origin::net

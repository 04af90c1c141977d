// SPDX-License-Identifier: Apache-2.0
// bench/clients: those who want something of the server, more than there are connections: who asks
// now, and who was told to come again and does not ask before. They are alike, so they are counted.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <queue>
#include <vector>

namespace origin::bench {

class Clients {
public:
    using Instant = std::chrono::steady_clock::time_point;

    /// All ask at once.
    explicit Clients(std::size_t count) : asking_(count) {}
    /// They come one after another, evenly over `over` from `first`.
    Clients(std::size_t count, Instant first, std::chrono::nanoseconds over) {
        for (std::size_t i = 0; i < count; ++i) {
            rest_until(first + over * i / count);
        }
    }

    /// One that asks now, if there is any: it is with the server until one of the two below.
    bool take(Instant now) {
        while (!resting_.empty() && resting_.top() <= now) {
            resting_.pop();
            asking_ += 1;
        }
        if (asking_ == 0) {
            return false;
        }
        asking_ -= 1;
        return true;
    }
    /// One got what it wanted, and wants the next at once.
    void ask_again() { asking_ += 1; }
    /// One was told to come again.
    void rest_until(Instant when) { resting_.push(when); }

    /// When the next of those who rest will ask.
    std::optional<Instant> next() const {
        return resting_.empty() ? std::nullopt : std::optional(resting_.top());
    }

private:
    std::size_t asking_ = 0;
    std::priority_queue<Instant, std::vector<Instant>, std::greater<>> resting_{};
};

}  // namespace origin::bench

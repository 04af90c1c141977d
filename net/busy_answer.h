// SPDX-License-Identifier: Apache-2.0
// net/busy_answer: what a request is told when there is more work than fits, made once: saying no
// must cost next to nothing, for there are many to say it to.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

namespace origin::net {

/// A 503 `busy` with Retry-After. Without Date, which a 5xx may lack.
/// Source: RFC 9110, sections 6.6.1 and 15.6.4.
class BusyAnswer {
public:
    BusyAnswer();
    /// For the next one who is refused: they take turns at the waits of the moment, so that they do
    /// not come back together.
    std::string_view head(bool keep_alive);
    std::string_view body() const { return body_; }

    /// Called about once a second with what happened in it: while many more are refused than are
    /// served, they are told to come later: in 1, 1 to 2, 1 to 4, at last 1 to 16 s.
    void adapt(std::uint64_t served, std::uint64_t refused);

    static constexpr unsigned kSecondsMax = 16;

private:
    struct Heads {
        std::string keep;
        std::string close;
    };
    std::array<Heads, kSecondsMax> heads_;  // For 1 s, 2 s, ...
    std::string body_;
    std::atomic<unsigned> longest_ = 1;  // Seconds: a power of two.
    std::atomic<unsigned> turn_ = 0;
};

}  // namespace origin::net

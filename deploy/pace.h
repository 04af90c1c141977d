// SPDX-License-Identifier: Apache-2.0
// deploy/pace: how often a provider is asked, for all targets of a token together, so that it need
// not refuse. In memory: after a start the provider's own refusals (429) are obeyed until it fills.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/log.h"

namespace origin::deploy {

/// At most `times` in any `within`.
struct PaceLimit {
    std::string_view name;  // For people: "Netlify takes few deploys a minute".
    std::size_t times = 0;  // 0: no limit.
    Milliseconds within{0};
};

inline constexpr std::size_t kPacedTokensMax = 10'000;  // More are not paced.

/// Thread-safe.
class Pace {
public:
    /// Lifetime: borrows the clock, which never goes back.
    explicit Pace(const Clock& schedule) : schedule_(schedule) {}

    /// Counts one more of it with this token. Returns: zero, or, uncounted, until there is room.
    Milliseconds take(const PaceLimit& limit, const Secret& token);

private:
    using Key = std::pair<std::string, std::string>;  // The limit's name, the token's hash.

    void forget_old(UnixMillis now);

    const Clock& schedule_;
    struct Taken {
        std::deque<UnixMillis> at;
        Milliseconds within{0};
    };
    std::mutex mutex_;
    std::map<Key, Taken> taken_;
};

}  // namespace origin::deploy

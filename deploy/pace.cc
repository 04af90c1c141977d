// SPDX-License-Identifier: Apache-2.0
#include "deploy/pace.h"

#include "crypto/hash.h"

namespace origin::deploy {

void Pace::forget_old(UnixMillis now) {
    std::erase_if(taken_, [&](const auto& each) {
        const Taken& taken = each.second;
        return taken.at.empty() || taken.at.back() + taken.within.count() <= now;
    });
}

Milliseconds Pace::take(const PaceLimit& limit, const Secret& token) {
    const UnixMillis now = schedule_.now();
    const std::lock_guard lock(mutex_);
    if (taken_.size() >= kPacedTokensMax) {
        forget_old(now);
    }
    const Key key(limit.name, crypto::sha256(token.reveal()));
    if (taken_.size() >= kPacedTokensMax && !taken_.contains(key)) {
        return Milliseconds(0);
    }
    Taken& taken = taken_[key];
    taken.within = limit.within;
    while (!taken.at.empty() && taken.at.front() + limit.within.count() <= now) {
        taken.at.pop_front();
    }
    if (taken.at.size() >= limit.times) {
        return Milliseconds(taken.at.front() + limit.within.count() - now);
    }
    taken.at.push_back(now);
    return Milliseconds(0);
}

}  // namespace origin::deploy

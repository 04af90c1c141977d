// SPDX-License-Identifier: Apache-2.0
#include "auth/rate_limits.h"

#include <algorithm>
#include <bit>
#include <span>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace origin::auth {
namespace {

using std::chrono::nanoseconds;

constexpr std::chrono::seconds kWindow{60};
constexpr std::size_t kIpv6NetworkBytes = 8;
constexpr unsigned kFetchSalt = 3;  // After those of Counted.

std::string_view name_of(Counted what) {
    switch (what) {
        case Counted::Requests:
            return "requests";
        case Counted::Pushes:
            return "pushes";
        case Counted::Runs:
            return "runs";
    }
    return "requests";
}

/// One step of a keyed mix: nobody outside can choose who shares a place with whom.
/// Source: the finalizer of MurmurHash3, Austin Appleby, public domain.
std::uint64_t mix(std::uint64_t x) {
    x ^= x >> 33U;
    x *= 0xff51afd7ed558ccdULL;
    x ^= x >> 33U;
    x *= 0xc4ceb9fe1a85ec53ULL;
    return x ^ (x >> 33U);
}

}  // namespace

Party Party::at(std::string_view peer) {
    Party party({}, false);
    const std::string text(peer);
    in_addr v4{};
    in6_addr v6{};
    if (::inet_pton(AF_INET, text.c_str(), &v4) == 1) {
        party.raw_ = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
        const auto bytes = std::as_bytes(std::span(&v4, 1));
        std::ranges::transform(bytes, party.raw_.begin() + kIdBytes - bytes.size(), [](auto b) {
            return std::to_integer<unsigned char>(b);
        });
    } else if (::inet_pton(AF_INET6, text.c_str(), &v6) == 1) {
        std::copy_n(std::begin(v6.s6_addr), kIdBytes, party.raw_.begin());
        if (IN6_IS_ADDR_V4MAPPED(&v6) == 0) {
            std::fill(party.raw_.begin() + kIpv6NetworkBytes, party.raw_.end(), 0);
        }
    }
    return party;
}

std::string Excess::policy() const {
    const std::string start = "\"" + std::string(name) + "\";q=" + std::to_string(quota);
    return window.count() > 0 ? start + ";w=" + std::to_string(window.count())
                              : start + ";qu=\"concurrent-requests\"";
}

std::string Excess::state() const {
    return "\"" + std::string(name) + "\";r=0;t=" + std::to_string(wait.count());
}

Error Excess::error() const {
    const std::string whose = by_address ? " from this address" : " of yours";
    const std::string bound =
        " (at most " + std::to_string(quota) + (window.count() > 0 ? " a minute)" : " at once)");
    return Error(Code::LimitExceeded,
                 "too many " + std::string(name) + whose + bound + "; try again in " +
                     std::to_string(wait.count()) + " s")
        .because(std::string(kRateLimited));
}

RateLimits::RateLimits(const Rates& rates, const Clock& clock, Random& random, Metrics& metrics)
    : rates_(rates),
      clock_(clock),
      metrics_(metrics),
      shards_(std::make_unique<std::array<Shard, kShards>>()) {
    random.fill(std::as_writable_bytes(std::span(&seed_, 1)));
}

std::uint64_t RateLimits::quota_of(Counted what, const Party& who) const {
    switch (what) {
        case Counted::Requests:
            return who.is_client() ? rates_.requests : rates_.address_requests;
        case Counted::Pushes:
            return rates_.pushes;
        case Counted::Runs:
            return rates_.runs;
    }
    return 0;
}

std::uint64_t RateLimits::hash(const Party& who, unsigned salt) const {
    const auto halves = std::bit_cast<std::array<std::uint64_t, 2>>(who.raw_);
    return mix(mix(mix(seed_ ^ salt) ^ halves[0]) ^ halves[1]);
}

/// The row of `who`; if there is none, that of the set which is made up for first, to be given.
RateLimits::Row& RateLimits::row_of(Shard& shard,
                                    std::uint64_t hash,
                                    Counted what,
                                    const Party& who) {
    const auto set = std::span(shard.rows).subspan((hash / kShards) % kSets * kWays, kWays);
    const auto found = std::ranges::find_if(
        set, [&](const Row& row) { return row.who == who && row.what == what; });
    return found != set.end() ? *found : *std::ranges::min_element(set, {}, &Row::made_up);
}

std::optional<Excess> RateLimits::look(Counted what, const Party& who, bool counts) {
    const std::uint64_t quota = quota_of(what, who);
    if (quota == 0) {
        return std::nullopt;
    }
    const nanoseconds now = clock_.steady().time_since_epoch();
    const nanoseconds each = nanoseconds(kWindow) / quota;
    const nanoseconds whole = each * quota;
    const std::uint64_t at = hash(who, static_cast<unsigned>(what));
    nanoseconds over{0};
    {
        Shard& shard = shard_of(at);
        const std::lock_guard lock(shard.mutex);
        Row& row = row_of(shard, at, what, who);
        nanoseconds owed{0};
        if (row.who == who && row.what == what) {
            // More than a whole quota is never owed, even if the clock was set back.
            row.made_up = std::min(row.made_up, now + whole);
            owed = std::max(row.made_up - now, nanoseconds(0));
        }
        over = owed + each - whole;
        if (over <= nanoseconds(0)) {
            if (counts) {
                row = {.who = who, .what = what, .made_up = now + owed + each};
            }
            return std::nullopt;
        }
    }
    return refuse({.name = name_of(what),
                   .quota = quota,
                   .window = kWindow,
                   .wait = std::chrono::ceil<std::chrono::seconds>(over),
                   .by_address = !who.is_client()});
}

Excess RateLimits::refuse(Excess excess) {
    metrics_.counter("limited_total{limit=\"" + std::string(excess.name) + "\"}").add();
    return excess;
}

std::expected<RateLimits::Fetch, Excess> RateLimits::begin_fetch(const Party& who) {
    if (rates_.fetches == 0) {
        return Fetch();
    }
    {
        Shard& shard = shard_of(hash(who, kFetchSalt));
        const std::lock_guard lock(shard.mutex);
        std::uint64_t& count = shard.fetches[who];
        if (count < rates_.fetches) {
            ++count;
            return Fetch(std::make_unique<Party>(who).release(), EndFetch{this});
        }
    }
    return std::unexpected(refuse(too_many_fetches(who)));
}

std::optional<Excess> RateLimits::peek_fetch(const Party& who) {
    {
        Shard& shard = shard_of(hash(who, kFetchSalt));
        const std::lock_guard lock(shard.mutex);
        const auto found = shard.fetches.find(who);
        if (rates_.fetches == 0 || found == shard.fetches.end() || found->second < rates_.fetches) {
            return std::nullopt;
        }
    }
    return refuse(too_many_fetches(who));
}

Excess RateLimits::too_many_fetches(const Party& who) const {
    return {.name = "fetches",
            .quota = rates_.fetches,
            .window = std::chrono::seconds(0),
            .wait = std::chrono::seconds(1),
            .by_address = !who.is_client()};
}

void RateLimits::EndFetch::operator()(Party* who) const {
    const std::unique_ptr<Party> owned(who);
    Shard& shard = limits->shard_of(limits->hash(*who, kFetchSalt));
    const std::lock_guard lock(shard.mutex);
    const auto found = shard.fetches.find(*who);
    if (found != shard.fetches.end() && --found->second == 0) {
        shard.fetches.erase(found);
    }
}

std::size_t RateLimits::rows() const {
    std::size_t count = 0;
    for (const Shard& shard : *shards_) {
        const std::lock_guard lock(shard.mutex);
        count += static_cast<std::size_t>(
            std::ranges::count_if(shard.rows, [](const Row& row) { return row.who.has_value(); }));
    }
    return count;
}

std::size_t RateLimits::fetches() const {
    std::size_t count = 0;
    for (const Shard& shard : *shards_) {
        const std::lock_guard lock(shard.mutex);
        for (const auto& [who, ongoing] : shard.fetches) {
            count += ongoing;
        }
    }
    return count;
}

}  // namespace origin::auth

// SPDX-License-Identifier: Apache-2.0
// auth/rate_limits: how often, and how much at once, one client or one address may ask.
// In: who asks, for what. Out: leave, or what they went over and how long to wait.
// Source: draft-ietf-httpapi-ratelimit-headers, RateLimit and RateLimit-Policy.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/identity.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/metrics.h"
#include "base/random.h"

namespace origin::auth {

/// What is counted: all that is asked; of it, what moves refs, and what asks for a run.
enum class Counted : std::uint8_t { Requests, Pushes, Runs };

/// What an operator may set: for each minute, but `fetches`, which is at once. 0: without end.
/// The defaults let a fleet of build machines share a key; one client gets at most some percent of
/// what a small machine can do.
struct Rates {
    std::uint64_t requests = 30'000;          // Of a client, whatever its keys.
    std::uint64_t address_requests = 12'000;  // Without a good key: of an address.
    std::uint64_t pushes = 6'000;             // Of a client; commits and merges of the API too.
    std::uint64_t runs = 600;                 // Of a client.
    std::uint64_t fetches = 200;              // Of a client, or of an address without a key.
};

/// Who is counted: a client, or those at one address. IPv6: its /64, for that is what one gets.
class Party {
public:
    static Party of(const ClientId& client) { return {client.raw, true}; }
    /// `peer`: "192.0.2.1", "2001:db8::1"; whatever is no address is counted together.
    static Party at(std::string_view peer);
    /// The client; without a key the address.
    static Party of(const Identity& identity, std::string_view peer) {
        return identity.is_anonymous() ? at(peer) : of(identity.client);
    }

    bool is_client() const { return is_client_; }
    friend auto operator<=>(const Party&, const Party&) = default;

private:
    friend class RateLimits;
    Party(const std::array<unsigned char, kIdBytes>& raw, bool is_client)
        : raw_(raw), is_client_(is_client) {}

    std::array<unsigned char, kIdBytes> raw_;
    bool is_client_;
};

/// The reason of an Excess's Error.
inline constexpr std::string_view kRateLimited = "rate_limited";

/// What somebody went over.
struct Excess {
    std::string_view name;  // "requests", "pushes", "runs", "fetches".
    std::uint64_t quota = 0;
    std::chrono::seconds window{60};  // Zero: at once, not in a time.
    std::chrono::seconds wait{1};     // At least 1: then it is worth trying again.
    bool by_address = false;

    /// Values of the headers RateLimit-Policy and RateLimit.
    std::string policy() const;
    std::string state() const;
    /// LimitExceeded `rate_limited`: names the limit and the wait.
    Error error() const;
};

/// Thread-safe; its memory does not grow with the number of those who ask: of two that share a
/// place the one that asked less is forgotten, and nobody is ever refused for what another did.
class RateLimits {
public:
    RateLimits(const Rates& rates, const Clock& clock, Random& random, Metrics& metrics);

    /// Counts one. nullopt: go on. What is refused does not count.
    std::optional<Excess> take(Counted what, const Party& who) { return look(what, who, true); }
    /// Would take() refuse? Counts nothing.
    std::optional<Excess> peek(Counted what, const Party& who) { return look(what, who, false); }

    struct EndFetch {
        RateLimits* limits = nullptr;
        void operator()(Party* who) const;
    };
    /// One of the fetches that somebody may do at once; given back when it goes, on whatever way.
    /// Lifetime: ends before that of its RateLimits.
    using Fetch = std::unique_ptr<Party, EndFetch>;
    std::expected<Fetch, Excess> begin_fetch(const Party& who);
    std::optional<Excess> peek_fetch(const Party& who);

    /// Rows that hold a count; at most kRows.
    std::size_t rows() const;
    /// Fetches that go on, of all together.
    std::size_t fetches() const;

    static constexpr std::size_t kShards = 64;
    static constexpr std::size_t kSets = 128;  // In a shard.
    static constexpr std::size_t kWays = 8;    // In a set: who may share it.
    static constexpr std::size_t kRows = kShards * kSets * kWays;

private:
    /// When what was taken so far will be made up for: the theoretical arrival time of the generic
    /// cell rate algorithm. Source: ITU-T I.371.
    struct Row {
        std::optional<Party> who;
        Counted what = Counted::Requests;
        std::chrono::nanoseconds made_up{0};  // On the steady clock.
    };
    struct Shard {
        mutable std::mutex mutex;
        std::vector<Row> rows = std::vector<Row>(kSets * kWays);
        std::map<Party, std::uint64_t> fetches;  // Only those that go on.
    };

    std::uint64_t quota_of(Counted what, const Party& who) const;
    std::uint64_t hash(const Party& who, unsigned salt) const;
    Shard& shard_of(std::uint64_t hash) { return (*shards_)[hash % kShards]; }
    std::optional<Excess> look(Counted what, const Party& who, bool counts);
    static Row& row_of(Shard& shard, std::uint64_t hash, Counted what, const Party& who);
    Excess refuse(Excess excess);
    Excess too_many_fetches(const Party& who) const;

    const Rates rates_;
    const Clock& clock_;
    Metrics& metrics_;
    std::uint64_t seed_ = 0;
    std::unique_ptr<std::array<Shard, kShards>> shards_;
};

}  // namespace origin::auth

// SPDX-License-Identifier: Apache-2.0
// git/serve/quotas: how many projects, and how many bytes in them, one client may own.
// In: who owns a project that is to be made or to grow. Out: leave, or which quota is used up.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <mutex>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "store/store.h"

namespace origin::git {

/// What an operator may set, for each client. 0: without end.
struct QuotaSettings {
    std::uint64_t projects = 10'000;
    std::uint64_t stored_bytes = 100ULL << 30U;  // Packs and journal rows of all its projects.
};

/// The reason of an Error that names the quota, what is used and how there can be more.
inline constexpr std::string_view kQuotaExceeded = "quota_exceeded";

/// Thread-safe. What a client stores is read anew from time to time, and always before a refusal:
/// what folding and deleting freed counts then.
class Quotas {
public:
    Quotas(const QuotaSettings& settings, store::Store& store, const Clock& clock)
        : settings_(settings), store_(store), clock_(clock) {}

    /// For the transaction that makes a project. Errors: LimitExceeded `quota_exceeded`.
    Status check_room_for_project(store::Reader& reader, const ClientId& owner) const;

    /// For the transaction that gives `project` to another client: room for it and for its bytes.
    /// After it, forget() both owners. Errors: LimitExceeded `quota_exceeded`; Corrupt.
    Status check_room_for_transfer(store::Reader& reader,
                                   const ClientId& to,
                                   const ProjectId& project);
    /// What it stores has changed otherwise than by a claim: it is read anew.
    void forget(const ClientId& owner);

    struct Claimed {
        ClientId owner;
        std::uint64_t bytes = 0;
        bool stored = false;  // Set it when they are.
    };
    struct EndClaim {
        Quotas* quotas = nullptr;
        void operator()(Claimed* claimed) const;
    };
    /// Bytes that are about to be stored: nobody else gets the same room meanwhile.
    using Claim = std::unique_ptr<Claimed, EndClaim>;

    /// Errors: LimitExceeded `quota_exceeded`; Corrupt.
    Result<Claim> claim(const ClientId& owner, std::uint64_t bytes);

    /// How much more may be stored; kNoLimit without a limit. Errors: Corrupt.
    Result<std::uint64_t> room(const ClientId& owner);
    static constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

    /// Told to whoever wants `more` bytes than there is room for; 0: it is not known how many.
    Error used_up(std::uint64_t used, std::uint64_t more) const;
    std::uint64_t stored_bytes_max() const { return settings_.stored_bytes; }

private:
    struct Use {
        std::uint64_t stored = 0;
        std::uint64_t claimed = 0;  // By pushes that are under way.
        std::chrono::steady_clock::time_point read_at;
        bool is_read = false;
        std::uint64_t generation = 0;  // A read that began in another one came too late.
    };

    Use& use_of(const ClientId& owner);
    Result<std::uint64_t> used(const ClientId& owner, bool anew);

    const QuotaSettings settings_;
    store::Store& store_;
    const Clock& clock_;
    std::mutex mutex_;  // Guards what follows.
    std::map<ClientId, Use> uses_;
    std::uint64_t generations_ = 0;
};

/// Bytes of the packs and journal rows of all projects that `owner` has. Errors: Corrupt.
Result<std::uint64_t> stored_bytes_of(store::Reader& reader, const ClientId& owner);

}  // namespace origin::git

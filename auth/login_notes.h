// SPDX-License-Identifier: Apache-2.0
// auth/login_notes: who used which key and whose login was refused, noted in memory on the road of
// a request and written later, by somebody who may wait (hooks/bookkeeper).
// Out: rows of table KeyUses, and audit events `login.refused`.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/id.h"
#include "store/store.h"

namespace origin::auth {

/// Where a login came from, as its door knows it. Lifetime: of the call it is given to.
struct Caller {
    std::string_view peer;        // Address.
    std::string_view via = {};    // As AuditActor::via.
    std::string_view agent = {};  // User-Agent, or the SSH client's version; any bytes.
};

/// A key and an address are written at most once a minute each; what happened meanwhile is counted.
/// Bounded: kUsesMax keys and kRefusalsMax pairs of address and key; refusals beyond them are one
/// event without an address. A kill loses what was not written yet. Thread-safe.
class LoginNotes {
public:
    static constexpr std::size_t kUsesMax = 4096;
    static constexpr std::size_t kRefusalsMax = 256;
    static constexpr std::chrono::seconds kBetweenWrites{60};

    explicit LoginNotes(const Clock& clock) : clock_(clock) {}

    void used(const KeyId& key, const Caller& caller);
    /// `key`: the one that was shown, known or not. `why`: for the log, without secrets.
    void refused(const std::optional<KeyId>& key, const Caller& caller, std::string_view why);

    /// Writes what is due. Returns: how many rows. What cannot be written is due again.
    /// Blocks: for a durable commit, if anything is due. Errors: those of the store.
    Result<std::size_t> flush(store::Store& store);

private:
    struct Written {
        std::optional<std::chrono::steady_clock::time_point> at;

        bool is_due(std::chrono::steady_clock::time_point now) const {
            return !at || now - *at >= kBetweenWrites;
        }
    };
    struct Use {
        UnixMillis used_at = 0;
        std::string peer;
        std::string agent;
        bool is_news = false;
        Written written;
    };
    struct Refusal {
        std::optional<KeyId> key;
        std::string peer;
        std::string via;
        std::string agent;
        std::string why;
        UnixMillis last = 0;
        std::uint32_t count = 0;  // Since it was written.
        Written written;
    };
    using Uses = std::map<KeyId, Use>;
    using Refusals = std::map<std::string, Refusal>;

    Uses take_uses();
    Refusals take_refusals();
    void put_back(Uses uses, Refusals refusals);
    static Status write(store::Writer& writer, const Uses& uses, const Refusals& refusals);

    const Clock& clock_;
    std::mutex mutex_;
    Uses uses_;
    Refusals refusals_;  // By address and key; "": those beyond kRefusalsMax.
};

}  // namespace origin::auth

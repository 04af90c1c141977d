// SPDX-License-Identifier: Apache-2.0
// auth/once: `Idempotency-Key`: a write that is asked for twice happens once.
// The row is written in the effect's own transaction, and holds the ids of what was made, never the
// body: a replay shows the current state of those things.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "store/store.h"

namespace origin::auth {

/// One request as far as idempotency goes. Without a key it does nothing.
class Once {
public:
    struct Request {
        ClientId client;
        std::string_view method;
        std::string_view path;
        std::string_view key;  // Empty: the request has none.
        std::string_view body;
        UnixMillis now = 0;
    };
    /// Errors: InvalidInput (`bad_idempotency_key`): longer than 255 bytes, or not printable ASCII.
    static Result<Once> make(const Request& request);

    /// What an earlier request with this key made; nullopt: there was none.
    /// Errors: Conflict (`idempotency_key_reused`): it had another body.
    Result<std::optional<std::vector<std::string>>> earlier(store::Reader& reader) const;

    /// For the effect's transaction. Errors: Conflict `replayed`: another request with this key
    /// came first, so the transaction must be undone; ask earlier() for its result.
    ///         Conflict (`idempotency_key_reused`). LimitExceeded (`too_many_idempotency_keys`).
    Status record(store::Writer& writer, const std::vector<std::string>& result) const;

private:
    std::string row_key_;  // Empty: no key was given.
    ClientId client_;
    std::string body_sha256_;
    UnixMillis now_ = 0;
};

}  // namespace origin::auth

// SPDX-License-Identifier: Apache-2.0
// store/rows/audit: what is stored of who changed what about access, and of refused logins.
// Byte format: docs/formats.md.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/id.h"

namespace origin::store {

/// Who did it, and from where.
struct AuditActor {
    std::optional<ClientId> client;  // None: nobody proved who it was, or the server by itself.
    std::optional<KeyId> key;        // None with a client: the operator.
    std::string via;   // "http", "api", "ssh", "ssh-shell", "operator"; "server": by itself.
    std::string from;  // The peer's address; empty: the machine itself.

    template <class F>
    void fields(F& f) {
        f(client);
        f(key);
        f(via);
        f(from);
    }
    friend bool operator==(const AuditActor&, const AuditActor&) = default;
};

/// Table Audit. Key: time (8 bytes, sortable) + number (8 bytes).
struct AuditRow {
    static constexpr std::uint8_t kVersion = 1;
    std::uint64_t number = 0;  // From 1, without gaps; record_audit() gives it.
    UnixMillis time = 0;
    std::string type = {};  // "key.created"
    AuditActor actor = {};
    std::optional<ClientId> client = {};  // Whose account, key or grant it is.
    std::optional<ProjectId> project = {};
    std::string subject = {};  // Id or name of the thing: "key_...", "production".
    std::map<std::string, std::string> details = {};
    std::uint32_t count = 1;  // How often, for what is gathered: refused logins.

    template <class F>
    void fields(F& f) {
        f(number);
        f(time);
        f(type);
        f(actor);
        f(client);
        f(project);
        f(subject);
        f(details);
        f(count);
    }
    friend bool operator==(const AuditRow&, const AuditRow&) = default;
};

}  // namespace origin::store

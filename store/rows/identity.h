// SPDX-License-Identifier: Apache-2.0
// store/rows/identity: what is stored about clients and keys. Byte format: docs/formats.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"

namespace origin::store {

/// Table Clients. Key: client id (16 raw bytes).
struct ClientRow {
    static constexpr std::uint8_t kVersion = 1;
    std::string slug;  // Unique: table Slugs, key slug_key_of_client(slug).
    std::string display_name;
    std::string email;   // Author of commits made for this client.
    bool admin = false;  // May manage every client when the key has scope `admin`.
    bool disabled = false;
    UnixMillis created_at = 0;

    template <class F>
    void fields(F& f) {
        f(slug);
        f(display_name);
        f(email);
        f(admin);
        f(disabled);
        f(created_at);
    }
};

/// Table Keys. Key: key id (16 raw bytes). The secret itself is never stored.
struct KeyRow {
    static constexpr std::uint8_t kVersion = 1;
    ClientId client;
    std::string title;
    std::string secret_sha256;        // 32 bytes: SHA-256 of the key's whole text.
    std::uint32_t scopes = 0;         // Bits of auth::Scope.
    std::vector<ProjectId> projects;  // Empty: every project of the client.
    UnixMillis created_at = 0;
    UnixMillis expires_at = 0;  // 0: never.
    UnixMillis revoked_at = 0;  // 0: not revoked.

    template <class F>
    void fields(F& f) {
        f(client);
        f(title);
        f(secret_sha256);
        f(scopes);
        f(projects);
        f(created_at);
        f(expires_at);
        f(revoked_at);
    }
};

}  // namespace origin::store

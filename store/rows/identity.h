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

/// Table Keys. Key: key id (16 raw bytes). A secret text, which itself is never stored, or an SSH
/// public key.
struct KeyRow {
    static constexpr std::uint8_t kVersion = 2;
    static constexpr std::uint8_t kOldestVersion = 1;
    ClientId client;
    std::string title;
    std::string secret_sha256;        // 32 bytes: of the secret's whole text, or of `ssh_blob`.
    std::uint32_t scopes = 0;         // Bits of auth::Scope.
    std::vector<ProjectId> projects;  // Empty: every project of the client.
    UnixMillis created_at = 0;
    UnixMillis expires_at = 0;  // 0: never.
    UnixMillis revoked_at = 0;  // 0: not revoked.
    std::string ssh_blob;       // The public key as SSH sends it; empty: a secret. Since version 2.

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
        if (f.version() >= 2) {
            f(ssh_blob);
        }
    }
};

}  // namespace origin::store

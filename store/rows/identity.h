// SPDX-License-Identifier: Apache-2.0
// store/rows/identity: what is stored about clients and keys. Byte format: docs/formats.md.
#pragma once

#include <cstdint>
#include <optional>
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

/// How a key proves its client.
enum class KeyKind : std::uint8_t {
    Secret,   // A text that only the client knows.
    Ssh,      // An SSH public key that logs in.
    Jwt,      // A public key whose owner signs tokens of its own.
    Signing,  // An SSH public key that signs commits; it logs nobody in.
};
constexpr KeyKind last_of(KeyKind) {
    return KeyKind::Signing;
}

/// What a key may do with the refs that `pattern` matches; the first that matches counts.
struct RefLimit {
    std::string pattern;  // A glob over the full name: refs/heads/feature/*
    bool push = true;     // Create, and fast-forward.
    bool force = false;
    bool remove = false;

    template <class F>
    void fields(F& f) {
        f(pattern);
        f(push);
        f(force);
        f(remove);
    }
    friend bool operator==(const RefLimit&, const RefLimit&) = default;
};

/// What a key may not do although its scopes allow it. Empty and zero: no limit.
struct KeyLimits {
    std::vector<RefLimit> refs;
    std::vector<std::string> allow_paths;  // Globs. A changed file must be matched by one,
    std::vector<std::string> deny_paths;   // and by none of these.
    std::uint32_t pushes = 0;
    std::uint64_t pack_bytes = 0;  // Of one push.
    std::uint32_t files = 0;       // That one push may change.

    template <class F>
    void fields(F& f) {
        f(refs);
        f(allow_paths);
        f(deny_paths);
        f(pushes);
        f(pack_bytes);
        f(files);
    }
    friend bool operator==(const KeyLimits&, const KeyLimits&) = default;
    bool none() const { return *this == KeyLimits(); }
};

/// Table Keys. Key: key id (16 raw bytes).
struct KeyRow {
    static constexpr std::uint8_t kVersion = 3;
    static constexpr std::uint8_t kOldestVersion = 1;
    ClientId client;
    std::string title;
    std::string secret_sha256;        // 32 bytes: of the secret's whole text, or of `public_key`.
    std::uint32_t scopes = 0;         // Bits of auth::Scope.
    std::vector<ProjectId> projects;  // Empty: every project of the client.
    UnixMillis created_at = 0;
    UnixMillis expires_at = 0;       // 0: never.
    UnixMillis revoked_at = 0;       // 0: not revoked.
    std::string public_key;          // As SSH sends it, or SubjectPublicKeyInfo (DER) of a Jwt key.
    KeyKind kind = KeyKind::Secret;  // Since version 3, as all below.
    std::string kid;                 // Of a Jwt key: its name in the head of tokens.
    KeyLimits limits;
    std::optional<KeyId> replaced_by;  // Rotated: the key that took its place.
    bool token = false;                // Made by POST .../tokens: for one project, not for long.
    std::optional<KeyId> minted_by;    // Of a token: good as long as this key is; none: operator.

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
            f(public_key);
        }
        if (f.version() >= 3) {
            f(kind);
            f(kid);
            f(limits);
            f(replaced_by);
            f(token);
            f(minted_by);
        } else {
            kind = public_key.empty() ? KeyKind::Secret : KeyKind::Ssh;
        }
    }
};

/// Table KeyUses. Key: key id. Written at most once a minute.
struct KeyUseRow {
    static constexpr std::uint8_t kVersion = 1;
    UnixMillis used_at = 0;
    std::string peer;   // Its address.
    std::string agent;  // User-Agent, or the SSH client's version line.

    template <class F>
    void fields(F& f) {
        f(used_at);
        f(peer);
        f(agent);
    }
};

/// Table KeyPushes. Key: key id + a signed token's `jti` (none: a stored key). What
/// KeyLimits::pushes counts.
struct KeyPushesRow {
    static constexpr std::uint8_t kVersion = 1;
    std::uint32_t pushes = 0;
    UnixMillis expires_at = 0;  // When nothing can count on it any more.

    template <class F>
    void fields(F& f) {
        f(pushes);
        f(expires_at);
    }
};

}  // namespace origin::store

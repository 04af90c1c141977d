// SPDX-License-Identifier: Apache-2.0
// store/rows/webhook: what is stored about webhook endpoints and deliveries. docs/formats.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"

namespace origin::store {

/// Stored as one byte: append only. In version 1 it was the bool `disabled`.
enum class WebhookState : std::uint8_t {
    Active,
    Disabled,  // It answered 410.
    Paused,    // It failed for too long.
};
constexpr WebhookState last_of(WebhookState) {
    return WebhookState::Paused;
}

/// What a delivery's body looks like.
enum class WebhookFormat : std::uint8_t { Standard, Github };
constexpr WebhookFormat last_of(WebhookFormat) {
    return WebhookFormat::Github;
}

/// How a delivery is signed: `v1` (HMAC-SHA256) or `v1a` (Ed25519).
enum class WebhookScheme : std::uint8_t { Hmac, Ed25519 };
constexpr WebhookScheme last_of(WebhookScheme) {
    return WebhookScheme::Ed25519;
}

/// Table Webhooks. Key: project or client id + webhook id.
struct WebhookRow {
    static constexpr std::uint8_t kVersion = 2;
    static constexpr std::uint8_t kOldestVersion = 1;
    std::string url = {};
    std::string sealed_secret = {};  // crypto/seal of the raw HMAC key, or of the Ed25519 seed.
    std::vector<std::string> events = {};  // Globs over event types; empty: all.
    WebhookState state = WebhookState::Active;
    std::string reason = {};     // Why it is not active.
    std::uint64_t cursor = 0;    // Sequence of the last event that needs no more delivery.
    std::uint32_t attempts = 0;  // At the event after the cursor.
    UnixMillis next_attempt_at = 0;
    UnixMillis created_at = 0;
    std::optional<ClientId> client =
        {};  // All projects of this client. Since version 2, as all below.
    std::vector<std::string> refs = {};  // Globs over full ref names; empty: all.
    WebhookFormat format = WebhookFormat::Standard;
    WebhookScheme scheme = WebhookScheme::Hmac;
    std::string public_key = {};           // Of Ed25519: 32 bytes.
    std::string sealed_previous = {};      // The secret before the last rotation; empty: none.
    std::string previous_public_key = {};  // Of Ed25519.
    UnixMillis previous_until = 0;         // When `sealed_previous` signs no more.
    UnixMillis failing_since = 0;          // 0: the last attempt was a success.
    std::uint32_t part = 0;  // Messages of the event after the cursor that were delivered.
    bool quick = false;      // Its last answer was a success, and quick.

    template <class F>
    void fields(F& f) {
        f(url);
        f(sealed_secret);
        f(events);
        f(state);
        f(reason);
        f(cursor);
        f(attempts);
        f(next_attempt_at);
        f(created_at);
        if (f.version() >= 2) {
            f(client);
            f(refs);
            f(format);
            f(scheme);
            f(public_key);
            f(sealed_previous);
            f(previous_public_key);
            f(previous_until);
            f(failing_since);
            f(part);
            f(quick);
        }
    }
};

/// Table Deliveries. Key: webhook id + number (8 bytes, rising) + 4 zero bytes; written by version
/// 1: event sequence (8) + attempt (4). One attempt each.
struct DeliveryRow {
    static constexpr std::uint8_t kVersion = 2;
    static constexpr std::uint8_t kOldestVersion = 1;
    std::string event_type = {};
    std::uint32_t status = 0;  // HTTP status; 0: no answer.
    std::string error = {};    // Why there was none.
    std::uint32_t milliseconds = 0;
    UnixMillis attempted_at = 0;
    std::uint64_t event = 0;        // Its sequence; 0: a ping. Since version 2, as all below.
    std::uint32_t attempt = 0;      // From 1; 0: read from version 1, see the key.
    bool by_hand = false;           // A ping, or delivered again because somebody asked.
    std::string message_id = {};    // `webhook-id`.
    std::string request_head = {};  // Lines "name: value"; signatures hidden.
    std::string request_body = {};  // Its first KiB.
    std::uint64_t request_bytes = 0;
    std::string response_head = {};  // Lines "name: value"; cookies and the like hidden.
    std::string response_body = {};  // Its first KiB.

    template <class F>
    void fields(F& f) {
        f(event_type);
        f(status);
        f(error);
        f(milliseconds);
        f(attempted_at);
        if (f.version() >= 2) {
            f(event);
            f(attempt);
            f(by_hand);
            f(message_id);
            f(request_head);
            f(request_body);
            f(request_bytes);
            f(response_head);
            f(response_body);
        }
    }
};

}  // namespace origin::store

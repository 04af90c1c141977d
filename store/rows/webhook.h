// SPDX-License-Identifier: Apache-2.0
// store/rows/webhook: what is stored about webhook endpoints and deliveries. docs/formats.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"

namespace origin::store {

/// Table Webhooks. Key: project id + webhook id.
struct WebhookRow {
    static constexpr std::uint8_t kVersion = 1;
    std::string url;
    std::string sealed_secret;        // crypto/seal of the raw HMAC key.
    std::vector<std::string> events;  // Globs over event types; empty: all.
    bool disabled = false;            // The endpoint answered 410, or failed for too long.
    std::string disabled_reason;
    std::uint64_t cursor = 0;    // Sequence of the last event that needs no more delivery.
    std::uint32_t attempts = 0;  // At the event after the cursor.
    UnixMillis next_attempt_at = 0;
    UnixMillis created_at = 0;

    template <class F>
    void fields(F& f) {
        f(url);
        f(sealed_secret);
        f(events);
        f(disabled);
        f(disabled_reason);
        f(cursor);
        f(attempts);
        f(next_attempt_at);
        f(created_at);
    }
};

/// Table Deliveries. Key: webhook id + event sequence (8 bytes) + attempt (4 bytes). One attempt
/// each.
struct DeliveryRow {
    static constexpr std::uint8_t kVersion = 1;
    std::string event_type;
    std::uint32_t status = 0;  // HTTP status; 0: no answer.
    std::string error;         // Why there was none.
    std::uint32_t milliseconds = 0;
    UnixMillis attempted_at = 0;

    template <class F>
    void fields(F& f) {
        f(event_type);
        f(status);
        f(error);
        f(milliseconds);
        f(attempted_at);
    }
};

}  // namespace origin::store

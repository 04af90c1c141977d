// SPDX-License-Identifier: Apache-2.0
// hooks/webhook_retry: when a failed delivery is tried again.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"

namespace origin::hooks {

/// No attempt is put off for longer, whatever the endpoint asks for.
inline constexpr std::chrono::hours kWebhookDelayMax{24};
/// So many attempts of one delivery; 46 to 62 hours lie between the first and the last.
inline constexpr std::uint32_t kWebhookAttemptsMax = 12;

/// How long to wait after `attempts` (from 1) failures: 5 s, tripled each time, at most
/// kWebhookDelayMax; a random part of up to a quarter is taken off, so that endpoints that failed
/// together do not come back together. nullopt: give up.
std::optional<Milliseconds> webhook_retry_delay(std::uint32_t attempts, Random& random);

/// What an answer's `Retry-After` asks for: seconds, or an HTTP date; at most kWebhookDelayMax.
/// nullopt: there is none, or it is neither. Source: RFC 9110, section 10.2.3.
std::optional<Milliseconds> retry_after(std::string_view value, UnixMillis now);

}  // namespace origin::hooks

// SPDX-License-Identifier: Apache-2.0
#include "hooks/webhook_retry.h"

#include <algorithm>

#include "net/http_text.h"

namespace origin::hooks {
namespace {

constexpr Milliseconds kFirstDelay{5000};
constexpr int kFactor = 3;
constexpr int kJitterDivisor = 4;  // At most a quarter.

/// From 0 to, not including, 1.
double random_part(Random& random) {
    const std::string bytes = random_bytes(random, 2);
    const auto number =
        static_cast<unsigned char>(bytes[0]) << 8 | static_cast<unsigned char>(bytes[1]);
    return number / 65536.0;
}

}  // namespace

std::optional<Milliseconds> webhook_retry_delay(std::uint32_t attempts, Random& random) {
    if (attempts == 0 || attempts >= kWebhookAttemptsMax) {
        return std::nullopt;
    }
    Milliseconds delay = kFirstDelay;
    for (std::uint32_t i = 1; i < attempts; ++i) {
        delay = std::min<Milliseconds>(delay * kFactor, kWebhookDelayMax);
    }
    const auto off = static_cast<double>((delay / kJitterDivisor).count()) * random_part(random);
    return delay - Milliseconds(static_cast<std::int64_t>(off));
}

std::optional<Milliseconds> retry_after(std::string_view value, UnixMillis now) {
    const bool is_number =
        !value.empty() && std::ranges::all_of(value, [](char c) { return c >= '0' && c <= '9'; });
    if (is_number) {
        constexpr std::size_t kDigitsMax = 9;  // More is too much in any case.
        const std::int64_t seconds =
            value.size() > kDigitsMax ? INT32_MAX : std::stoll(std::string(value));
        return std::min<Milliseconds>(std::chrono::seconds(seconds), kWebhookDelayMax);
    }
    const auto date = net::read_http_date(value);
    if (!date) {
        return std::nullopt;
    }
    return std::clamp<Milliseconds>(
        Milliseconds(*date - now), Milliseconds(0), Milliseconds(kWebhookDelayMax));
}

}  // namespace origin::hooks

// SPDX-License-Identifier: Apache-2.0
// hooks/webhook_secret: what deliveries are signed with, and the signatures.
// Source: Standard Webhooks 1.0.0, "Signature scheme" (`v1` HMAC-SHA256, `v1a` Ed25519).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "base/random.h"
#include "base/result.h"
#include "store/rows/webhook.h"

namespace origin::hooks {

struct WebhookSecret {
    std::string raw;         // 32 random bytes: the HMAC key, or the Ed25519 seed.
    std::string public_key;  // Of Ed25519: 32 bytes.
    Secret shown;            // What its owner sees, once: "whsec_" + base64. Empty for Ed25519.
};
WebhookSecret make_webhook_secret(Random& random,
                                  store::WebhookScheme scheme = store::WebhookScheme::Hmac);

/// "whpk_" + base64.
std::string shown_public_key(std::string_view public_key);

std::string seal_webhook_secret(const Secret& master_key,
                                const WebhookId& id,
                                std::string_view raw,
                                Random& random);
/// The raw key again. Errors: Corrupt `not_sealed_here`.
Result<std::string> open_webhook_secret(const Secret& master_key,
                                        const WebhookId& id,
                                        std::string_view sealed);
/// The raw keys that sign `now`: the current one, then, while both are good, the one before it.
Result<std::vector<std::string>> open_signing_keys(const Secret& master_key,
                                                   const WebhookId& id,
                                                   const store::WebhookRow& row,
                                                   UnixMillis now);

/// What a signature is over.
struct SignedParts {
    std::string_view id;
    std::int64_t timestamp_seconds = 0;
    std::string_view body;
};
/// "v1,<base64>" or "v1a,<base64>".
std::string webhook_signature(store::WebhookScheme scheme,
                              std::string_view raw_key,
                              const SignedParts& parts);

/// The value of GitHub's `X-Hub-Signature-256`: "sha256=<hex>", keyed with the secret's text as it
/// was shown.
std::string hub_signature(std::string_view raw_key, std::string_view body);

}  // namespace origin::hooks

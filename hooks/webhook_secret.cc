// SPDX-License-Identifier: Apache-2.0
#include "hooks/webhook_secret.h"

#include "crypto/ed25519.h"
#include "crypto/encode.h"
#include "crypto/hmac.h"
#include "crypto/seal.h"

namespace origin::hooks {
namespace {

using store::WebhookScheme;

constexpr std::size_t kSecretBytes = 32;
static_assert(kSecretBytes == crypto::kEd25519SeedBytes);

std::string seal_context(const WebhookId& id) {
    return "webhook/" + id.str();
}

std::string shown_secret(std::string_view raw) {
    return "whsec_" + crypto::base64(raw);
}

}  // namespace

WebhookSecret make_webhook_secret(Random& random, WebhookScheme scheme) {
    std::string raw = random_bytes(random, kSecretBytes);
    if (scheme == WebhookScheme::Ed25519) {
        std::string public_key = crypto::ed25519_public_key(raw);
        return {std::move(raw), std::move(public_key), Secret()};
    }
    return {raw, {}, Secret(shown_secret(raw))};
}

std::string shown_public_key(std::string_view public_key) {
    return "whpk_" + crypto::base64(public_key);
}

std::string seal_webhook_secret(const Secret& master_key,
                                const WebhookId& id,
                                std::string_view raw,
                                Random& random) {
    return crypto::seal(master_key.reveal(), raw, seal_context(id), random);
}

Result<std::string> open_webhook_secret(const Secret& master_key,
                                        const WebhookId& id,
                                        std::string_view sealed) {
    return crypto::open(master_key.reveal(), sealed, seal_context(id));
}

Result<std::vector<std::string>> open_signing_keys(const Secret& master_key,
                                                   const WebhookId& id,
                                                   const store::WebhookRow& row,
                                                   UnixMillis now) {
    ORIGIN_TRY(current, open_webhook_secret(master_key, id, row.sealed_secret));
    std::vector<std::string> keys = {std::move(current)};
    if (!row.sealed_previous.empty() && now < row.previous_until) {
        ORIGIN_TRY(previous, open_webhook_secret(master_key, id, row.sealed_previous));
        keys.push_back(std::move(previous));
    }
    return keys;
}

std::string webhook_signature(WebhookScheme scheme,
                              std::string_view raw_key,
                              const SignedParts& parts) {
    std::string message(parts.id);
    message += "." + std::to_string(parts.timestamp_seconds) + ".";
    message += parts.body;
    if (scheme == WebhookScheme::Ed25519) {
        return "v1a," + crypto::base64(crypto::ed25519_sign(raw_key, message));
    }
    return "v1," + crypto::base64(crypto::hmac_sha256(raw_key, message));
}

std::string hub_signature(std::string_view raw_key, std::string_view body) {
    return "sha256=" + crypto::hex(crypto::hmac_sha256(shown_secret(raw_key), body));
}

}  // namespace origin::hooks

// SPDX-License-Identifier: Apache-2.0
// hooks/webhooks: a project's endpoints: making them, and delivering events to them.
// In: the event log. Out: signed POSTs (Standard Webhooks 1.0.0), in order per endpoint, at least
// once. One durable job per endpoint (its id is the webhook's) is queued by the dispatcher when
// there is news and completed, in the transaction that looks once more, when the endpoint has heard
// it all.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "base/random.h"
#include "net/http_client.h"
#include "store/event_log.h"
#include "store/jobs.h"
#include "store/rows/webhook.h"
#include "store/store.h"

namespace origin::hooks {

inline constexpr std::string_view kWebhookJob = "webhook";

struct NewWebhook {
    WebhookId id;
    ProjectId project;
    std::string url;
    std::string sealed_secret;
    std::vector<std::string> events;  // Globs; empty: all.
    UnixMillis now = 0;
};

/// The endpoint hears events that happen from now on.
Status create_webhook(store::Writer& writer, const NewWebhook& wanted);

/// A fresh signing key: 32 random bytes raw, and as its owner sees it, once: "whsec_" + base64.
struct WebhookSecret {
    std::string raw;
    Secret shown;
};
WebhookSecret make_webhook_secret(Random& random);
std::string seal_webhook_secret(const Secret& master_key,
                                const WebhookId& id,
                                std::string_view raw,
                                Random& random);

/// The raw key again. Errors: Corrupt `not_sealed_here`.
Result<std::string> open_webhook_secret(const Secret& master_key,
                                        const WebhookId& id,
                                        std::string_view sealed);

/// The value of `webhook-signature`: "v1,<base64>".
/// Source: Standard Webhooks 1.0.0, "Signature scheme".
std::string webhook_signature(std::string_view raw_key,
                              std::string_view id,
                              std::int64_t timestamp_seconds,
                              std::string_view body);

/// When attempt `attempts` (from 1) after a failure is due, in milliseconds after it; nullopt: give
/// up.
std::optional<std::int64_t> webhook_retry_delay(std::uint32_t attempts);

inline constexpr std::chrono::hours kWebhookDelayMax{24};  // The last of webhook_retry_delay().

/// Makes the jobs: for each event of a project with endpoints, if the endpoint has none yet.
/// Called by the dispatcher with each page of events, in its transaction.
Status queue_webhooks(store::Writer& writer, const std::vector<store::Event>& events);
/// Would queue_webhooks() make any?
Result<bool> concerns_webhooks(store::Reader& reader, const std::vector<store::Event>& events);

/// Does webhook jobs. Thread-safe.
class WebhookDelivery {
public:
    struct Around {
        store::Store& store;
        const net::HttpClient& client;
        const Clock& clock;     ///< For people and signatures.
        const Clock& schedule;  ///< For retries, as the job runner's.
        Log& log;
        Secret master_key;
    };
    explicit WebhookDelivery(Around around) : around_(std::move(around)) {}

    /// Delivers the next event, and completes the job once there is none.
    Status work(const store::Job& job) const;

private:
    struct Attempt;
    store::DeliveryRow post(const store::WebhookRow& hook,
                            const WebhookId& id,
                            const store::Event& event) const;

    Around around_;
};

}  // namespace origin::hooks

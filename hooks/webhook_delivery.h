// SPDX-License-Identifier: Apache-2.0
// hooks/webhook_delivery: does webhook jobs: signed POSTs (Standard Webhooks 1.0.0), in order per
// endpoint, at least once.
// In: a job. Out: one attempt, noted as a delivery; then the cursor moves, or the endpoint waits,
// is paused or disabled.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "hooks/webhook_message.h"
#include "hooks/webhook_retry.h"
#include "hooks/webhooks.h"
#include "net/http_client.h"
#include "store/jobs.h"
#include "store/rows/webhook.h"
#include "store/store.h"

namespace origin::hooks {

/// An endpoint that is done within this time is one of the quick ones.
inline constexpr Milliseconds kQuickAnswer{250};
/// Of a request's and an answer's body, what is kept in the delivery log; of the head.
inline constexpr std::size_t kLoggedBodyBytes = 1024;
inline constexpr std::size_t kLoggedHeadBytes = 2048;

/// Thread-safe.
class WebhookDelivery {
public:
    struct Around {
        store::Store& store;
        git::Storage& storage;
        const net::HttpClient& client;
        const auth::Urls& urls;
        Random& random;
        const Clock& clock;     ///< For people and signatures.
        const Clock& schedule;  ///< For retries, as the job runner's.
        Secret master_key;
    };
    explicit WebhookDelivery(Around around)
        : around_(std::move(around)), messages_({around_.store, around_.storage, around_.urls}) {}

    /// Makes one attempt, and completes the job once there is nothing more to deliver: a stopping
    /// server waits for one attempt at most.
    Status work(const store::Job& job) const;

private:
    struct Look;
    /// One attempt and what it means for its endpoint.
    struct Outcome {
        store::DeliveryRow row;
        std::optional<Milliseconds> retry_after;
        bool success() const { return row.status >= 200 && row.status < 300; }
    };

    Status look(store::Reader& reader, const WebhookSubject& subject, Look& found) const;
    Status finish(const store::Job& job, const WebhookSubject& subject, const Look& looked) const;
    Status deliver(const store::Job& job, const WebhookSubject& subject, const Look& looked) const;
    Status work_by_hand(const store::Job& job, const WebhookSubject& subject) const;
    Result<std::optional<WebhookMessage>> wanted_by_hand(const WebhookSubject& subject,
                                                         const ByHand& what,
                                                         const store::WebhookRow& hook) const;
    Outcome post(const store::WebhookRow& hook,
                 const WebhookId& id,
                 const WebhookMessage& message) const;
    Milliseconds settle(store::WebhookRow& hook, const Outcome& outcome) const;

    Around around_;
    WebhookMessages messages_;
};

/// Notes a delivery under the next number, and forgets those before the last kDeliveriesKept.
Status note_delivery(store::Writer& writer, const WebhookId& id, const store::DeliveryRow& row);

/// Headers as lines, for the delivery log: at most kLoggedHeadBytes, what may be a secret as "***".
std::string logged_head(const std::vector<net::Header>& headers);

}  // namespace origin::hooks

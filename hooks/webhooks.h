// SPDX-License-Identifier: Apache-2.0
// hooks/webhooks: endpoints that hear of events: making them, giving them work, resuming them.
// In: the event log. Out: one durable job per endpoint (its id is the webhook's), queued by the
// dispatcher when there is news and completed, in the transaction that looks once more, when the
// endpoint has heard it all. So an active endpoint without a job has heard all that the dispatcher
// has passed. What a job does: hooks/webhook_delivery.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/random.h"
#include "store/event_log.h"
#include "store/jobs.h"
#include "store/rows/webhook.h"
#include "store/store.h"

namespace origin::hooks {

/// Two queues with threads of their own: whoever is slow keeps none but the slow waiting.
inline constexpr std::string_view kWebhookJob = "webhook";           // `quick` endpoints.
inline constexpr std::string_view kSlowWebhookJob = "webhook-slow";  // All others, and new ones.

/// The last ones of an endpoint; older ones are forgotten as new ones come.
inline constexpr std::size_t kDeliveriesKept = 500;

/// Whose events an endpoint hears: a project's; or of all projects that a client owns, and the
/// client's own.
using WebhookScope = std::variant<ProjectId, ClientId>;
/// What the keys of its rows begin with.
std::string_view scope_prefix(const WebhookScope& scope);
std::string webhook_key(const WebhookScope& scope, const WebhookId& id);

struct NewWebhook {
    WebhookId id;
    WebhookScope scope;
    std::string url;
    std::string sealed_secret;
    std::vector<std::string> events = {};  // Globs; empty: all.
    std::vector<std::string> refs = {};    // Globs; empty: all.
    store::WebhookFormat format = store::WebhookFormat::Standard;
    store::WebhookScheme scheme = store::WebhookScheme::Hmac;
    std::string public_key = {};
    UnixMillis now = 0;
};
/// The endpoint hears events that happen from now on.
Status create_webhook(store::Writer& writer, const NewWebhook& wanted);
/// The endpoint and what was noted of its deliveries; its job finds it gone and ends by itself.
Status delete_webhook(store::Writer& writer, const WebhookScope& scope, const WebhookId& id);

/// One that is not active goes on where it stopped; one that waits for its next try is tried now.
/// Errors: NotFound.
Status resume_webhook(store::Writer& writer,
                      const WebhookScope& scope,
                      const WebhookId& id,
                      UnixMillis now);

/// Tells of what became of an endpoint: in the event log, so that its owner's other endpoints and
/// streams hear of it; and, for what the server does by itself, in the audit log.
Status tell_of_webhook(store::Writer& writer,
                       const WebhookScope& scope,
                       const WebhookId& id,
                       const store::WebhookRow& row,
                       UnixMillis now);

/// What a job that somebody asked for is to send: its payload. One attempt, whatever comes of it.
struct ByHand {
    static constexpr std::uint8_t kVersion = 1;
    std::uint64_t event = 0;  // Its sequence; 0: a ping.
    std::string message_id;   // Which of the event's messages; of a ping: its id.

    template <class F>
    void fields(F& f) {
        f(event);
        f(message_id);
    }
};
Status queue_by_hand(store::Writer& writer,
                     const WebhookScope& scope,
                     const WebhookId& id,
                     const JobId& job,
                     const ByHand& what);

/// A ping, whose `webhook-id` is drawn from the job's.
Status queue_ping(store::Writer& writer,
                  const WebhookScope& scope,
                  const WebhookId& id,
                  const JobId& job);
std::string ping_id(const JobId& job);

/// What a job is about. Errors: Corrupt.
struct WebhookSubject {
    std::string row_key;
    WebhookId id;
};
Result<WebhookSubject> read_webhook_subject(std::string_view subject);
/// The scope of a stored endpoint.
WebhookScope scope_of(std::string_view row_key, const store::WebhookRow& row);

/// Makes the jobs: for each active endpoint that a page of events concerns, if it has none yet.
/// Called by the dispatcher with each page of events, in its transaction.
Status queue_webhooks(store::Writer& writer, const std::vector<store::Event>& events);
/// Would queue_webhooks() make any?
Result<bool> concerns_webhooks(store::Reader& reader, const std::vector<store::Event>& events);

}  // namespace origin::hooks

// SPDX-License-Identifier: Apache-2.0
// hooks/webhook_message: what an endpoint is sent of an event: bytes made once, then signed and
// sent. In: an event and what the store and the repository know of its subject. Out: one message,
// or in GitHub's shapes one for each ref that a push moved.
#pragma once

#include <string>
#include <vector>

#include "auth/urls.h"
#include "git/serve/storage.h"
#include "store/event_log.h"
#include "store/rows/webhook.h"
#include "store/store.h"

namespace origin::hooks {

struct WebhookMessage {
    std::string id;    // `webhook-id`: the same at each attempt.
    std::string name;  // What it is called: the event's type; in GitHub's shapes `push` and so on.
    std::string body;  // JSON.
};

/// Thread-safe.
class WebhookMessages {
public:
    struct Around {
        store::Store& store;
        git::Storage& storage;
        const auth::Urls& urls;
    };
    explicit WebhookMessages(const Around& around) : around_(around) {}

    /// Empty: the endpoint's format has no shape for it. Errors: those of the store. Blocks: in
    /// GitHub's shapes it reads commits.
    Result<std::vector<WebhookMessage>> of(const store::WebhookRow& hook,
                                           const store::Event& event) const;

    /// A message that stands for nothing. `message_id`: of its own.
    Result<WebhookMessage> ping(const std::string& row_key,
                                const store::WebhookRow& hook,
                                const std::string& message_id,
                                UnixMillis now) const;

private:
    Around around_;
};

}  // namespace origin::hooks

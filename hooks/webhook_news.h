// SPDX-License-Identifier: Apache-2.0
// hooks/webhook_news: which events an endpoint hears: whose they are, their types, their refs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hooks/webhooks.h"
#include "store/event_log.h"
#include "store/rows/webhook.h"
#include "store/store.h"

namespace origin::hooks {

/// The full names of the refs that an event is about: those a push moved, a run's branch, the one a
/// deployment came from. Empty: it is about none.
/// Errors: Corrupt.
Result<std::vector<std::string>> refs_of(store::Reader& reader, const store::Event& event);

/// Does an endpoint with these globs hear of the ref?
bool wants_ref(const store::WebhookRow& hook, std::string_view ref);

/// An event that is about refs is heard if one of them is wanted; one about none always.
Result<bool> wants(store::Reader& reader, const store::WebhookRow& hook, const store::Event& event);

struct News {
    std::optional<store::Event> event;
    bool more =
        false;  // Without an event: so many were passed that the rest waits for another look.
};
/// The first event after the cursor that the endpoint hears; the cursor moves past those before it.
Result<News> next_news(store::Reader& reader, const WebhookScope& scope, store::WebhookRow& hook);

}  // namespace origin::hooks

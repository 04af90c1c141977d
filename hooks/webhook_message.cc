// SPDX-License-Identifier: Apache-2.0
#include "hooks/webhook_message.h"

#include <boost/json.hpp>

#include "hooks/github_events.h"
#include "hooks/webhook_news.h"

namespace origin::hooks {
namespace {

namespace json = boost::json;

json::object data_of(const store::Event& event) {
    boost::system::error_code error;
    json::value data = json::parse(event.data, error);
    return error || !data.is_object() ? json::object() : std::move(data.get_object());
}

WebhookMessage standard_message(const store::Event& event) {
    json::object data = data_of(event);
    data["sequence"] = event.sequence;
    if (event.project) {
        data["projectId"] = event.project->str();
    }
    return {
        .id = "evt_" + std::to_string(event.sequence),
        .name = event.type,
        .body = json::serialize(json::object{
            {"type", event.type}, {"timestamp", rfc3339(event.time)}, {"data", std::move(data)}})};
}

}  // namespace

Result<std::vector<WebhookMessage>> WebhookMessages::of(const store::WebhookRow& hook,
                                                        const store::Event& event) const {
    if (hook.format == store::WebhookFormat::Standard) {
        return std::vector<WebhookMessage>{standard_message(event)};
    }
    if (!event.project) {
        return std::vector<WebhookMessage>();
    }
    const json::object data = data_of(event);
    const GithubSource source{around_.store, around_.storage, around_.urls};
    ORIGIN_TRY(told, github_events(source, event, data, [&](std::string_view ref) {
                   return wants_ref(hook, ref);
               }));
    std::vector<WebhookMessage> messages;
    for (GithubEvent& each : told) {
        std::string id = "evt_" + std::to_string(event.sequence);
        if (!messages.empty()) {
            id += "_" + std::to_string(messages.size() + 1);
        }
        messages.push_back({std::move(id), std::move(each.name), json::serialize(each.payload)});
    }
    return messages;
}

Result<WebhookMessage> WebhookMessages::ping(const std::string& row_key,
                                             const store::WebhookRow& hook,
                                             const std::string& message_id,
                                             UnixMillis now) const {
    ORIGIN_TRY(subject, read_webhook_subject(row_key));
    const WebhookScope scope = scope_of(row_key, hook);
    WebhookMessage message{.id = message_id, .name = "ping", .body = {}};
    if (hook.format == store::WebhookFormat::Github) {
        const GithubSource source{around_.store, around_.storage, around_.urls};
        ORIGIN_TRY(payload, github_ping(source, scope, subject.id, hook));
        message.body = json::serialize(payload);
        return message;
    }
    json::object data{{"webhookId", subject.id.str()}};
    if (const auto* project = std::get_if<ProjectId>(&scope)) {
        data["projectId"] = project->str();
    } else {
        data["clientId"] = std::get<ClientId>(scope).str();
    }
    message.body = json::serialize(
        json::object{{"type", "ping"}, {"timestamp", rfc3339(now)}, {"data", std::move(data)}});
    return message;
}

}  // namespace origin::hooks

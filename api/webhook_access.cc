// SPDX-License-Identifier: Apache-2.0
#include "api/webhook_access.h"

#include <algorithm>

#include <boost/json.hpp>

#include "api/answers.h"
#include "api/views.h"
#include "hooks/webhook_secret.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::api {
namespace {

namespace json = boost::json;
using store::WebhookScheme;
using store::WebhookState;

std::string_view name_of(WebhookState state) {
    switch (state) {
        case WebhookState::Active:
            return "active";
        case WebhookState::Disabled:
            return "disabled";
        case WebhookState::Paused:
            return "paused";
    }
    return "active";
}

/// A key that is bound to projects manages those projects' webhooks alone.
Result<ClientId> client_for(const Call& call) {
    const auth::Identity& who = call.identity();
    ORIGIN_CHECK(auth::Gatekeeper::need(who, auth::Scope::Deploy));
    if (!who.projects.empty()) {
        return std::unexpected(
            Error(Code::Forbidden, "a key bound to projects manages webhooks of those alone"));
    }
    const std::string_view asked = call.asked("clientId");
    const auto client = asked.empty() ? who.client : ClientId::parse(asked);
    if (client && (*client == who.client || who.server_admin)) {
        return *client;
    }
    return std::unexpected(Error(Code::Forbidden, "'clientId' is not the client of this key")
                               .because("client_mismatch"));
}

}  // namespace

store::AuditRow WebhookAccess::audit(const Call& call,
                                     std::string type,
                                     const WebhookId& id) const {
    if (const ProjectId* of = project()) {
        return call.audit(std::move(type), *of, id.str());
    }
    store::AuditRow row = call.audit(std::move(type));
    row.client = std::get<ClientId>(scope);
    row.subject = id.str();
    return row;
}

Result<WebhookAccess> webhook_access(const Call& call) {
    const bool of_project = std::ranges::any_of(
        call.params, [](const auto& param) { return param.first == "project"; });
    if (of_project) {
        ORIGIN_TRY(permit, call.permit(auth::Action::Deploy));
        const ProjectId project = permit.project();
        return WebhookAccess{
            project, std::move(permit), "/api/projects/" + project.str() + "/webhooks"};
    }
    ORIGIN_TRY(client, client_for(call));
    return WebhookAccess{client, std::nullopt, "/api/webhooks"};
}

Result<NamedWebhook> named_webhook(const Call& call) {
    ORIGIN_TRY(access, webhook_access(call));
    ORIGIN_TRY(id, need_id<WebhookId>(call.param("webhook"), "webhook"));
    return NamedWebhook{std::move(access), id};
}

Result<store::WebhookRow> need_webhook(store::Reader& reader, const NamedWebhook& named) {
    return store::need_row<store::WebhookRow>(
        reader, store::Table::Webhooks, named.access.key(named.id), "no such webhook");
}

std::string WebhookAccess::keys_url(const Call& call, const WebhookId& id) const {
    const std::string owner = project() ? project()->str() : std::get<ClientId>(scope).str();
    return call.around.urls.api("/webhook-keys/" + owner + "/" + id.str());
}

json::object webhook_json(const Call& call,
                          const WebhookAccess& access,
                          const WebhookId& id,
                          const store::WebhookRow& row) {
    json::object body{
        {"id", id.str()},
        {"url", row.url},
        {"events", texts_json(row.events)},
        {"refs", texts_json(row.refs)},
        {"format", row.format == store::WebhookFormat::Github ? "github" : "standard"},
        {"signature", row.scheme == WebhookScheme::Ed25519 ? "v1a" : "v1"},
        {"state", name_of(row.state)},
        {"createdAt", time_json(row.created_at)},
        {"failingSince", time_json(row.failing_since)},
        {"attempts", row.attempts},
        {"nextAttemptAt", time_json(row.next_attempt_at)}};
    if (row.client) {
        body["clientId"] = row.client->str();
    }
    if (!row.reason.empty()) {
        body["reason"] = row.reason;
    }
    if (!row.public_key.empty()) {
        body["publicKey"] = hooks::shown_public_key(row.public_key);
        body["keysUrl"] = access.keys_url(call, id);
    }
    if (!row.sealed_previous.empty()) {
        body["previousUntil"] = time_json(row.previous_until);
        if (!row.previous_public_key.empty()) {
            body["previousPublicKey"] = hooks::shown_public_key(row.previous_public_key);
        }
    }
    return body;
}

Answer webhook_with_secret(const Call& call,
                           const NamedWebhook& named,
                           int status,
                           const std::optional<Secret>& secret) {
    ORIGIN_TRY(row, read_store(call.around.store, [&](store::Reader& reader) {
                   return need_webhook(reader, named);
               }));
    json::object body = webhook_json(call, named.access, named.id, row);
    if (row.scheme == WebhookScheme::Hmac && secret) {
        body["secret"] = secret->reveal();
    } else if (row.scheme == WebhookScheme::Hmac) {
        body["secret"] = nullptr;
        body["secretShown"] = true;
    }
    net::Response response = json_answer(status, body);
    if (status == 201) {
        response.headers.push_back({"Location", named.access.path + "/" + named.id.str()});
    }
    return response;
}

json::object delivery_json(std::string_view key, const store::DeliveryRow& row, bool whole) {
    store::KeyParts parts(key.substr(kIdBytes));
    const std::uint64_t number = parts.number().value_or(0);
    // Rows of version 1 have event and attempt in their key.
    std::uint32_t attempt = row.attempt;
    for (const char c : attempt == 0 ? parts.rest() : std::string_view()) {
        attempt = attempt << 8U | static_cast<unsigned char>(c);
    }
    const std::uint64_t event = row.attempt == 0 ? number : row.event;
    json::object body{
        {"delivery", number},
        {"event", event == 0 ? json::value(nullptr) : json::value(event_cursor(event))},
        {"eventType", row.event_type},
        {"messageId", row.message_id},
        {"attempt", attempt},
        {"byHand", row.by_hand},
        {"status", row.status == 0 ? json::value(nullptr) : json::value(row.status)},
        {"error", row.error},
        {"milliseconds", row.milliseconds},
        {"attemptedAt", time_json(row.attempted_at)}};
    if (whole) {
        body["request"] = {
            {"head", row.request_head}, {"body", row.request_body}, {"bytes", row.request_bytes}};
        body["response"] = {{"head", row.response_head}, {"body", row.response_body}};
    }
    return body;
}

}  // namespace origin::api

// SPDX-License-Identifier: Apache-2.0
// /api/projects/{project}/webhooks: endpoints that hear of events, and what was delivered.
#include "hooks/webhooks.h"

#include <boost/json.hpp>

#include "api/answers.h"
#include "api/checks.h"
#include "api/endpoints.h"
#include "api/views.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::api {
namespace {

namespace json = boost::json;
using store::Table;

struct WebhookBody {
    std::string url;
    std::vector<std::string> events;

    static WebhookBody read(Fields& in) {
        WebhookBody body;
        body.url = in.text("url");
        body.events = in.maybe_texts("events").value_or(std::vector<std::string>());
        return body;
    }
};

Result<store::WebhookRow> need_webhook(store::Reader& reader,
                                       const ProjectId& project,
                                       const WebhookId& id) {
    return store::need_row<store::WebhookRow>(
        reader, Table::Webhooks, store::webhook_key(project, id), "no such webhook");
}

/// `secret`: empty: it was shown once.
Answer created(const Call& call,
               const ProjectId& project,
               const WebhookId& id,
               const std::optional<Secret>& secret) {
    ORIGIN_TRY(row, read_store(call.around.store, [&](store::Reader& reader) {
                   return need_webhook(reader, project, id);
               }));
    json::object body = webhook_json(id, row);
    if (secret) {
        body["secret"] = secret->reveal();
    } else {
        body["secret"] = nullptr;
        body["secretShown"] = true;
    }
    net::Response response = json_answer(201, body);
    response.headers.push_back(
        {"Location", "/api/projects/" + project.str() + "/webhooks/" + id.str()});
    return response;
}

/// An endpoint's path and query may hold a secret of its owner: "https://example.org".
std::string host_of(std::string_view url) {
    const std::size_t scheme = url.find("://");
    const std::size_t begin = scheme == std::string_view::npos ? 0 : scheme + 3;
    const std::size_t end = url.find_first_of("/?#", begin);
    const std::string_view authority = url.substr(begin, end - begin);
    const std::size_t user = authority.rfind('@');
    return std::string(user == std::string_view::npos ? authority : authority.substr(user + 1));
}

json::object delivery_json(std::uint64_t sequence,
                           std::uint32_t attempt,
                           const store::DeliveryRow& row) {
    return {{"event", event_cursor(sequence)},
            {"eventType", row.event_type},
            {"attempt", attempt},
            {"status", row.status == 0 ? json::value(nullptr) : json::value(row.status)},
            {"error", row.error},
            {"milliseconds", row.milliseconds},
            {"attemptedAt", time_json(row.attempted_at)}};
}

/// A delivery's key behind the webhook's id: event sequence (8 bytes), attempt (4).
std::uint32_t attempt_in(std::string_view key) {
    std::uint32_t attempt = 0;
    for (const char c : key.substr(kIdBytes + 8)) {
        attempt = attempt << 8 | static_cast<unsigned char>(c);
    }
    return attempt;
}

}  // namespace

BodyShape webhook_shape() {
    return shape_of<WebhookBody>();
}

Answer create_webhook(const Call& call) {
    ORIGIN_TRY(body, read_body<WebhookBody>(call.body));
    ORIGIN_TRY(permit, call.permit(auth::Action::Deploy));
    ORIGIN_CHECK(net::check_outbound_url(body.url, call.around.outbound));
    ORIGIN_CHECK(check_event_globs(body.events));
    const ProjectId project = permit.project();
    return once_only(
        call,
        [&](const auth::Once& once) -> Answer {
            const WebhookId id = WebhookId::make(call.around.clock, call.around.random);
            const hooks::WebhookSecret secret = hooks::make_webhook_secret(call.around.random);
            const hooks::NewWebhook wanted{
                .id = id,
                .project = project,
                .url = body.url,
                .sealed_secret = hooks::seal_webhook_secret(
                    call.around.master_key, id, secret.raw, call.around.random),
                .events = body.events,
                .now = call.now()};
            store::AuditRow event = call.audit("webhook.created", project, id.str());
            event.details = {{"host", host_of(body.url)}};
            ORIGIN_CHECK(call.write(permit, [&](store::Writer& writer) -> Status {
                ORIGIN_CHECK(check_webhook_room(writer, project));
                ORIGIN_CHECK(hooks::create_webhook(writer, wanted));
                ORIGIN_CHECK(auth::record_audit(writer, event));
                return once.record(writer, {id.str()});
            }));
            return created(call, project, id, secret.shown);
        },
        [&](const Ids& ids) -> Answer {
            ORIGIN_TRY(id, need_id<WebhookId>(ids.front(), "webhook"));
            return created(call, project, id, std::nullopt);
        });
}

Answer list_webhooks(const Call& call) {
    ORIGIN_TRY(permit, call.permit(auth::Action::Deploy));
    ORIGIN_TRY(wish, page_wish(call));
    const std::string prefix(permit.project().view());
    json::array rows;
    ORIGIN_TRY(next, read_store(call.around.store, [&](store::Reader& reader) {
                   rows.clear();
                   return read_page(
                       reader,
                       {.table = Table::Webhooks, .prefix = prefix},
                       wish,
                       [&](std::string_view key, std::string_view value) -> Result<bool> {
                           ORIGIN_TRY(row, store::decode<store::WebhookRow>(value));
                           const auto id = WebhookId::from_raw(key.substr(kIdBytes));
                           if (id) {
                               rows.push_back(webhook_json(*id, row));
                           }
                           return id.has_value();
                       });
               }));
    return page_answer("webhooks", std::move(rows), next);
}

Answer get_webhook(const Call& call) {
    ORIGIN_TRY(permit, call.permit(auth::Action::Deploy));
    ORIGIN_TRY(id, need_id<WebhookId>(call.param("webhook"), "webhook"));
    ORIGIN_TRY(wish, page_wish(call));
    json::object body;
    json::array deliveries;
    std::string next;
    ORIGIN_CHECK(call.around.store.read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(row, need_webhook(reader, permit.project(), id));
        body = webhook_json(id, row);
        deliveries.clear();
        ORIGIN_TRY(cursor,
                   read_page(reader,
                             {.table = Table::Deliveries,
                              .prefix = std::string(id.view()),
                              .order = Order::Falling},
                             wish,
                             [&](std::string_view key, std::string_view value) -> Result<bool> {
                                 ORIGIN_TRY(delivery, store::decode<store::DeliveryRow>(value));
                                 store::KeyParts parts(key.substr(kIdBytes));
                                 deliveries.push_back(delivery_json(
                                     parts.number().value_or(0), attempt_in(key), delivery));
                                 return true;
                             }));
        next = cursor;
        return {};
    }));
    body["deliveries"] = std::move(deliveries);
    body["nextCursor"] = next.empty() ? json::value(nullptr) : json::value(next);
    return json_answer(200, body);
}

Answer delete_webhook(const Call& call) {
    ORIGIN_TRY(permit, call.permit(auth::Action::Deploy));
    ORIGIN_TRY(id, need_id<WebhookId>(call.param("webhook"), "webhook"));
    return once_only(
        call,
        [&](const auth::Once& once) -> Answer {
            const store::AuditRow event = call.audit("webhook.removed", permit.project(), id.str());
            ORIGIN_CHECK(call.write(permit, [&](store::Writer& writer) -> Status {
                ORIGIN_CHECK(need_webhook(writer, permit.project(), id));
                ORIGIN_CHECK(auth::record_audit(writer, event));
                // Its job finds it gone and ends by itself.
                ORIGIN_CHECK(
                    writer.erase(Table::Webhooks, store::webhook_key(permit.project(), id)));
                return once.record(writer, {id.str()});
            }));
            return no_content();
        },
        [](const Ids&) -> Answer { return no_content(); });
}

}  // namespace origin::api

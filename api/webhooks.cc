// SPDX-License-Identifier: Apache-2.0
// /api/webhooks and /api/projects/{project}/webhooks: endpoints that hear of events.
#include "hooks/webhooks.h"

#include <boost/json.hpp>

#include "api/answers.h"
#include "api/checks.h"
#include "api/endpoints.h"
#include "api/webhook_access.h"
#include "base/ref_name.h"
#include "hooks/webhook_secret.h"
#include "store/rows/access.h"

namespace origin::api {
namespace {

namespace json = boost::json;
using store::Table;
using store::WebhookFormat;
using store::WebhookScheme;

struct WebhookBody {
    std::string url;
    std::vector<std::string> events;
    std::vector<std::string> refs;
    std::string format;
    std::string signature;

    static WebhookBody read(Fields& in) {
        WebhookBody body;
        body.url = in.text("url");
        body.events = in.maybe_texts("events").value_or(std::vector<std::string>());
        body.refs = in.maybe_texts("refs").value_or(std::vector<std::string>());
        body.format = in.maybe_text("format").value_or("standard");
        body.signature = in.maybe_text("signature").value_or("v1");
        return body;
    }
};

std::unexpected<Error> refuse(std::string reason, std::string text) {
    return std::unexpected(Error(Code::InvalidInput, std::move(text)).because(std::move(reason)));
}

/// All but what is drawn for it: id, secret, time.
Result<hooks::NewWebhook> plan(const Call& call,
                               const WebhookAccess& access,
                               const WebhookBody& body) {
    ORIGIN_CHECK(net::check_outbound_url(body.url, call.around.outbound));
    ORIGIN_CHECK(check_event_globs(body.events));
    hooks::NewWebhook wanted{.id = {},
                             .scope = access.scope,
                             .url = body.url,
                             .sealed_secret = {},
                             .events = body.events,
                             .refs = {},
                             .now = call.now()};
    for (const std::string& text : body.refs) {
        ORIGIN_TRY(pattern, parse_ref_pattern(text));
        wanted.refs.push_back(pattern);
    }
    if (body.format == "github") {
        wanted.format = WebhookFormat::Github;
    } else if (body.format != "standard") {
        return refuse("bad_format", "'format' is 'standard' or 'github'");
    }
    if (body.signature == "v1a") {
        wanted.scheme = WebhookScheme::Ed25519;
    } else if (body.signature != "v1") {
        return refuse("bad_signature", "'signature' is 'v1' (HMAC) or 'v1a' (Ed25519)");
    }
    if (wanted.format == WebhookFormat::Github && wanted.scheme == WebhookScheme::Ed25519) {
        return refuse("bad_signature",
                      "the format 'github' is signed with a shared secret: 'signature' has to be "
                      "'v1'");
    }
    return wanted;
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

/// As GitHub does, one of its format is pinged when it is made.
Status put(store::Writer& writer, const hooks::NewWebhook& wanted, const JobId& ping) {
    ORIGIN_CHECK(check_webhook_room(writer, wanted.scope));
    ORIGIN_CHECK(hooks::create_webhook(writer, wanted));
    return wanted.format == WebhookFormat::Github
               ? hooks::queue_ping(writer, wanted.scope, wanted.id, ping)
               : Status();
}

}  // namespace

BodyShape webhook_shape() {
    return shape_of<WebhookBody>();
}

Answer create_webhook(const Call& call) {
    ORIGIN_TRY(body, read_body<WebhookBody>(call.body));
    ORIGIN_TRY(access, webhook_access(call));
    ORIGIN_TRY(planned, plan(call, access, body));
    return once_only(
        call,
        [&](const auth::Once& once) -> Answer {
            hooks::NewWebhook wanted = planned;
            wanted.id = WebhookId::make(call.around.clock, call.around.random);
            const hooks::WebhookSecret secret =
                hooks::make_webhook_secret(call.around.random, wanted.scheme);
            wanted.public_key = secret.public_key;
            wanted.sealed_secret = hooks::seal_webhook_secret(
                call.around.master_key, wanted.id, secret.raw, call.around.random);
            const JobId ping = JobId::make(call.around.clock, call.around.random);
            store::AuditRow event = access.audit(call, "webhook.created", wanted.id);
            event.details = {{"host", host_of(body.url)}};
            ORIGIN_CHECK(access.write(call, [&](store::Writer& writer) -> Status {
                ORIGIN_CHECK(put(writer, wanted, ping));
                ORIGIN_CHECK(auth::record_audit(writer, event));
                return once.record(writer, {wanted.id.str()});
            }));
            return webhook_with_secret(call, {access, wanted.id}, 201, secret.shown);
        },
        [&](const Ids& ids) -> Answer {
            ORIGIN_TRY(id, need_id<WebhookId>(ids.front(), "webhook"));
            return webhook_with_secret(call, {access, id}, 201, std::nullopt);
        });
}

Answer list_webhooks(const Call& call) {
    ORIGIN_TRY(access, webhook_access(call));
    ORIGIN_TRY(wish, page_wish(call));
    const std::string prefix(hooks::scope_prefix(access.scope));
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
                               rows.push_back(webhook_json(call, access, *id, row));
                           }
                           return id.has_value();
                       });
               }));
    return page_answer("webhooks", std::move(rows), next);
}

Answer get_webhook(const Call& call) {
    ORIGIN_TRY(named, named_webhook(call));
    ORIGIN_TRY(wish, page_wish(call));
    json::object body;
    json::array deliveries;
    std::string next;
    ORIGIN_CHECK(call.around.store.read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(row, need_webhook(reader, named));
        body = webhook_json(call, named.access, named.id, row);
        deliveries.clear();
        ORIGIN_TRY(cursor,
                   read_page(reader,
                             {.table = Table::Deliveries,
                              .prefix = std::string(named.id.view()),
                              .order = Order::Falling},
                             wish,
                             [&](std::string_view key, std::string_view value) -> Result<bool> {
                                 ORIGIN_TRY(delivery, store::decode<store::DeliveryRow>(value));
                                 deliveries.push_back(delivery_json(key, delivery, false));
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
    ORIGIN_TRY(named, named_webhook(call));
    return once_only(
        call,
        [&](const auth::Once& once) -> Answer {
            const store::AuditRow event = named.access.audit(call, "webhook.removed", named.id);
            ORIGIN_CHECK(named.access.write(call, [&](store::Writer& writer) -> Status {
                ORIGIN_CHECK(need_webhook(writer, named));
                ORIGIN_CHECK(auth::record_audit(writer, event));
                ORIGIN_CHECK(hooks::delete_webhook(writer, named.access.scope, named.id));
                return once.record(writer, {named.id.str()});
            }));
            return no_content();
        },
        [](const Ids&) -> Answer { return no_content(); });
}

}  // namespace origin::api

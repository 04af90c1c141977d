// SPDX-License-Identifier: Apache-2.0
// /api/.../webhooks/{webhook}/{resume,rotate,ping,deliveries}: what is done with an endpoint.
#include <charconv>

#include <boost/json.hpp>

#include "api/answers.h"
#include "api/endpoints.h"
#include "api/webhook_access.h"
#include "hooks/webhook_secret.h"
#include "hooks/webhooks.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::api {
namespace {

namespace json = boost::json;
using store::Table;

constexpr std::uint64_t kOverlapSecondsMax = 7ULL * 24 * 60 * 60;
constexpr std::uint64_t kOverlapSecondsDefault = 24ULL * 60 * 60;

struct RotateBody {
    std::uint64_t overlap_seconds = kOverlapSecondsDefault;

    static RotateBody read(Fields& in) {
        RotateBody body;
        body.overlap_seconds =
            in.maybe_count("overlapSeconds", kOverlapSecondsMax).value_or(kOverlapSecondsDefault);
        return body;
    }
};

Answer shown(const Call& call, const NamedWebhook& named) {
    ORIGIN_TRY(row, read_store(call.around.store, [&](store::Reader& reader) {
                   return need_webhook(reader, named);
               }));
    return json_answer(200, webhook_json(call, named.access, named.id, row));
}

/// Queues one attempt; what came of it is in the list of deliveries.
Answer by_hand(const Call& call,
               const NamedWebhook& named,
               const JobId& job,
               const hooks::ByHand& what) {
    return once_only(
        call,
        [&](const auth::Once& once) -> Answer {
            ORIGIN_CHECK(named.access.write(call, [&](store::Writer& writer) -> Status {
                ORIGIN_CHECK(need_webhook(writer, named));
                ORIGIN_CHECK(hooks::queue_by_hand(writer, named.access.scope, named.id, job, what));
                return once.record(writer, {what.message_id});
            }));
            return json_answer(202, {{"messageId", what.message_id}});
        },
        [](const Ids& ids) -> Answer { return json_answer(202, {{"messageId", ids.front()}}); });
}

struct NamedDelivery {
    std::string key;
    store::DeliveryRow row;
};

/// The one that {delivery} names. Errors: NotFound.
Result<NamedDelivery> named_delivery(const Call& call, const NamedWebhook& named) {
    const std::string& text = call.param("delivery");
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool is_number = error == std::errc() && end == text.data() + text.size();
    std::optional<NamedDelivery> found;
    ORIGIN_CHECK(call.around.store.read([&](store::Reader& reader) -> Status {
        found.reset();
        ORIGIN_CHECK(need_webhook(reader, named));
        // Version 1 has the attempt behind the number: the last one counts.
        const std::string prefix = store::key(named.id, number);
        return reader.scan_back(Table::Deliveries,
                                store::Range::prefix(prefix),
                                [&](std::string_view key, std::string_view value) {
                                    auto row = store::decode<store::DeliveryRow>(value);
                                    if (row && is_number) {
                                        found = NamedDelivery{std::string(key), std::move(*row)};
                                    }
                                    return false;
                                });
    }));
    if (!found) {
        return std::unexpected(Error(Code::NotFound, "no such delivery"));
    }
    return std::move(*found);
}

}  // namespace

BodyShape webhook_rotate_shape() {
    return shape_of<RotateBody>();
}

Answer resume_webhook(const Call& call) {
    ORIGIN_TRY(named, named_webhook(call));
    const auto replay = [&](const Ids&) {
        return shown(call, named);
    };
    return once_only(
        call,
        [&](const auth::Once& once) -> Answer {
            const store::AuditRow event = named.access.audit(call, "webhook.resumed", named.id);
            ORIGIN_CHECK(named.access.write(call, [&](store::Writer& writer) -> Status {
                ORIGIN_CHECK(hooks::resume_webhook(
                    writer, named.access.scope, named.id, call.around.clock.now()));
                ORIGIN_CHECK(auth::record_audit(writer, event));
                return once.record(writer, {named.id.str()});
            }));
            return shown(call, named);
        },
        replay);
}

Answer rotate_webhook(const Call& call) {
    ORIGIN_TRY(body, read_body<RotateBody>(call.body));
    ORIGIN_TRY(named, named_webhook(call));
    const Around& around = call.around;
    return once_only(
        call,
        [&](const auth::Once& once) -> Answer {
            ORIGIN_TRY(before, read_store(around.store, [&](store::Reader& reader) {
                           return need_webhook(reader, named);
                       }));
            const auto fresh = hooks::make_webhook_secret(around.random, before.scheme);
            const std::string sealed =
                hooks::seal_webhook_secret(around.master_key, named.id, fresh.raw, around.random);
            const UnixMillis now = call.now();
            const auto overlap = static_cast<UnixMillis>(body.overlap_seconds) * 1000;
            store::AuditRow event = named.access.audit(call, "webhook.rotated", named.id);
            event.details = {{"overlapSeconds", std::to_string(body.overlap_seconds)}};
            ORIGIN_CHECK(named.access.write(call, [&](store::Writer& writer) -> Status {
                ORIGIN_TRY(row, need_webhook(writer, named));
                row.sealed_previous = overlap == 0 ? std::string() : row.sealed_secret;
                row.previous_public_key = overlap == 0 ? std::string() : row.public_key;
                row.previous_until = overlap == 0 ? 0 : now + overlap;
                row.sealed_secret = sealed;
                row.public_key = fresh.public_key;
                ORIGIN_CHECK(
                    store::put_row(writer, Table::Webhooks, named.access.key(named.id), row));
                ORIGIN_CHECK(auth::record_audit(writer, event));
                return once.record(writer, {named.id.str()});
            }));
            return webhook_with_secret(call, named, 200, fresh.shown);
        },
        [&](const Ids&) -> Answer { return webhook_with_secret(call, named, 200, std::nullopt); });
}

/// For receivers: they have no key, and a public key is no secret.
Answer get_webhook_keys(const Call& call) {
    const std::string& owner = call.param("owner");
    const auto project = ProjectId::parse(owner);
    const auto client = ClientId::parse(owner);
    ORIGIN_TRY(id, need_id<WebhookId>(call.param("webhook"), "webhook"));
    const std::string key = client ? store::webhook_key(*client, id)
                                   : store::webhook_key(project.value_or(ProjectId()), id);
    ORIGIN_TRY(row, read_store(call.around.store, [&](store::Reader& reader) {
                   return store::need_row<store::WebhookRow>(
                       reader, Table::Webhooks, key, "no such webhook");
               }));
    if (row.public_key.empty()) {
        return std::unexpected(Error(Code::NotFound, "no such webhook"));
    }
    json::array keys = {hooks::shown_public_key(row.public_key)};
    if (!row.previous_public_key.empty() && call.now() < row.previous_until) {
        keys.emplace_back(hooks::shown_public_key(row.previous_public_key));
    }
    return json_answer(200, {{"keys", std::move(keys)}});
}

Answer ping_webhook(const Call& call) {
    ORIGIN_TRY(named, named_webhook(call));
    const JobId job = JobId::make(call.around.clock, call.around.random);
    return by_hand(call, named, job, {.event = 0, .message_id = hooks::ping_id(job)});
}

Answer get_delivery(const Call& call) {
    ORIGIN_TRY(named, named_webhook(call));
    ORIGIN_TRY(delivery, named_delivery(call, named));
    return json_answer(200, delivery_json(delivery.key, delivery.row, true));
}

Answer redeliver(const Call& call) {
    ORIGIN_TRY(named, named_webhook(call));
    ORIGIN_TRY(delivery, named_delivery(call, named));
    hooks::ByHand what{.event = delivery.row.event, .message_id = delivery.row.message_id};
    if (delivery.row.attempt == 0) {  // Version 1: the event is in the key.
        what.event =
            store::KeyParts(std::string_view(delivery.key).substr(kIdBytes)).number().value_or(0);
        what.message_id = "evt_" + std::to_string(what.event);
    }
    return by_hand(call, named, JobId::make(call.around.clock, call.around.random), what);
}

}  // namespace origin::api

// SPDX-License-Identifier: Apache-2.0
// /api/keys: secrets are shown once, when they are made.
#include "store/rows/keys.h"

#include <boost/json.hpp>

#include "api/answers.h"
#include "api/endpoints.h"
#include "api/key_access.h"
#include "api/moment.h"
#include "api/views.h"
#include "auth/accounts.h"
#include "auth/key_rotation.h"
#include "auth/key_text.h"
#include "git/serve/catalogue.h"
#include "store/rows/access.h"

namespace origin::api {
namespace {

namespace json = boost::json;
using store::Table;

struct KeyBody {
    std::string title;
    std::vector<std::string> scopes;
    std::optional<std::string> client;
    std::vector<std::string> projects;
    KeyEnd end;

    static KeyBody read(Fields& in) {
        KeyBody body;
        body.title = in.text("title");
        body.scopes = in.texts("scopes");
        body.client = in.maybe_text("clientId");
        body.projects = in.maybe_texts("projects").value_or(std::vector<std::string>());
        body.end = KeyEnd::read(in);
        return body;
    }
};

Result<auth::NewKey> plan_key(const Call& call, const KeyBody& body) {
    ORIGIN_TRY(client, client_of(call, body.client.value_or("")));
    ORIGIN_TRY(scopes, auth::Scopes::parse(body.scopes));
    ORIGIN_TRY(projects, projects_of(call, body.projects));
    const UnixMillis now = call.now();
    ORIGIN_TRY(expires_at, body.end.at(now));
    const KeyId id = KeyId::make(call.around.clock, call.around.random);
    return auth::NewKey{.id = id,
                        .text = auth::make_key_text(id, call.around.random),
                        .client = client,
                        .title = body.title,
                        .scopes = scopes,
                        .projects = std::move(projects),
                        .expires_at = expires_at,
                        .now = now};
}

/// `overlap`: seconds for which the old key still works.
struct RotateBody {
    std::chrono::seconds overlap = auth::kOverlapDefault;

    static RotateBody read(Fields& in) {
        RotateBody body;
        const auto overlap =
            in.maybe_count("overlap", static_cast<std::uint64_t>(auth::kOverlapMax.count()));
        if (overlap) {
            body.overlap = std::chrono::seconds(*overlap);
        }
        return body;
    }
};

/// A secret. Errors: NotFound.
Result<store::KeyRow> need_key(store::Reader& reader, const KeyId& id) {
    ORIGIN_TRY(row, store::need_row<store::KeyRow>(reader, Table::Keys, id.view(), "no such key"));
    if (row.kind != store::KeyKind::Secret) {
        return std::unexpected(Error(Code::NotFound, "no such key"));
    }
    return row;
}

Result<json::object> shown_key(store::Reader& reader, const KeyId& id, const store::KeyRow& row) {
    json::object body = key_json(id, row);
    ORIGIN_CHECK(add_last_use(reader, id, body));
    return body;
}

Answer show_key(const Call& call, int status, const KeyId& id, const json::object& extra) {
    ORIGIN_TRY(body,
               read_store(call.around.store, [&](store::Reader& reader) -> Result<json::object> {
                   ORIGIN_TRY(row, need_key(reader, id));
                   return shown_key(reader, id, row);
               }));
    for (const auto& member : extra) {
        body.insert_or_assign(member.key(), member.value());
    }
    return json_answer(status, body);
}

}  // namespace

BodyShape key_shape() {
    return shape_of<KeyBody>();
}

BodyShape rotate_shape() {
    return shape_of<RotateBody>();
}

Answer create_key(const Call& call) {
    ORIGIN_TRY(body, read_body<KeyBody>(call.body));
    ORIGIN_TRY(wanted, plan_key(call, body));
    return once_only(
        call,
        [&](const auth::Once& once) -> Answer {
            const store::AuditRow event = call.audit("key.created");
            ORIGIN_CHECK(call.write([&](store::Writer& writer) -> Status {
                ORIGIN_CHECK(check_owner(writer, wanted.client, wanted.projects));
                ORIGIN_TRY(row, auth::create_key(writer, wanted));
                ORIGIN_CHECK(auth::record_audit(writer, about_key(event, wanted.id, row)));
                return once.record(writer, {wanted.id.str()});
            }));
            return show_key(call, 201, wanted.id, {{"key", wanted.text.reveal()}});
        },
        [&](const Ids& ids) -> Answer {
            ORIGIN_TRY(id, need_id<KeyId>(ids.front(), "key"));
            return show_key(call, 201, id, {{"key", nullptr}, {"secretShown", true}});
        });
}

Answer list_keys(const Call& call) {
    ORIGIN_TRY(client, client_of(call, call.asked("clientId")));
    ORIGIN_TRY(wish, page_wish(call));
    const PageOf of{.table = Table::Slugs,
                    .prefix = store::key(store::SlugKind::ClientKey, client)};
    json::array rows;
    ORIGIN_TRY(
        next, read_store(call.around.store, [&](store::Reader& reader) {
            rows.clear();
            return read_page(
                reader, of, wish, [&](std::string_view, std::string_view value) -> Result<bool> {
                    const auto id = KeyId::from_raw(value);
                    if (!id) {
                        return false;
                    }
                    ORIGIN_TRY(row,
                               store::need_row<store::KeyRow>(
                                   reader, Table::Keys, id->view(), "no such key"));
                    if (row.kind != store::KeyKind::Secret || !check_manages(call, row)) {
                        return false;
                    }
                    ORIGIN_TRY(body, shown_key(reader, *id, row));
                    rows.push_back(std::move(body));
                    return true;
                });
        }));
    return page_answer("keys", std::move(rows), next);
}

Answer revoke_key(const Call& call) {
    ORIGIN_CHECK(auth::Gatekeeper::need(call.identity(), auth::Scope::Admin));
    ORIGIN_TRY(id, need_id<KeyId>(call.param("key"), "key"));
    return once_only(
        call,
        [&](const auth::Once& once) -> Answer {
            const store::AuditRow event = call.audit("key.revoked");
            ORIGIN_CHECK(call.write([&](store::Writer& writer) -> Status {
                ORIGIN_TRY(row, need_key(writer, id));
                ORIGIN_CHECK(check_manages(call, row));
                ORIGIN_CHECK(auth::revoke_key(writer, id, event.time));
                ORIGIN_CHECK(auth::record_audit(writer, about_key(event, id, row)));
                return once.record(writer, {id.str()});
            }));
            return show_key(call, 200, id, {});
        },
        [&](const Ids&) -> Answer { return show_key(call, 200, id, {}); });
}

Answer rotate_key(const Call& call) {
    ORIGIN_TRY(body, read_body<RotateBody>(call.body));
    ORIGIN_CHECK(auth::Gatekeeper::need(call.identity(), auth::Scope::Admin));
    ORIGIN_TRY(id, need_id<KeyId>(call.param("key"), "key"));
    return once_only(
        call,
        [&](const auth::Once& once) -> Answer {
            const store::AuditRow event = call.audit("key.rotated");
            const KeyId made = KeyId::make(call.around.clock, call.around.random);
            const auth::Rotation rotation{
                .id = id,
                .made_id = made,
                .made_text = auth::make_key_text(made, call.around.random),
                .overlap = body.overlap,
                .now = event.time};
            ORIGIN_CHECK(call.write([&](store::Writer& writer) -> Status {
                ORIGIN_TRY(row, need_key(writer, id));
                ORIGIN_CHECK(check_manages(call, row));
                ORIGIN_TRY(rotated, auth::rotate_key(writer, rotation));
                store::AuditRow told = about_key(event, id, rotated.old_key);
                told.details["replacedBy"] = made.str();
                ORIGIN_CHECK(auth::record_audit(writer, std::move(told)));
                return once.record(writer, {made.str()});
            }));
            return show_key(
                call, 201, made, {{"key", rotation.made_text.reveal()}, {"replaces", id.str()}});
        },
        [&](const Ids& ids) -> Answer {
            ORIGIN_TRY(made, need_id<KeyId>(ids.front(), "key"));
            return show_key(
                call, 201, made, {{"key", nullptr}, {"secretShown", true}, {"replaces", id.str()}});
        });
}

}  // namespace origin::api

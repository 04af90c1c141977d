// SPDX-License-Identifier: Apache-2.0
#include "api/public_keys.h"

#include <boost/json.hpp>

#include "api/answers.h"
#include "api/key_access.h"
#include "api/views.h"
#include "auth/accounts.h"
#include "auth/ssh_public_key.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::api {
namespace {

namespace json = boost::json;
using store::Table;

Result<store::KeyRow> need_key(store::Reader& reader, const PublicKeys& keys, const KeyId& id) {
    ORIGIN_TRY(
        row,
        store::need_row<store::KeyRow>(reader, Table::Keys, id.view(), "no such " + keys.what));
    if (row.kind != keys.kind) {
        return std::unexpected(Error(Code::NotFound, "no such " + keys.what));
    }
    return row;
}

Result<json::object> shown(store::Reader& reader,
                           const PublicKeys& keys,
                           const KeyId& id,
                           const store::KeyRow& row) {
    json::object body = key_json(id, row);
    ORIGIN_CHECK(add_last_use(reader, id, body));
    keys.add(body, row);
    return body;
}

Answer show_key(const Call& call, const PublicKeys& keys, const KeyId& id) {
    ORIGIN_TRY(body,
               read_store(call.around.store, [&](store::Reader& reader) -> Result<json::object> {
                   ORIGIN_TRY(row, need_key(reader, keys, id));
                   return shown(reader, keys, id, row);
               }));
    return json_answer(201, body);
}

store::AuditRow about(store::AuditRow event,
                      const PublicKeys& keys,
                      const KeyId& id,
                      const store::KeyRow& row) {
    event = about_key(std::move(event), id, row);
    event.details["kind"] = keys.what;
    if (row.kind == store::KeyKind::Jwt) {
        event.details["kid"] = row.kid;
    } else {
        event.details["fingerprint"] = auth::ssh_fingerprint(row.public_key);
    }
    return event;
}

}  // namespace

void add_ssh_parts(json::object& body, const store::KeyRow& row) {
    const auto key = auth::read_ssh_blob(row.public_key);
    body["type"] = key ? key->type : "";
    body["publicKey"] = key ? auth::ssh_line(key->type, key->blob) : "";
    body["fingerprint"] = auth::ssh_fingerprint(row.public_key);
}

Answer create_public_key(const Call& call,
                         const PublicKeys& keys,
                         const KeyId& id,
                         const MakeKey& make) {
    return once_only(
        call,
        [&](const auth::Once& once) -> Answer {
            const store::AuditRow event = call.audit("key.created");
            ORIGIN_CHECK(call.write([&](store::Writer& writer) -> Status {
                ORIGIN_TRY(row, make(writer));
                ORIGIN_CHECK(auth::record_audit(writer, about(event, keys, id, row)));
                return once.record(writer, {id.str()});
            }));
            return show_key(call, keys, id);
        },
        [&](const Ids& ids) -> Answer {
            ORIGIN_TRY(made, need_id<KeyId>(ids.front(), "key"));
            return show_key(call, keys, made);
        });
}

Answer list_public_keys(const Call& call, const PublicKeys& keys) {
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
                    const auto row = id ? need_key(reader, keys, *id)
                                        : std::unexpected(Error(Code::NotFound, ""));
                    if (!row || !check_manages(call, *row)) {
                        return false;
                    }
                    ORIGIN_TRY(body, shown(reader, keys, *id, *row));
                    rows.push_back(std::move(body));
                    return true;
                });
        }));
    return page_answer(keys.list, std::move(rows), next);
}

Answer delete_public_key(const Call& call, const PublicKeys& keys) {
    ORIGIN_CHECK(auth::Gatekeeper::need(call.identity(), auth::Scope::Admin));
    ORIGIN_TRY(id, need_id<KeyId>(call.param("key"), "key"));
    return once_only(
        call,
        [&](const auth::Once& once) -> Answer {
            const store::AuditRow event = call.audit("key.removed");
            ORIGIN_CHECK(call.write([&](store::Writer& writer) -> Status {
                ORIGIN_TRY(row, need_key(writer, keys, id));
                ORIGIN_CHECK(check_manages(call, row));
                ORIGIN_CHECK(auth::erase_key(writer, id));
                ORIGIN_CHECK(auth::record_audit(writer, about(event, keys, id, row)));
                return once.record(writer, {id.str()});
            }));
            return no_content();
        },
        [](const Ids&) -> Answer { return no_content(); });
}

}  // namespace origin::api

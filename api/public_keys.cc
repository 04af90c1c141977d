// SPDX-License-Identifier: Apache-2.0
#include "api/public_keys.h"

#include <boost/json.hpp>

#include "api/answers.h"
#include "api/key_access.h"
#include "auth/accounts.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::api {
namespace {

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

}  // namespace

Answer show_public_key(const Call& call, const PublicKeys& keys, const KeyId& id) {
    ORIGIN_TRY(row, read_store(call.around.store, [&](store::Reader& reader) {
                   return need_key(reader, keys, id);
               }));
    return json_answer(201, keys.view(id, row));
}

Answer list_public_keys(const Call& call, const PublicKeys& keys) {
    ORIGIN_TRY(client, client_of(call, call.asked("clientId")));
    ORIGIN_TRY(wish, page_wish(call));
    const PageOf of{.table = Table::Slugs,
                    .prefix = store::key(store::SlugKind::ClientKey, client)};
    boost::json::array rows;
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
                    rows.push_back(keys.view(*id, *row));
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
            const store::AuditRow asked = call.audit("key.removed");
            ORIGIN_CHECK(call.write([&](store::Writer& writer) -> Status {
                ORIGIN_TRY(row, need_key(writer, keys, id));
                ORIGIN_CHECK(check_manages(call, row));
                ORIGIN_CHECK(auth::erase_key(writer, id));
                store::AuditRow told = asked;
                told.client = row.client;
                told.subject = id.str();
                told.details = {{"kind", keys.what}, {"title", row.title}};
                ORIGIN_CHECK(auth::record_audit(writer, std::move(told)));
                return once.record(writer, {id.str()});
            }));
            return no_content();
        },
        [](const Ids&) -> Answer { return no_content(); });
}

}  // namespace origin::api

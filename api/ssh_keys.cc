// SPDX-License-Identifier: Apache-2.0
// /api/ssh-keys: public keys that open the SSH door.
#include <boost/json.hpp>

#include "api/answers.h"
#include "api/endpoints.h"
#include "api/key_access.h"
#include "api/views.h"
#include "auth/accounts.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::api {
namespace {

namespace json = boost::json;
using store::Table;

struct SshKeyBody {
    std::string public_key;
    std::optional<std::string> title;
    std::optional<std::string> client;
    std::vector<std::string> scopes;
    std::vector<std::string> projects;
    KeyEnd end;

    static SshKeyBody read(Fields& in) {
        SshKeyBody body;
        body.public_key = in.text("publicKey");
        body.title = in.maybe_text("title");
        body.client = in.maybe_text("clientId");
        body.scopes = in.maybe_texts("scopes").value_or(
            std::vector<std::string>{"git:read", "git:write", "projects:create"});
        body.projects = in.maybe_texts("projects").value_or(std::vector<std::string>());
        body.end = KeyEnd::read(in);
        return body;
    }
};

Result<auth::NewSshKey> plan_key(const Call& call, const SshKeyBody& body) {
    ORIGIN_TRY(client, client_of(call, body.client.value_or("")));
    ORIGIN_TRY(key, auth::parse_ssh_public_key(body.public_key));
    ORIGIN_TRY(scopes, auth::Scopes::parse(body.scopes));
    ORIGIN_TRY(projects, projects_of(call, body.projects));
    const UnixMillis now = call.now();
    ORIGIN_TRY(expires_at, body.end.at(now));
    return auth::NewSshKey{.id = KeyId::make(call.around.clock, call.around.random),
                           .key = std::move(key),
                           .client = client,
                           .title = body.title.value_or(""),
                           .scopes = scopes,
                           .projects = std::move(projects),
                           .expires_at = expires_at,
                           .now = now};
}

Result<store::KeyRow> need_key(store::Reader& reader, const KeyId& id) {
    ORIGIN_TRY(row,
               store::need_row<store::KeyRow>(reader, Table::Keys, id.view(), "no such SSH key"));
    if (row.kind != store::KeyKind::Ssh) {
        return std::unexpected(Error(Code::NotFound, "no such SSH key"));
    }
    return row;
}

Result<json::object> ssh_key_json(store::Reader& reader,
                                  const KeyId& id,
                                  const store::KeyRow& row) {
    json::object body = key_json(id, row);
    ORIGIN_CHECK(add_last_use(reader, id, body));
    const auto key = auth::read_ssh_blob(row.public_key);
    body["type"] = key ? key->type : "";
    body["publicKey"] = key ? auth::ssh_line(key->type, key->blob) : "";
    body["fingerprint"] = auth::ssh_fingerprint(row.public_key);
    return body;
}

store::AuditRow about_ssh_key(store::AuditRow event, const KeyId& id, const store::KeyRow& row) {
    event = about_key(std::move(event), id, row);
    event.details["fingerprint"] = auth::ssh_fingerprint(row.public_key);
    return event;
}

Answer show_key(const Call& call, const KeyId& id) {
    ORIGIN_TRY(body,
               read_store(call.around.store, [&](store::Reader& reader) -> Result<json::object> {
                   ORIGIN_TRY(row, need_key(reader, id));
                   return ssh_key_json(reader, id, row);
               }));
    return json_answer(201, body);
}

}  // namespace

BodyShape ssh_key_shape() {
    return shape_of<SshKeyBody>();
}

Answer create_ssh_key(const Call& call) {
    ORIGIN_TRY(body, read_body<SshKeyBody>(call.body));
    ORIGIN_TRY(wanted, plan_key(call, body));
    return once_only(
        call,
        [&](const auth::Once& once) -> Answer {
            const store::AuditRow event = call.audit("ssh_key.created");
            ORIGIN_CHECK(call.write([&](store::Writer& writer) -> Status {
                ORIGIN_CHECK(check_owner(writer, wanted.client, wanted.projects));
                ORIGIN_TRY(row, auth::create_ssh_key(writer, wanted));
                ORIGIN_CHECK(auth::record_audit(writer, about_ssh_key(event, wanted.id, row)));
                return once.record(writer, {wanted.id.str()});
            }));
            return show_key(call, wanted.id);
        },
        [&](const Ids& ids) -> Answer {
            ORIGIN_TRY(id, need_id<KeyId>(ids.front(), "key"));
            return show_key(call, id);
        });
}

Answer list_ssh_keys(const Call& call) {
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
                    const auto row =
                        id ? need_key(reader, *id) : std::unexpected(Error(Code::NotFound, ""));
                    if (!row || !check_manages(call, *row)) {
                        return false;
                    }
                    ORIGIN_TRY(body, ssh_key_json(reader, *id, *row));
                    rows.push_back(std::move(body));
                    return true;
                });
        }));
    return page_answer("sshKeys", std::move(rows), next);
}

Answer delete_ssh_key(const Call& call) {
    ORIGIN_CHECK(auth::Gatekeeper::need(call.identity(), auth::Scope::Admin));
    ORIGIN_TRY(id, need_id<KeyId>(call.param("key"), "key"));
    return once_only(
        call,
        [&](const auth::Once& once) -> Answer {
            const store::AuditRow event = call.audit("ssh_key.removed");
            ORIGIN_CHECK(call.write([&](store::Writer& writer) -> Status {
                ORIGIN_TRY(row, need_key(writer, id));
                ORIGIN_CHECK(check_manages(call, row));
                ORIGIN_CHECK(auth::remove_ssh_key(writer, id));
                ORIGIN_CHECK(auth::record_audit(writer, about_ssh_key(event, id, row)));
                return once.record(writer, {id.str()});
            }));
            return no_content();
        },
        [](const Ids&) -> Answer { return no_content(); });
}

}  // namespace origin::api

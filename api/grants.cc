// SPDX-License-Identifier: Apache-2.0
// /api/projects/{project}/grants: whom a project is shared with, and for what.
#include "auth/grants.h"

#include <boost/json.hpp>

#include "api/answers.h"
#include "api/endpoints.h"
#include "api/views.h"
#include "auth/accounts.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::api {
namespace {

namespace json = boost::json;
using store::Table;

struct GrantBody {
    std::string access;

    static GrantBody read(Fields& in) {
        GrantBody body;
        body.access = in.text("access");
        return body;
    }
};

/// The client that {client} names: "cli_..." or a slug.
Result<ClientId> named_client(const Call& call) {
    ORIGIN_TRY(id, read_store(call.around.store, [&](store::Reader& reader) {
                   return auth::find_client(reader, call.param("client"));
               }));
    return id ? Result<ClientId>(*id) : std::unexpected(Error(Code::NotFound, "no such client"));
}

/// Errors: Corrupt.
Result<json::object> grant_json(store::Reader& reader,
                                const ClientId& client,
                                const store::GrantRow& row) {
    ORIGIN_TRY(found, store::get_row<store::ClientRow>(reader, Table::Clients, client.view()));
    return json::object{{"clientId", client.str()},
                        {"slug", found ? found->slug : ""},
                        {"access", auth::name_of(row.access)},
                        {"grantedBy", row.granted_by.str()},
                        {"createdAt", time_json(row.created_at)}};
}

store::AuditRow grant_event(const Call& call,
                            std::string type,
                            const ProjectId& project,
                            const ClientId& client) {
    store::AuditRow event = call.audit(std::move(type));
    event.project = project;
    event.client = client;
    event.subject = client.str();
    return event;
}

Answer show_grant(const Call& call, const ProjectId& project, const ClientId& client) {
    ORIGIN_TRY(
        body, read_store(call.around.store, [&](store::Reader& reader) -> Result<json::object> {
            ORIGIN_TRY(
                row,
                store::need_row<store::GrantRow>(
                    reader, Table::Grants, store::grant_key(project, client), "no such grant"));
            return grant_json(reader, client, row);
        }));
    return json_answer(200, body);
}

}  // namespace

BodyShape grant_shape() {
    return shape_of<GrantBody>();
}

Answer list_grants(const Call& call) {
    ORIGIN_TRY(permit, call.permit(auth::Action::Admin));
    ORIGIN_TRY(wish, page_wish(call));
    json::array rows;
    ORIGIN_TRY(next, read_store(call.around.store, [&](store::Reader& reader) {
                   rows.clear();
                   return read_page(
                       reader,
                       {.table = Table::Grants, .prefix = std::string(permit.project().view())},
                       wish,
                       [&](std::string_view key, std::string_view value) -> Result<bool> {
                           const auto client = ClientId::from_raw(key.substr(kIdBytes));
                           ORIGIN_TRY(row, store::decode<store::GrantRow>(value));
                           if (!client) {
                               return false;
                           }
                           ORIGIN_TRY(body, grant_json(reader, *client, row));
                           rows.push_back(std::move(body));
                           return true;
                       });
               }));
    return page_answer("grants", std::move(rows), next);
}

Answer put_grant(const Call& call) {
    ORIGIN_TRY(body, read_body<GrantBody>(call.body));
    ORIGIN_TRY(permit, call.permit(auth::Action::Admin));
    ORIGIN_TRY(access, auth::parse_access(body.access));
    ORIGIN_TRY(client, named_client(call));
    const auto show = [&](const Ids&) {
        return show_grant(call, permit.project(), client);
    };
    return once_only(
        call,
        [&](const auth::Once& once) -> Answer {
            store::AuditRow event = grant_event(call, "grant.set", permit.project(), client);
            event.details = {{"access", body.access}};
            ORIGIN_CHECK(call.write(permit, [&](store::Writer& writer) -> Status {
                ORIGIN_CHECK(auth::record_audit(writer, event));
                ORIGIN_CHECK(auth::set_grant(writer,
                                             {.project = permit.project(),
                                              .client = client,
                                              .access = access,
                                              .by = call.identity().client,
                                              .now = call.now()}));
                return once.record(writer, {client.str()});
            }));
            return show({});
        },
        show);
}

Answer delete_grant(const Call& call) {
    ORIGIN_TRY(permit, call.permit(auth::Action::Admin));
    ORIGIN_TRY(client, named_client(call));
    return once_only(
        call,
        [&](const auth::Once& once) -> Answer {
            const store::AuditRow event =
                grant_event(call, "grant.removed", permit.project(), client);
            ORIGIN_CHECK(call.write(permit, [&](store::Writer& writer) -> Status {
                ORIGIN_CHECK(auth::record_audit(writer, event));
                ORIGIN_CHECK(auth::remove_grant(writer, permit.project(), client, call.now()));
                return once.record(writer, {client.str()});
            }));
            return no_content();
        },
        [](const Ids&) -> Answer { return no_content(); });
}

}  // namespace origin::api

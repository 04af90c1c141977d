// SPDX-License-Identifier: Apache-2.0
// /api/clients: accounts. A server admin makes and lists them; everybody may see their own.
#include <boost/json.hpp>

#include "api/answers.h"
#include "api/endpoints.h"
#include "api/views.h"
#include "auth/accounts.h"
#include "git/serve/transfer.h"
#include "store/rows/access.h"

namespace origin::api {
namespace {

namespace json = boost::json;
using store::Table;

struct ClientBody {
    std::string slug;
    std::optional<std::string> name;
    std::optional<std::string> email;
    bool admin = false;

    static ClientBody read(Fields& in) {
        ClientBody body;
        body.slug = in.text("slug");
        body.name = in.maybe_text("name");
        body.email = in.maybe_text("email");
        body.admin = in.flag("admin");
        return body;
    }
};

struct ClientChangeBody {
    auth::ClientChange change;

    static ClientChangeBody read(Fields& in) {
        ClientChangeBody body;
        body.change.slug = in.maybe_text("slug");
        body.change.name = in.maybe_text("name");
        body.change.email = in.maybe_text("email");
        body.change.admin = in.maybe_flag("admin");
        body.change.disabled = in.maybe_flag("disabled");
        return body;
    }
};

store::AuditRow about_client(store::AuditRow event, const ClientId& id, std::string slug) {
    event.client = id;
    event.subject = std::move(slug);
    return event;
}

/// What was asked to change, as it is now.
std::map<std::string, std::string> changed(const auth::ClientChange& change,
                                           const store::ClientRow& row) {
    std::map<std::string, std::string> details;
    if (change.slug) {
        details["slug"] = row.slug;
    }
    if (change.name) {
        details["name"] = row.display_name;
    }
    if (change.email) {
        details["email"] = row.email;
    }
    if (change.admin) {
        details["admin"] = row.admin ? "true" : "false";
    }
    if (change.disabled) {
        details["disabled"] = row.disabled ? "true" : "false";
    }
    return details;
}

/// All that a client owns, in the transaction that deletes it. `event`: the audit event of that.
Status transfer_all(store::Writer& writer,
                    const store::AuditRow& event,
                    const ClientId& from,
                    const ClientId& to) {
    ORIGIN_TRY(projects, git::projects_of(writer, from));
    for (const ProjectId& project : projects) {
        ORIGIN_CHECK(git::transfer_project(writer,
                                           {.project = project,
                                            .to = to,
                                            .by = event.actor.client.value_or(ClientId()),
                                            .now = event.time}));
        store::AuditRow told = event;
        told.type = "project.transferred";
        told.client = to;
        told.project = project;
        told.subject = project.str();
        told.details = {{"from", from.str()}};
        ORIGIN_CHECK(auth::record_audit(writer, std::move(told)));
    }
    return {};
}

Status need_server_admin(const Call& call) {
    if (call.identity().server_admin) {
        return {};
    }
    return std::unexpected(Error(Code::Forbidden, "this needs a server admin's key"));
}

Answer show_client(const Call& call, int status, const ClientId& id) {
    ORIGIN_TRY(row, read_store(call.around.store, [&](store::Reader& reader) {
                   return store::need_row<store::ClientRow>(
                       reader, Table::Clients, id.view(), "no such client");
               }));
    net::Response response = json_answer(status, client_json(id, row));
    if (status == 201) {
        response.headers.push_back({"Location", "/api/clients/" + id.str()});
    }
    return response;
}

}  // namespace

BodyShape client_shape() {
    return shape_of<ClientBody>();
}

BodyShape client_change_shape() {
    return shape_of<ClientChangeBody>();
}

Answer create_client(const Call& call) {
    ORIGIN_TRY(body, read_body<ClientBody>(call.body));
    ORIGIN_CHECK(need_server_admin(call));
    return once_only(
        call,
        [&](const auth::Once& once) -> Answer {
            const auth::NewClient wanted{
                .id = ClientId::make(call.around.clock, call.around.random),
                .slug = body.slug,
                .name = body.name.value_or(""),
                .email = body.email.value_or(""),
                .admin = body.admin,
                .now = call.now()};
            store::AuditRow event =
                about_client(call.audit("client.created"), wanted.id, wanted.slug);
            event.details = {{"admin", wanted.admin ? "true" : "false"}};
            ORIGIN_CHECK(call.write([&](store::Writer& writer) -> Status {
                ORIGIN_CHECK(auth::create_client(writer, wanted));
                ORIGIN_CHECK(auth::record_audit(writer, event));
                return once.record(writer, {wanted.id.str()});
            }));
            return show_client(call, 201, wanted.id);
        },
        [&](const Ids& ids) -> Answer {
            ORIGIN_TRY(id, need_id<ClientId>(ids.front(), "client"));
            return show_client(call, 201, id);
        });
}

Answer list_clients(const Call& call) {
    ORIGIN_CHECK(need_server_admin(call));
    ORIGIN_TRY(wish, page_wish(call));
    json::array rows;
    ORIGIN_TRY(next, read_store(call.around.store, [&](store::Reader& reader) {
                   rows.clear();
                   return read_page(
                       reader,
                       {.table = Table::Clients, .prefix = {}},
                       wish,
                       [&](std::string_view key, std::string_view value) -> Result<bool> {
                           ORIGIN_TRY(row, store::decode<store::ClientRow>(value));
                           const auto id = ClientId::from_raw(key);
                           if (id) {
                               rows.push_back(client_json(*id, row));
                           }
                           return id.has_value();
                       });
               }));
    return page_answer("clients", std::move(rows), next);
}

Answer get_client(const Call& call) {
    ORIGIN_TRY(id, need_id<ClientId>(call.param("client"), "client"));
    if (id != call.identity().client && !call.identity().server_admin) {
        return std::unexpected(Error(Code::NotFound, "no such client"));
    }
    return show_client(call, 200, id);
}

Answer change_client(const Call& call) {
    ORIGIN_TRY(body, read_body<ClientChangeBody>(call.body));
    ORIGIN_CHECK(need_server_admin(call));
    ORIGIN_TRY(id, need_id<ClientId>(call.param("client"), "client"));
    const auto show = [&](const Ids&) {
        return show_client(call, 200, id);
    };
    return once_only(
        call,
        [&](const auth::Once& once) -> Answer {
            const store::AuditRow event = call.audit("client.changed");
            ORIGIN_CHECK(call.write([&](store::Writer& writer) -> Status {
                ORIGIN_TRY(row, auth::change_client(writer, id, body.change));
                store::AuditRow told = about_client(event, id, row.slug);
                told.details = changed(body.change, row);
                ORIGIN_CHECK(auth::record_audit(writer, std::move(told)));
                return once.record(writer, {id.str()});
            }));
            return show({});
        },
        show);
}

Answer delete_client(const Call& call) {
    ORIGIN_CHECK(need_server_admin(call));
    ORIGIN_TRY(id, need_id<ClientId>(call.param("client"), "client"));
    std::optional<ClientId> heir;
    if (const std::string_view to = call.asked("transferTo"); !to.empty()) {
        ORIGIN_TRY(named, receiver_named(call, to));
        heir = named;
    }
    return once_only(
        call,
        [&](const auth::Once& once) -> Answer {
            const store::AuditRow event = call.audit("client.deleted");
            ORIGIN_CHECK(call.write([&](store::Writer& writer) -> Status {
                ORIGIN_TRY(row,
                           store::get_row<store::ClientRow>(writer, Table::Clients, id.view()));
                if (heir) {
                    ORIGIN_CHECK(transfer_all(writer, event, id, *heir));
                }
                ORIGIN_CHECK(auth::delete_client(writer, id));
                ORIGIN_CHECK(auth::record_audit(
                    writer, about_client(event, id, row ? row->slug : std::string())));
                return once.record(writer, {id.str()});
            }));
            if (heir) {
                forget_uses(call, id, *heir);
            }
            return no_content();
        },
        [](const Ids&) -> Answer { return no_content(); });
}

}  // namespace origin::api

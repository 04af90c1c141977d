// SPDX-License-Identifier: Apache-2.0
// /api/projects/{project}/transfer: another owner.
#include "git/serve/transfer.h"

#include <boost/json.hpp>

#include "api/answers.h"
#include "api/endpoints.h"
#include "api/views.h"
#include "auth/accounts.h"
#include "auth/grants.h"
#include "git/serve/catalogue.h"

namespace origin::api {
namespace {

namespace json = boost::json;

struct TransferBody {
    std::string client;
    std::optional<std::string> keep;

    static TransferBody read(Fields& in) {
        TransferBody body;
        body.client = in.text("client");
        body.keep = in.maybe_text("keep");
        return body;
    }
};

/// Whom it was shared with, even as an admin, may not take it from its owner. Returns: the owner.
Result<ClientId> need_owner(store::Reader& reader, const Call& call, const ProjectId& project) {
    ORIGIN_TRY(row, git::need_project(reader, project));
    if (row.owner == call.identity().client || call.identity().server_admin) {
        return row.owner;
    }
    return std::unexpected(
        Error(Code::Forbidden, "only the project's owner or a server admin may transfer it"));
}

/// A row for each client, so that both see it in their log.
Status tell_both(store::Writer& writer,
                 store::AuditRow event,
                 const ClientId& from,
                 const ClientId& to) {
    event.details["from"] = from.str();
    event.client = from;
    ORIGIN_CHECK(auth::record_audit(writer, event));
    event.client = to;
    return auth::record_audit(writer, std::move(event));
}

Answer show_transferred(const Call& call, const ProjectId& id) {
    ORIGIN_TRY(body,
               read_store(call.around.store, [&](store::Reader& reader) -> Result<json::object> {
                   ORIGIN_TRY(row, git::need_project(reader, id));
                   return project_json(reader, call.around, id, row);
               }));
    return json_answer(200, body);
}

}  // namespace

BodyShape transfer_shape() {
    return shape_of<TransferBody>();
}

void forget_uses(const Call& call, const ClientId& from, const ClientId& to) {
    if (git::Quotas* quotas = call.around.pushes.quotas(); quotas != nullptr) {
        quotas->forget(from);
        quotas->forget(to);
    }
}

Result<ClientId> receiver_named(const Call& call, std::string_view name) {
    ORIGIN_TRY(found, read_store(call.around.store, [&](store::Reader& reader) {
                   return auth::find_client(reader, name);
               }));
    return found ? Result<ClientId>(*found)
                 : std::unexpected(
                       Error(Code::NotFound, "no such client").because("client_not_found"));
}

Answer transfer_project(const Call& call) {
    ORIGIN_TRY(body, read_body<TransferBody>(call.body));
    git::Transfer wish;
    wish.by = call.identity().client;
    wish.now = call.now();
    wish.quotas = call.identity().server_admin ? nullptr : call.around.pushes.quotas();
    if (body.keep) {
        ORIGIN_TRY(access, auth::parse_access(*body.keep));
        wish.kept = access;
    }
    const auto act = [&](const auth::Once& once) -> Answer {
        ORIGIN_TRY(permit, call.permit(auth::Action::Admin));
        wish.project = permit.project();
        ORIGIN_TRY(to, receiver_named(call, body.client));
        wish.to = to;
        ORIGIN_CHECK(read_store(call.around.store, [&](store::Reader& reader) {
            return need_owner(reader, call, permit.project());
        }));
        store::AuditRow event =
            call.audit("project.transferred", permit.project(), permit.project().str());
        event.details = {{"to", to.str()}, {"kept", body.keep.value_or("nothing")}};
        ClientId from;
        ORIGIN_CHECK(call.write(permit, [&](store::Writer& writer) -> Status {
            ORIGIN_TRY(owner, need_owner(writer, call, permit.project()));
            from = owner;
            ORIGIN_CHECK(git::transfer_project(writer, wish));
            ORIGIN_CHECK(tell_both(writer, event, from, to));
            return once.record(writer, {permit.project().str()});
        }));
        forget_uses(call, from, to);
        return show_transferred(call, permit.project());
    };
    return once_only(call, act, [&](const Ids& ids) -> Answer {
        ORIGIN_TRY(id, need_id<ProjectId>(ids.front(), "project"));
        return show_transferred(call, id);
    });
}

}  // namespace origin::api

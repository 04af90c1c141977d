// SPDX-License-Identifier: Apache-2.0
#include "git/serve/transfer.h"

#include <boost/json.hpp>

#include "auth/grants.h"
#include "git/serve/catalogue.h"
#include "store/event_log.h"
#include "store/rows/access.h"
#include "store/rows/identity.h"
#include "store/rows/keys.h"

namespace origin::git {
namespace {

using store::Reader;
using store::Table;
using store::Writer;

std::unexpected<Error> conflict(std::string why, std::string reason) {
    return std::unexpected(Error(Code::Conflict, std::move(why)).because(std::move(reason)));
}

Status check_receiver(Reader& reader, const ClientId& to, const store::ProjectRow& project) {
    ORIGIN_TRY(row, store::get_row<store::ClientRow>(reader, Table::Clients, to.view()));
    if (!row) {
        return std::unexpected(Error(Code::NotFound, "no such client").because("client_not_found"));
    }
    if (row->disabled) {
        return conflict("the client '" + row->slug + "' is disabled", "client_disabled");
    }
    if (project.owner == to) {
        return conflict("the project is that client's already", "already_owner");
    }
    ORIGIN_TRY(taken, reader.get(Table::Slugs, store::project_slug_key(to, project.slug)));
    if (taken) {
        return conflict("'" + row->slug + "' has a project '" + project.slug + "' already",
                        "slug_taken");
    }
    return {};
}

Status add_event(Writer& writer, const Transfer& transfer, const ClientId& from) {
    const boost::json::object data = {{"projectId", transfer.project.str()},
                                      {"from", from.str()},
                                      {"clientId", transfer.to.str()}};
    ORIGIN_CHECK(store::append_event(writer,
                                     store::Event{.time = transfer.now,
                                                  .type = "project.transferred",
                                                  .project = transfer.project,
                                                  .client = transfer.to,
                                                  .data = boost::json::serialize(data)}));
    return {};
}

}  // namespace

Result<store::ProjectRow> transfer_project(Writer& writer, const Transfer& transfer) {
    ORIGIN_TRY(row, need_project(writer, transfer.project));
    ORIGIN_CHECK(check_receiver(writer, transfer.to, row));
    if (transfer.quotas != nullptr) {
        ORIGIN_CHECK(
            transfer.quotas->check_room_for_transfer(writer, transfer.to, transfer.project));
    }
    const ClientId from = row.owner;
    ORIGIN_CHECK(writer.erase(Table::Slugs, store::project_slug_key(from, row.slug)));
    ORIGIN_CHECK(writer.put(
        Table::Slugs, store::project_slug_key(transfer.to, row.slug), transfer.project.view()));
    row.owner = transfer.to;
    ORIGIN_CHECK(store::put_row(writer, Table::Projects, transfer.project.view(), row));
    ORIGIN_TRY(shared, writer.get(Table::Grants, store::grant_key(transfer.project, transfer.to)));
    if (shared) {  // An owner needs no grant.
        ORIGIN_CHECK(auth::remove_grant(writer, transfer.project, transfer.to, transfer.now));
    }
    ORIGIN_CHECK(add_event(writer, transfer, from));
    if (transfer.kept) {
        ORIGIN_CHECK(auth::set_grant(writer,
                                     {.project = transfer.project,
                                      .client = from,
                                      .access = *transfer.kept,
                                      .by = transfer.by,
                                      .now = transfer.now}));
    }
    return row;
}

Result<std::vector<ProjectId>> projects_of(Reader& reader, const ClientId& owner) {
    std::vector<ProjectId> projects;
    ORIGIN_CHECK(reader.scan(Table::Slugs,
                             store::Range::prefix(store::project_slug_key(owner, {})),
                             [&](std::string_view, std::string_view value) {
                                 if (const auto id = ProjectId::from_raw(value)) {
                                     projects.push_back(*id);
                                 }
                                 return projects.size() <= kTransfersMax;
                             }));
    if (projects.size() > kTransfersMax) {
        return std::unexpected(Error(Code::LimitExceeded,
                                     "this client owns more than " + std::to_string(kTransfersMax) +
                                         " projects; transfer some one by one first")
                                   .because("too_many_projects"));
    }
    return projects;
}

}  // namespace origin::git

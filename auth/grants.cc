// SPDX-License-Identifier: Apache-2.0
#include "auth/grants.h"

#include <array>
#include <string>
#include <vector>

#include "store/event_log.h"
#include "store/rows/access.h"
#include "store/rows/identity.h"
#include "store/rows/keys.h"
#include "store/rows/project.h"

namespace origin::auth {
namespace {

using store::Access;
using store::Table;

constexpr std::array<std::string_view, 4> kNames = {"read", "write", "deploy", "admin"};

/// `access`: as JSON's further members. The values need no escaping: ids, and names of ours.
Status add_event(store::Writer& writer, store::Event event, const std::string& access) {
    event.data = R"({"clientId":")" + event.client->str() + '"' + access + '}';
    ORIGIN_CHECK(store::append_event(writer, event));
    return {};
}

}  // namespace

std::string_view name_of(Access access) {
    return kNames[static_cast<std::size_t>(access)];
}

Result<Access> parse_access(std::string_view name) {
    for (std::size_t i = 0; i < kNames.size(); ++i) {
        if (kNames[i] == name) {
            return static_cast<Access>(i);
        }
    }
    return std::unexpected(Error(Code::InvalidInput, "an access is read, write, deploy or admin")
                               .because("unknown_access"));
}

bool covers(Access access, Action action) {
    switch (action) {
        case Action::Read:
            return true;
        case Action::Write:
        case Action::Require:
            return access == Access::Write || access == Access::Admin;
        case Action::Deploy:
            return access == Access::Deploy || access == Access::Admin;
        case Action::Admin:
            return access == Access::Admin;
    }
    return false;
}

Result<std::optional<Access>> access_of(store::Reader& reader,
                                        const ClientId& client,
                                        const ProjectId& project,
                                        const store::ProjectRow& row) {
    if (row.owner == client) {
        return std::optional(Access::Admin);
    }
    ORIGIN_TRY(
        grant,
        store::get_row<store::GrantRow>(reader, Table::Grants, store::grant_key(project, client)));
    return grant ? std::optional(grant->access) : std::nullopt;
}

Status set_grant(store::Writer& writer, const NewGrant& wanted) {
    ORIGIN_CHECK(store::need_row<store::ClientRow>(
        writer, Table::Clients, wanted.client.view(), "no such client"));
    ORIGIN_TRY(project,
               store::need_row<store::ProjectRow>(
                   writer, Table::Projects, wanted.project.view(), "no such project"));
    if (project.owner == wanted.client) {
        return std::unexpected(
            Error(Code::InvalidInput, "the project's owner may do everything with it")
                .because("grant_to_owner"));
    }
    const store::GrantRow row{
        .access = wanted.access, .granted_by = wanted.by, .created_at = wanted.now};
    ORIGIN_CHECK(store::put_row(
        writer, Table::Grants, store::grant_key(wanted.project, wanted.client), row));
    ORIGIN_CHECK(writer.put(Table::Slugs,
                            store::client_grant_key(wanted.client, wanted.project),
                            wanted.project.view()));
    return add_event(writer,
                     {.time = wanted.now,
                      .type = "grant.set",
                      .project = wanted.project,
                      .client = wanted.client,
                      .data = {}},
                     R"(,"access":")" + std::string(name_of(wanted.access)) + '"');
}

Status remove_grant(store::Writer& writer,
                    const ProjectId& project,
                    const ClientId& client,
                    UnixMillis now) {
    const std::string key = store::grant_key(project, client);
    ORIGIN_CHECK(store::need_row<store::GrantRow>(writer, Table::Grants, key, "no such grant"));
    ORIGIN_CHECK(writer.erase(Table::Grants, key));
    ORIGIN_CHECK(writer.erase(Table::Slugs, store::client_grant_key(client, project)));
    return add_event(
        writer,
        {.time = now, .type = "grant.removed", .project = project, .client = client, .data = {}},
        {});
}

Status forget_grants(store::Writer& writer, const ProjectId& project) {
    std::vector<std::string> keys;
    ORIGIN_CHECK(writer.scan(Table::Grants,
                             store::Range::prefix(project.view()),
                             [&](std::string_view key, std::string_view) {
                                 keys.emplace_back(key);
                                 return true;
                             }));
    for (const std::string& key : keys) {
        ORIGIN_CHECK(writer.erase(Table::Grants, key));
        if (const auto client = ClientId::from_raw(std::string_view(key).substr(kIdBytes))) {
            ORIGIN_CHECK(writer.erase(Table::Slugs, store::client_grant_key(*client, project)));
        }
    }
    return {};
}

}  // namespace origin::auth

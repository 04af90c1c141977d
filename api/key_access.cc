// SPDX-License-Identifier: Apache-2.0
#include "api/key_access.h"

#include <algorithm>

#include <boost/json.hpp>

#include "api/answers.h"
#include "api/moment.h"
#include "api/views.h"
#include "auth/grants.h"
#include "auth/key_rotation.h"
#include "git/serve/catalogue.h"
#include "store/rows/access.h"

namespace origin::api {

Result<ClientId> client_of(const Call& call, std::string_view text) {
    ORIGIN_CHECK(auth::Gatekeeper::need(call.identity(), auth::Scope::Admin));
    const auto client = text.empty() ? call.identity().client : ClientId::parse(text);
    if (client && (*client == call.identity().client || call.identity().server_admin)) {
        return *client;
    }
    return std::unexpected(Error(Code::Forbidden, "'clientId' is not the client of this key")
                               .because("client_mismatch"));
}

Result<std::vector<ProjectId>> projects_of(const Call& call,
                                           const std::vector<std::string>& names) {
    const std::vector<ProjectId>& own = call.identity().projects;
    std::vector<ProjectId> projects;
    for (const std::string& text : names) {
        ORIGIN_TRY(id, need_id<ProjectId>(text, "project"));
        if (!own.empty() && std::ranges::find(own, id) == own.end()) {
            return std::unexpected(Error(Code::NotFound, "no such project"));
        }
        projects.push_back(id);
    }
    if (projects.empty() && !own.empty()) {
        return std::unexpected(
            Error(Code::Forbidden, "a key bound to projects makes only keys bound to them"));
    }
    return projects;
}

Status check_owner(store::Reader& reader,
                   const ClientId& client,
                   const std::vector<ProjectId>& projects) {
    for (const ProjectId& project : projects) {
        ORIGIN_TRY(row, git::need_project(reader, project));
        ORIGIN_TRY(access, auth::access_of(reader, client, project, row));
        if (!access) {
            return std::unexpected(Error(Code::NotFound, "no such project"));
        }
    }
    return {};
}

Result<UnixMillis> KeyEnd::at(UnixMillis now) const {
    if (!text) {
        return is_never ? 0 : auth::default_expiry(now);
    }
    ORIGIN_TRY(moment, parse_moment(*text));
    if (moment <= now) {
        return std::unexpected(
            Error(Code::InvalidInput, "'expiresAt' is in the past").because("bad_time"));
    }
    return moment;
}

Status add_last_use(store::Reader& reader, const KeyId& id, boost::json::object& body) {
    ORIGIN_TRY(use, store::get_row<store::KeyUseRow>(reader, store::Table::KeyUses, id.view()));
    body["lastUse"] = nullptr;
    if (use) {
        body["lastUse"] = boost::json::object{
            {"at", time_json(use->used_at)}, {"from", use->peer}, {"agent", use->agent}};
    }
    return {};
}

Status check_manages(const Call& call, const store::KeyRow& row) {
    const auth::Identity& who = call.identity();
    const bool bound = !who.projects.empty();
    const bool within = std::ranges::all_of(row.projects, [&](const ProjectId& project) {
        return std::ranges::find(who.projects, project) != who.projects.end();
    });
    const bool own = row.client == who.client || who.server_admin;
    if (own && (!bound || (within && !row.projects.empty()))) {
        return {};
    }
    return std::unexpected(Error(Code::NotFound, "no such key"));
}

store::AuditRow about_key(store::AuditRow event, const KeyId& id, const store::KeyRow& row) {
    event.client = row.client;
    event.subject = id.str();
    std::string scopes;
    for (const std::string& name : auth::Scopes(row.scopes).names()) {
        scopes += (scopes.empty() ? "" : " ") + name;
    }
    std::string projects;
    for (const ProjectId& project : row.projects) {
        projects += (projects.empty() ? "" : " ") + project.str();
    }
    event.details = {{"title", row.title},
                     {"scopes", scopes},
                     {"expires", row.expires_at == 0 ? "never" : rfc3339(row.expires_at)}};
    if (!projects.empty()) {
        event.details["projects"] = projects;
    }
    if (row.projects.size() == 1) {
        event.project = row.projects.front();  // Those who may administrate it see it.
    }
    return event;
}

}  // namespace origin::api

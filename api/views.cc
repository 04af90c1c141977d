// SPDX-License-Identifier: Apache-2.0
#include "api/views.h"

#include <boost/json.hpp>

#include "api/answers.h"
#include "auth/key_limits.h"
#include "auth/preview_link.h"
#include "auth/scopes.h"
#include "base/limits.h"
#include "deploy/releases.h"
#include "git/serve/catalogue.h"
#include "store/key.h"

namespace origin::api {
namespace {

namespace json = boost::json;

constexpr std::string_view kBranches = "refs/heads/";
constexpr std::string_view kEventCursor = "event:";

}  // namespace

json::value time_json(UnixMillis time) {
    return time == 0 ? json::value(nullptr) : json::value(rfc3339(time));
}

json::value oid_json(const std::optional<Oid>& oid) {
    return oid && !oid->is_zero() ? json::value(oid->hex()) : json::value(nullptr);
}

json::array ids_json(const std::vector<DeploymentId>& ids) {
    json::array array;
    for (const DeploymentId& id : ids) {
        array.emplace_back(id.str());
    }
    return array;
}

json::array texts_json(const std::vector<std::string>& texts) {
    json::array array;
    for (const std::string& text : texts) {
        array.emplace_back(text);
    }
    return array;
}

std::string short_branch(std::string_view full) {
    return std::string(full.starts_with(kBranches) ? full.substr(kBranches.size()) : full);
}

Result<json::object> project_json(store::Reader& reader,
                                  const Around& around,
                                  const ProjectId& id,
                                  const store::ProjectRow& row) {
    ORIGIN_TRY(name, git::full_name(reader, row));
    return json::object{{"projectId", id.str()},
                        {"clientId", row.owner.str()},
                        {"slug", row.slug},
                        {"name", row.name},
                        {"fullName", name},
                        {"site", row.site},
                        {"siteUrl", around.urls.site(row.site)},
                        {"codeUrl", around.urls.code(name)},
                        {"defaultBranch", short_branch(row.head)},
                        {"protectedBranches", texts_json(row.protected_branches)},
                        {"public", row.is_public},
                        {"promote", row.promotes_together ? kPromoteAll : kPromoteEach},
                        {"createdAt", time_json(row.created_at)}};
}

std::string signed_url(const Around& around, std::string_view url) {
    return auth::signed_link(
        around.preview_links, url, around.clock.now() + Milliseconds(kPreviewLinkKept).count());
}

std::string opening_url(const Around& around, const store::DeploymentRow& row) {
    const bool is_a_providers = !row.remote.id.empty();
    const bool is_open = row.target == store::kProductionTarget && !row.preview;
    return row.url.empty() || is_a_providers || is_open ? row.url : signed_url(around, row.url);
}

namespace {

/// What only a provider's deployments have.
void add_remote(json::object& body, const store::DeploymentRow& row) {
    const store::RemoteDeployment& remote = row.remote;
    for (const auto& [name, text] : {std::pair("providerId", &remote.id),
                                     std::pair("permalink", &remote.permalink),
                                     std::pair("adminUrl", &remote.admin_url)}) {
        if (!text->empty()) {
            body[name] = *text;
        }
    }
    const store::DeployProgress& progress = row.progress;
    if (progress.files > 0) {
        body["files"] = progress.files;
        body["bytes"] = progress.bytes;
        body["filesUploaded"] = progress.files_sent;
        body["bytesUploaded"] = progress.bytes_sent;
    }
    if (!progress.waiting.empty() && !store::is_settled(row.state)) {
        body["waiting"] = progress.waiting;
        if (progress.waits_until > 0) {
            body["waitsUntil"] = time_json(progress.waits_until);
        }
    }
}

}  // namespace

json::object deployment_json(const Around& around,
                             const ProjectId& project,
                             const DeploymentId& id,
                             const store::DeploymentRow& row,
                             WithLog log) {
    json::object body{{"id", id.str()},
                      {"projectId", project.str()},
                      {"target", row.target},
                      {"commit", row.commit.hex()},
                      {"state", store::name_of(row.state)},
                      {"createdAt", time_json(row.created_at)},
                      {"updatedAt", time_json(row.updated_at)}};
    if (!row.ref.empty()) {
        body["ref"] = row.ref;
    }
    if (row.run) {
        body["requestId"] = row.run->str();
    }
    if (row.rollback_of) {
        body["rollbackOf"] = row.rollback_of->str();
    }
    if (row.release != 0) {
        body["release"] = row.release;
    }
    if (row.preview) {
        body["preview"] = true;
    }
    if (!row.together.empty()) {
        body["together"] = ids_json(row.together);
    }
    if (row.health != store::Health::Unknown) {
        body["health"] = store::name_of(row.health);
    }
    if (!row.url.empty()) {
        body["url"] = opening_url(around, row);
    }
    add_remote(body, row);
    if (!row.error.empty()) {
        body["error"] = row.error;
    }
    if (log == WithLog::Yes) {
        json::array lines;
        for (const store::LogLine& line : row.log) {
            lines.push_back({{"time", time_json(line.time)}, {"text", line.text}});
        }
        body["log"] = std::move(lines);
    }
    return body;
}

json::object client_json(const ClientId& id, const store::ClientRow& row) {
    return {{"clientId", id.str()},
            {"slug", row.slug},
            {"name", row.display_name},
            {"email", row.email},
            {"admin", row.admin},
            {"disabled", row.disabled},
            {"createdAt", time_json(row.created_at)}};
}

json::object key_json(const KeyId& id, const store::KeyRow& row) {
    json::array projects;
    for (const ProjectId& project : row.projects) {
        projects.emplace_back(project.str());
    }
    json::object body{
        {"keyId", id.str()},
        {"clientId", row.client.str()},
        {"title", row.title},
        {"scopes", texts_json(auth::Scopes(row.scopes).names())},
        {"projects", std::move(projects)},
        {"createdAt", time_json(row.created_at)},
        {"expiresAt", time_json(row.expires_at)},
        {"revokedAt", time_json(row.revoked_at)},
        {"replacedBy",
         row.replaced_by ? json::value(row.replaced_by->str()) : json::value(nullptr)}};
    if (row.minted_by) {
        body["mintedBy"] = row.minted_by->str();
    }
    if (!row.limits.none()) {
        body["limits"] = auth::key_limits_json(row.limits);
    }
    return body;
}

json::array conflicts_json(const std::vector<git::MergeConflict>& conflicts) {
    json::array array;
    for (const git::MergeConflict& conflict : conflicts) {
        array.push_back({{"path", conflict.path},
                         {"base", oid_json(conflict.base)},
                         {"ours", oid_json(conflict.ours)},
                         {"theirs", oid_json(conflict.theirs)}});
    }
    return array;
}

std::string event_cursor(std::uint64_t sequence) {
    return opaque(std::string(kEventCursor) + store::be64(sequence));
}

Result<std::uint64_t> read_event_cursor(std::string_view cursor) {
    ORIGIN_TRY(text, not_opaque(cursor));
    const auto sequence = text.starts_with(kEventCursor)
                              ? store::from_be64(std::string_view(text).substr(kEventCursor.size()))
                              : std::nullopt;
    if (!sequence) {
        return std::unexpected(
            Error(Code::InvalidInput, "this cursor was not given out here").because("bad_cursor"));
    }
    return *sequence;
}

json::object event_json(const store::Event& event) {
    json::object body{{"cursor", event_cursor(event.sequence)},
                      {"type", event.type},
                      {"time", time_json(event.time)}};
    if (event.project) {
        body["projectId"] = event.project->str();
    }
    if (event.client) {
        body["clientId"] = event.client->str();
    }
    boost::system::error_code error;
    json::value data = json::parse(event.data, error);
    body["data"] = error ? json::value(json::object()) : std::move(data);
    return body;
}

}  // namespace origin::api

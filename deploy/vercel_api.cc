// SPDX-License-Identifier: Apache-2.0
#include "deploy/vercel_api.h"

#include <boost/json.hpp>

#include "base/utf8.h"

namespace origin::deploy::vercel {

namespace json = boost::json;

namespace {

constexpr std::string_view kApi = "https://api.vercel.com";

std::string complaint(const json::value& body) {
    if (const json::string* text = body.if_string()) {
        return text->starts_with("<") ? std::string() : std::string(*text);
    }
    const std::string nested = text_at(body, {"error", "message"});
    return nested.empty() ? text_at(body, {"message"}) : nested;
}

}  // namespace

ProviderApi api_of(const net::HttpClient& client, Task& task) {
    const std::string_view base = task.setting("apiBase");
    return {client, task, {"Vercel", std::string(base.empty() ? kApi : base), complaint}};
}

std::string at_team(Task& task, std::string path) {
    const std::string_view team = task.setting("team");
    if (team.empty()) {
        return path;
    }
    path += path.contains('?') ? "&" : "?";
    return path + (team.starts_with("team_") ? "teamId=" : "slug=") + encoded_path(team);
}

std::string project_path(Task& task, std::string_view version) {
    return "/" + std::string(version) + "/projects/" + encoded_path(note(task, kProject));
}

Status look_at_project(ProviderApi& api, Task& task) {
    if (!note(task, kProject).empty()) {
        return {};
    }
    const std::string wanted(task.setting("project"));
    auto project = api.call({.path = at_team(task, "/v9/projects/" + encoded_path(wanted))});
    if (!project && project.error().code() == Code::NotFound) {
        return std::unexpected(Error(Code::NotFound,
                                     "Vercel knows no project '" + printable(wanted) +
                                         "' for this token and team; make it there once")
                                   .because("provider_has_none"));
    }
    ORIGIN_CHECK(project);
    const std::string id = text_at(project->body, {"id"});
    if (id.empty()) {
        return odd_answer("Vercel", "project id");
    }
    remember(task, kProject, id);
    remember(task, kName, text_at(project->body, {"name"}));
    return {};
}

void take_addresses(Task& task, const json::value& deployment) {
    store::RemoteDeployment& remote = task.row().remote;
    const std::string id = text_at(deployment, {"id"});
    remote.id = id.empty() ? text_at(deployment, {"uid"}) : id;
    remote.permalink = url_of(task, text_at(deployment, {"url"}));
    remote.admin_url = text_at(deployment, {"inspectorUrl"});
}

Result<bool> find_again(ProviderApi& api, Task& task) {
    ORIGIN_TRY(answer,
               api.call({.path = at_team(task,
                                         "/v6/deployments?limit=20&projectId=" +
                                             encoded_path(note(task, kProject)))}));
    const json::array* deployments = value_at(answer.body, {"deployments"}).if_array();
    if (deployments == nullptr) {
        return odd_answer("Vercel", "list of deployments");
    }
    for (const json::value& one : *deployments) {
        if (text_at(one, {"meta", kMeta}) == task.id().str()) {
            take_addresses(task, one);
            return true;
        }
    }
    return false;
}

}  // namespace origin::deploy::vercel

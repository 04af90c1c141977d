// SPDX-License-Identifier: Apache-2.0
// /api/v3/repos/{owner}/{repo}/deployments: deployments as GitHub's REST API has them, for tools
// that were written for that: at GitHub's own paths, with its words. It decides nothing that
// /api/projects/{project}/deployments does not.
// Source: GitHub's REST API, "Deployments" and "Deployment statuses", version 2022-11-28.
#include <algorithm>
#include <charconv>

#include <boost/json.hpp>

#include "api/answers.h"
#include "api/commit_view.h"
#include "api/endpoints.h"
#include "base/limits.h"
#include "git/serve/catalogue.h"
#include "hooks/deployment_orders.h"
#include "hooks/deployments.h"
#include "hooks/github_deployments.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"
#include "store/rows/policy.h"

namespace origin::api {
namespace {

namespace json = boost::json;
using store::Table;

constexpr std::size_t kGithubPageMax = 100;
constexpr std::size_t kGithubPageDefault = 30;

struct GithubDeploymentBody {
    std::string ref;
    std::optional<std::string> environment;
    std::vector<std::string> required_contexts;
    bool transient = false;

    static GithubDeploymentBody read(Fields& in) {
        GithubDeploymentBody body;
        body.ref = in.text("ref");
        body.environment = in.maybe_text("environment");
        body.required_contexts =
            in.maybe_texts("required_contexts").value_or(std::vector<std::string>());
        body.transient = in.flag("transient_environment");
        // Of no meaning here: nothing is merged, and a target says itself what it is.
        in.maybe_text("task");
        in.maybe_text("payload");
        in.maybe_text("description");
        in.maybe_flag("auto_merge");
        in.maybe_flag("production_environment");
        return body;
    }
};

std::string project_of(const Call& call) {
    return call.param("owner") + "/" + call.param("repo");
}

net::Response array_answer(const json::array& rows) {
    net::Response response = json_answer(200, {});
    response.body = json::serialize(rows) + "\n";
    return response;
}

Result<hooks::GithubClient> owner_of(store::Reader& reader, const ProjectId& project) {
    ORIGIN_TRY(row, git::need_project(reader, project));
    ORIGIN_TRY(client,
               store::need_row<store::ClientRow>(
                   reader, Table::Clients, row.owner.view(), "no such client"));
    return hooks::GithubClient{row.owner, std::move(client)};
}

/// `page` and `per_page`. Errors: InvalidInput `bad_limit`.
struct GithubPage {
    std::size_t skip = 0;
    std::size_t rows = kGithubPageDefault;
};
Result<GithubPage> page_of(const Call& call) {
    const auto number = [&](std::string_view name, std::size_t usual) -> Result<std::size_t> {
        const std::string_view text = call.asked(name);
        std::size_t value = usual;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        const bool good = end == text.data() + text.size() && value > 0 && value <= kPageScanMax;
        if (!text.empty() && (error != std::errc() || !good)) {
            return std::unexpected(
                Error(Code::InvalidInput, "'" + std::string(name) + "' is a number from 1 on")
                    .because("bad_limit"));
        }
        return value;
    };
    ORIGIN_TRY(page, number("page", 1));
    ORIGIN_TRY(rows, number("per_page", kGithubPageDefault));
    const std::size_t most = std::min(rows, kGithubPageMax);
    return GithubPage{(page - 1) * most, most};
}

/// A deployment by our id, or by the number that GithubThings give it, among the newest.
Result<DeploymentId> named_deployment(store::Reader& reader,
                                      const ProjectId& project,
                                      std::string_view name) {
    if (const auto id = DeploymentId::parse(name)) {
        return *id;
    }
    std::optional<DeploymentId> found;
    std::size_t looked = 0;
    ORIGIN_CHECK(reader.scan_back(Table::Deployments,
                                  store::Range::prefix(project.view()),
                                  [&](std::string_view key, std::string_view) {
                                      const auto id = DeploymentId::from_raw(key.substr(kIdBytes));
                                      if (id &&
                                          std::to_string(hooks::github_number(id->str())) == name) {
                                          found = id;
                                      }
                                      return !found && ++looked < kPageScanMax;
                                  }));
    return found ? Result<DeploymentId>(*found)
                 : std::unexpected(Error(Code::NotFound, "no such deployment"));
}

bool is_asked_for(const Call& call, const store::DeploymentRow& row) {
    const std::string_view ref = call.asked("ref");
    const auto is_ref = [&] {
        return row.ref == ref || row.ref == "refs/heads/" + std::string(ref) ||
               row.ref == "refs/tags/" + std::string(ref) || row.commit.hex() == ref;
    };
    const std::string_view sha = call.asked("sha");
    const std::string_view environment = call.asked("environment");
    return (ref.empty() || is_ref()) && (sha.empty() || row.commit.hex() == sha) &&
           (environment.empty() || row.target == environment);
}

/// Some of its states: what it is now, and that it was queued.
json::array states_of(const auth::Urls& urls, const hooks::GithubDeployment& deployment) {
    const store::DeploymentRow& row = deployment.row;
    const std::int64_t number = hooks::github_number(deployment.id.str());
    json::array states;
    if (row.state != store::DeploymentState::Queued) {
        states.emplace_back(hooks::github_deployment_status(
            urls,
            deployment,
            {.number = number + 1,
             .node = deployment.id.str() + ":now",
             .state = std::string(store::name_of(row.state)),
             .health = std::string(store::name_of(row.health)),
             .text = row.error.empty() && !row.log.empty() ? row.log.back().text : row.error,
             .url = row.url,
             .time = row.updated_at}));
    }
    states.emplace_back(hooks::github_deployment_status(urls,
                                                        deployment,
                                                        {.number = number,
                                                         .node = deployment.id.str() + ":queued",
                                                         .state = "queued",
                                                         .health = {},
                                                         .text = "queued",
                                                         .url = {},
                                                         .time = row.created_at}));
    return states;
}

/// Errors: Conflict `statuses_missing`.
Status check_contexts(store::Reader& reader,
                      const ProjectId& project,
                      const Oid& commit,
                      const std::vector<std::string>& contexts) {
    for (const std::string& context : contexts) {
        ORIGIN_TRY(row,
                   store::get_row<store::StatusRow>(
                       reader, Table::Statuses, store::status_key(project, commit, context)));
        if (!row || row->state != store::StatusState::Success) {
            return std::unexpected(
                Error(Code::Conflict, "the commit's status '" + context + "' is no success")
                    .because("statuses_missing"));
        }
    }
    return {};
}

Answer show(const Call& call, const ProjectId& project, const std::string& name, int status) {
    ORIGIN_TRY(body,
               read_store(call.around.store, [&](store::Reader& reader) -> Result<json::object> {
                   ORIGIN_TRY(id, named_deployment(reader, project, name));
                   ORIGIN_TRY(row, hooks::need_deployment(reader, project, id));
                   ORIGIN_TRY(owner, owner_of(reader, project));
                   return hooks::github_deployment(call.around.urls, {project, id, row, owner});
               }));
    return json_answer(status, body);
}

}  // namespace

BodyShape github_deployment_shape() {
    return shape_of<GithubDeploymentBody>();
}

Answer list_github_deployments(const Call& call) {
    ORIGIN_TRY(permit, call.permit_to_look(project_of(call)));
    ORIGIN_TRY(page, page_of(call));
    const ProjectId project = permit.project();
    json::array rows;
    ORIGIN_CHECK(call.around.store.read([&](store::Reader& reader) -> Status {
        rows.clear();
        ORIGIN_TRY(owner, owner_of(reader, project));
        std::size_t looked = 0;
        std::size_t fitting = 0;
        Status decoded;
        ORIGIN_CHECK(reader.scan_back(
            Table::Deployments,
            store::Range::prefix(project.view()),
            [&](std::string_view key, std::string_view value) {
                const auto row = store::decode<store::DeploymentRow>(value);
                const auto id = DeploymentId::from_raw(key.substr(kIdBytes));
                if (!row || !id) {
                    decoded = std::unexpected(Error(Code::Corrupt, "A stored record is damaged."));
                    return false;
                }
                if (is_asked_for(call, *row) && ++fitting > page.skip) {
                    rows.emplace_back(
                        hooks::github_deployment(call.around.urls, {project, *id, *row, owner}));
                }
                return rows.size() < page.rows && ++looked < kPageScanMax;
            }));
        return decoded;
    }));
    return array_answer(rows);
}

Answer get_github_deployment(const Call& call) {
    ORIGIN_TRY(permit, call.permit_to_look(project_of(call)));
    return show(call, permit.project(), call.param("deployment"), 200);
}

Answer list_github_deployment_statuses(const Call& call) {
    ORIGIN_TRY(permit, call.permit_to_look(project_of(call)));
    const ProjectId project = permit.project();
    ORIGIN_TRY(states,
               read_store(call.around.store, [&](store::Reader& reader) -> Result<json::array> {
                   ORIGIN_TRY(id, named_deployment(reader, project, call.param("deployment")));
                   ORIGIN_TRY(row, hooks::need_deployment(reader, project, id));
                   ORIGIN_TRY(owner, owner_of(reader, project));
                   return states_of(call.around.urls, {project, id, row, owner});
               }));
    return array_answer(states);
}

Answer post_github_deployment(const Call& call) {
    ORIGIN_TRY(body, read_body<GithubDeploymentBody>(call.body));
    ORIGIN_TRY(permit, call.permit_named(project_of(call), auth::Action::Deploy));
    const ProjectId project = permit.project();
    ORIGIN_TRY(view, open_view(call, permit));
    ORIGIN_TRY(commit, shown_commit(view, body.ref));
    const std::string target = body.environment.value_or(std::string(store::kProductionTarget));
    return once_only(
        call,
        [&](const auth::Once& once) -> Answer {
            const DeploymentId id = DeploymentId::make(call.around.clock, call.around.random);
            const UnixMillis now = call.now();
            ORIGIN_CHECK(call.write(permit, [&](store::Writer& writer) -> Status {
                ORIGIN_CHECK(check_contexts(writer, project, commit, body.required_contexts));
                ORIGIN_CHECK(hooks::order_deployment(writer,
                                                     {.id = id,
                                                      .project = project,
                                                      .target = target,
                                                      .commit = commit,
                                                      .ref = shown_ref(view, body.ref),
                                                      .preview = body.transient,
                                                      .now = now}));
                return once.record(writer, {id.str()});
            }));
            return show(call, project, id.str(), 201);
        },
        [&](const Ids& ids) { return show(call, project, ids.front(), 201); });
}

}  // namespace origin::api

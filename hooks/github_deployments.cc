// SPDX-License-Identifier: Apache-2.0
#include "hooks/github_deployments.h"

#include "base/clock.h"

namespace origin::hooks {
namespace {

namespace json = boost::json;

std::string_view github_state(std::string_view state, std::string_view health) {
    if (state == "queued") {
        return "queued";
    }
    if (state == "live") {
        return health == "unhealthy" ? "failure" : "success";
    }
    if (state == "failed") {
        return "failure";
    }
    const bool is_over = state == "superseded" || state == "cancelled" || state == "rolled_back";
    return is_over ? "error" : "in_progress";
}

std::string url_of(const auth::Urls& urls, const GithubDeployment& deployment) {
    return github_repository_url(urls, deployment.project) + "/deployments/" + deployment.id.str();
}

}  // namespace

json::object github_deployment(const auth::Urls& urls, const GithubDeployment& deployment) {
    const store::DeploymentRow& row = deployment.row;
    const std::string url = url_of(urls, deployment);
    return {{"url", url},
            {"id", github_number(deployment.id.str())},
            {"node_id", deployment.id.str()},
            {"sha", row.commit.hex()},
            {"ref", row.ref.empty() ? row.commit.hex() : row.ref},
            {"task", row.rollback_of ? "rollback" : "deploy"},
            {"payload", json::object()},
            {"original_environment", row.target},
            {"environment", row.target},
            {"transient_environment", row.preview},
            {"production_environment", row.target == store::kProductionTarget && !row.preview},
            {"description", nullptr},
            {"creator", github_user(urls, deployment.creator)},
            {"created_at", rfc3339(row.created_at)},
            {"updated_at", rfc3339(row.created_at)},
            {"statuses_url", url},
            {"repository_url", github_repository_url(urls, deployment.project)}};
}

json::object github_deployment_status(const auth::Urls& urls,
                                      const GithubDeployment& deployment,
                                      const GithubDeploymentState& state) {
    const std::string url = url_of(urls, deployment);
    return {{"url", url},
            {"id", state.number},
            {"node_id", state.node},
            {"state", github_state(state.state, state.health)},
            {"creator", github_user(urls, deployment.creator)},
            {"description", state.text.empty() ? state.state : state.text},
            {"environment", deployment.row.target},
            {"environment_url", state.url},
            {"log_url", url},
            {"target_url", state.url},
            {"created_at", rfc3339(state.time)},
            {"updated_at", rfc3339(state.time)},
            {"deployment_url", url},
            {"repository_url", github_repository_url(urls, deployment.project)}};
}

}  // namespace origin::hooks

// SPDX-License-Identifier: Apache-2.0
// hooks/github_deployments: deployments and their states as GitHub describes them, in payloads of
// webhooks and in the API for tools that were written for GitHub's.
// Source: the schemas of octokit/webhooks, `deployment` and `deployment_status`.
#pragma once

#include <string>

#include <boost/json/object.hpp>

#include "hooks/github_things.h"
#include "store/rows/deploy.h"

namespace origin::hooks {

struct GithubDeployment {
    ProjectId project;
    DeploymentId id;
    const store::DeploymentRow& row;
    GithubClient creator;
};

/// One state it is or was in.
struct GithubDeploymentState {
    std::int64_t number = 0;  // Grows with time.
    std::string node;         // Our own name for it.
    std::string state;        // As store::name_of().
    std::string health;       // The same, or empty.
    std::string text;         // For people; empty: the state.
    std::string url;
    UnixMillis time = 0;
};

boost::json::object github_deployment(const auth::Urls& urls, const GithubDeployment& deployment);
boost::json::object github_deployment_status(const auth::Urls& urls,
                                             const GithubDeployment& deployment,
                                             const GithubDeploymentState& state);

}  // namespace origin::hooks

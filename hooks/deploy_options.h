// SPDX-License-Identifier: Apache-2.0
// hooks/deploy_options: what `git push -o` says about deployments: deploy.skip,
// deploy.wait=SECONDS, deploy.target=NAME. Other options are none of ours.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace origin::hooks {

inline constexpr std::chrono::seconds kDeployWaitMax{600};

struct DeployOptions {
    bool skip = false;                         // Make no deployment.
    std::optional<std::chrono::seconds> wait;  // How long the push shows what becomes of them.
    std::vector<std::string> targets;          // Only to these; empty: to all that rules name.
    std::vector<std::string> complaints;       // What could not be read, for people.
};

DeployOptions read_deploy_options(const std::vector<std::string>& options);

}  // namespace origin::hooks

// SPDX-License-Identifier: Apache-2.0
// generator/deploy_wish: what `deployment` in a requirement adds: a target, and a rule for exactly
// the run's branch.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/id.h"
#include "store/store.h"

namespace origin::generator {

/// Errors: InvalidInput, reason `platform_unavailable`: there is no connector for it (yet).
Status check_platform(std::string_view platform);

/// The target's name for a branch: `production` for the default branch, else made from the branch.
std::string target_for(std::string_view branch, std::string_view default_branch);

struct DeployWish {
    ProjectId project;
    std::string platform;
    std::string target;
    std::string branch;  // Full ref name.
    UnixMillis now = 0;
};

/// Creates the target unless it exists, and the rule. Errors: Conflict (`target_taken`): the target
/// is there with another connector.
Status add_deploy_wish(store::Writer& writer, const DeployWish& wish);

}  // namespace origin::generator

// SPDX-License-Identifier: Apache-2.0
// generator/deploy_wish: what `deployment` in a requirement adds: a target, unless it is there, and
// a rule for exactly the run's branch.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/id.h"
#include "store/store.h"

namespace origin::generator {

/// As somebody asked for it. The connectors and the master key are not this room's: whoever knows
/// them says what they say of it.
struct DeployWish {
    std::string platform = {};  // The connector; empty: no deployment is asked for.
    std::string target = {};    // Empty: "production" (main) or the branch's own.
    std::map<std::string, std::string> settings = {};
    bool has_secret = false;
    bool preview = false;
    /// May a new target have these settings? Errors: InvalidInput.
    std::function<Status()> check = {};
    /// The secret, sealed for the target.
    std::function<std::string(const ProjectId&, const std::string& target)> seal = {};
};

/// The target's name for a branch: `production` for the default branch, else made from the branch.
std::string target_for(std::string_view branch, std::string_view default_branch);

struct WishedRule {
    ProjectId project;
    std::string target;
    std::string branch;  // Full ref name.
    UnixMillis now = 0;
};

/// Creates the target unless it exists, and the rule. A target that exists stays as it is.
/// Errors: Conflict `target_taken`: it is there with another connector, other settings, or it has a
///         secret of its own and the wish brings one; those of `check`.
Status add_deploy_wish(store::Writer& writer, const DeployWish& wish, const WishedRule& rule);

}  // namespace origin::generator

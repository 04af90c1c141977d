// SPDX-License-Identifier: Apache-2.0
// hooks/deployments: making deployment rows and moving them from state to state, each move with its
// event. Plain functions for a store transaction.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "store/rows/deploy.h"
#include "store/store.h"

namespace origin::hooks {

inline constexpr std::string_view kDeployJob = "deploy";
/// The connector that has another repository follow: one deployment brings all refs, so a push
/// makes one for it, also a push that deletes.
inline constexpr std::string_view kMirror = "git";

/// Contexts of the statuses that commits get of their deployments: these and the target's name.
inline constexpr std::string_view kDeployContexts = "deploy/";
inline constexpr std::string_view kPreviewContexts = "preview/";

struct NewDeployment {
    DeploymentId id;
    ProjectId project;
    std::string target;
    Oid commit;
    std::string ref;         // Empty for a rollback.
    std::uint64_t push = 0;  // The push that made it; without one, whose place it takes.
    std::optional<RunId> run = {};
    std::optional<DeploymentId> rollback_of = {};
    bool preview = false;
    std::vector<DeploymentId> together = {};  // With which it goes live, or not at all.
    UnixMillis now = 0;
};

/// Writes the row and `deployment.queued`, and sees to it that the target has a job, which does all
/// its open deployments one after another. Without such a target the deployment is `failed`.
Status queue_deployment(store::Writer& writer, const NewDeployment& wanted);

/// Sees to it that the target has a job that is ready: something is to be done there. `id` is what
/// a new job is called.
Status rouse_target(store::Writer& writer,
                    const ProjectId& project,
                    std::string_view target,
                    const DeploymentId& id);

/// Those of a target with which something is to be done, the oldest first.
Result<std::vector<DeploymentId>> open_deployments(store::Reader& reader,
                                                   const ProjectId& project,
                                                   std::string_view target);

/// Is something to be done with it?
bool is_open(const store::DeploymentRow& row);

/// Writes `row` in its new state with `line` in its log, and, of that time, the commit's status and
/// the event `deployment.<state>` (`.healthy`, `.unhealthy` once it was looked at).
Status move_deployment(store::Writer& writer,
                       const ProjectId& project,
                       const DeploymentId& id,
                       store::DeploymentRow row,
                       store::LogLine line);

/// The two halves of it, for who keeps the row: the oldest lines but the first go above
/// kDeploymentLogLinesMax.
void add_log_line(store::DeploymentRow& row, store::LogLine line);
Status put_moved(store::Writer& writer,
                 const ProjectId& project,
                 const DeploymentId& id,
                 const store::DeploymentRow& row);

/// Stores a rule. Errors: LimitExceeded `too_many_rules` above kRulesPerProjectMax.
Status put_rule(store::Writer& writer, const ProjectId& project, const store::RuleRow& rule);

/// Errors: NotFound.
Result<store::DeploymentRow> need_deployment(store::Reader& reader,
                                             const ProjectId& project,
                                             const DeploymentId& id);

/// The subject of a deploy job, and back.
std::string deploy_subject(const ProjectId& project, std::string_view target);
struct DeploySubject {
    ProjectId project;
    std::string target;
};
Result<DeploySubject> read_deploy_subject(std::string_view subject);

}  // namespace origin::hooks

// SPDX-License-Identifier: Apache-2.0
// hooks/deployment_orders: what somebody wants done about deployments that are there: ended, tried
// again, removed with their branch; and a deployment that somebody orders. Plain functions for a
// store transaction; the target's job does what takes longer.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/id.h"
#include "base/oid.h"
#include "store/store.h"

namespace origin::hooks {

/// Somebody wants it to end. One that is queued is cancelled; one under way at its next step, by
/// its job, unless it is live by then.
/// Errors: NotFound; Conflict `already_settled`, `cannot_cancel` (a rollback under way).
Status cancel_deployment(store::Writer& writer,
                         const ProjectId& project,
                         const DeploymentId& id,
                         UnixMillis now);
/// Did somebody?
Result<bool> cancel_asked(store::Reader& reader,
                          const ProjectId& project,
                          std::string_view target,
                          const DeploymentId& id);

/// Is something to be done with it?
Result<bool> is_listed_open(store::Reader& reader,
                            const ProjectId& project,
                            std::string_view target,
                            const DeploymentId& id);

struct Order {
    DeploymentId id;
    ProjectId project;
    std::string target;
    Oid commit;
    std::string ref;  // Empty: the commit was named itself.
    bool preview = false;
    UnixMillis now = 0;
};
/// A deployment without a push: it takes the place of the latest one. Errors: NotFound: no such
/// target.
Status order_deployment(store::Writer& writer, Order wanted);

struct Retry {
    DeploymentId id;  // Of the new deployment.
    ProjectId project;
    DeploymentId earlier;
    UnixMillis now = 0;
};
/// The same commit to the same target once more, in the place of the push that it came with.
/// Errors: NotFound; Conflict `not_failed`: it neither failed nor was it cancelled.
Status retry_deployment(store::Writer& writer, const Retry& wanted);

/// A branch is gone: its previews that wait are cancelled, and the one that is live is removed, by
/// its target's job.
Status drop_previews(store::Writer& writer,
                     const ProjectId& project,
                     std::string_view ref,
                     UnixMillis now);

}  // namespace origin::hooks

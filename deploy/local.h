// SPDX-License-Identifier: Apache-2.0
// deploy/local: the `local` connector (decision D8): to go live is one pointer moved. The site is
// served straight from the object database by githttp.
#pragma once

#include <string>

#include "auth/urls.h"
#include "base/clock.h"
#include "base/id.h"
#include "store/jobs.h"
#include "store/rows/deploy.h"
#include "store/store.h"

namespace origin::deploy {

/// The target a project gets with `deployment: {platform: "local"}`; its site has no label.
inline constexpr std::string_view kProductionTarget = "production";

/// Makes the deployment live: release number, target's pointer, state, events; the one before it is
/// superseded. An older push never replaces a newer one: it becomes `superseded` itself.
/// Errors: NotFound, Corrupt.
Status go_live(store::Writer& writer,
               const ProjectId& project,
               const DeploymentId& id,
               const auth::Urls& urls,
               UnixMillis now);

struct Rollback {
    DeploymentId id;  // Of the new deployment.
    ProjectId project;
    DeploymentId earlier;  // Whose commit shall be live again.
    UnixMillis now = 0;
};

/// Puts an earlier release's commit live again, as a new release, at once; what was live becomes
/// `rolled_back`. Errors: NotFound; Conflict (`not_a_release`: it never was live; `already_live`).
Status roll_back(store::Writer& writer, const Rollback& wanted, const auth::Urls& urls);

/// Does deploy jobs.
class LocalDeployer {
public:
    struct Around {
        store::Store& store;
        const auth::Urls& urls;
        const Clock& clock;
    };
    explicit LocalDeployer(Around around) : around_(around) {}

    Status work(const store::Job& job) const;
    /// After the last attempt: the deployment is `failed`, the job is gone.
    Status give_up(const store::Job& job) const;

private:
    Around around_;
};

/// The URL at which a target of a project is live.
std::string live_url(const auth::Urls& urls, std::string_view site, std::string_view target);

}  // namespace origin::deploy

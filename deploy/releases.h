// SPDX-License-Identifier: Apache-2.0
// deploy/releases: what is live on a target, and what was: going live and going back. Plain
// functions for a store transaction. On a `local` target (decision D8) that is all there is to do:
// the site is served straight from the object database by githttp.
#pragma once

#include <string>

#include "auth/urls.h"
#include "base/clock.h"
#include "base/id.h"
#include "store/rows/deploy.h"
#include "store/store.h"

namespace origin::deploy {

inline constexpr std::string_view kLocal = "local";

/// Makes the deployment live at `row.url`: release number, target's pointer, state, event; the one
/// before it is superseded. A preview only becomes live. An older push never replaces a newer one:
/// it becomes `superseded` itself. Errors: NotFound, Corrupt.
Status go_live(store::Writer& writer,
               const ProjectId& project,
               const DeploymentId& id,
               const store::DeploymentRow& row,
               UnixMillis now);

/// The latest release before this one that has another commit; nullopt: there is none.
Result<std::optional<DeploymentId>> release_before(store::Reader& reader,
                                                   const ProjectId& project,
                                                   const store::DeploymentRow& row);

struct Rollback {
    DeploymentId id;  // Of the new deployment.
    ProjectId project;
    DeploymentId earlier;  // Whose commit shall be live again.
    UnixMillis now = 0;
    /// Whose place it takes among the pushes: of one that is undone, so that what came after it is
    /// still deployed. None: the latest.
    std::optional<std::uint64_t> push = {};
};

/// Is something on its way that somebody ordered when `row` was there: a rollback, or a deployment
/// that takes the place of the same push? Who ordered it knows better where to go from `row`.
Result<std::optional<DeploymentId>> ordered_after(store::Reader& reader,
                                                  const ProjectId& project,
                                                  const store::DeploymentRow& row);
/// Then an id: in the log of one that is not put back for that.
inline constexpr std::string_view kNotPutBack = "it is not put back: somebody ordered ";

/// Is what its target shows newer? By push; a rollback is newer than what was ordered before it.
/// Of a preview: is what is shown of its ref newer?
Result<bool> is_outdated(store::Reader& reader,
                         const ProjectId& project,
                         const store::DeploymentRow& row);

/// It becomes `superseded`: something newer is live.
Status pass_over(store::Writer& writer,
                 const ProjectId& project,
                 const DeploymentId& id,
                 store::DeploymentRow row,
                 UnixMillis now);

/// On a `local` target: puts an earlier release's commit live again, as a new release, at once;
/// what was live becomes `rolled_back`. Errors: NotFound; Conflict (`not_a_release`: it never was
/// live; `already_live`).
Status roll_back(store::Writer& writer, const Rollback& wanted, const auth::Urls& urls);

/// The URL at which a `local` target of a project is live.
std::string live_url(const auth::Urls& urls, std::string_view site, std::string_view target);

}  // namespace origin::deploy

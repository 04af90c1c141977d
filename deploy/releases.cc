// SPDX-License-Identifier: Apache-2.0
#include "deploy/releases.h"

#include "git/serve/catalogue.h"
#include "git/serve/refs.h"
#include "hooks/deployments.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::deploy {
namespace {

using store::DeploymentRow;
using store::DeploymentState;
using store::Table;
using store::TargetRow;
using store::Writer;

Result<TargetRow> need_target(store::Reader& reader,
                              const ProjectId& project,
                              std::string_view name) {
    return store::need_row<TargetRow>(
        reader, Table::Targets, store::target_key(project, name), "no such target");
}

/// Is what is live newer than `row`? A rollback is newer than every deployment queued before it.
bool is_outdated(const DeploymentRow& row, const DeploymentRow& live) {
    return live.push > row.push || (live.push == row.push && live.rollback_of && !row.rollback_of);
}

/// Replaces whatever was live. Its state becomes `left`.
Status retire_live(Writer& writer,
                   const ProjectId& project,
                   const TargetRow& target,
                   DeploymentState left,
                   UnixMillis now) {
    if (!target.live) {
        return {};
    }
    ORIGIN_TRY(live, hooks::need_deployment(writer, project, *target.live));
    live.state = left;
    return hooks::move_deployment(
        writer,
        project,
        *target.live,
        live,
        {now,
         left == DeploymentState::RolledBack ? "replaced by a rollback"
                                             : "replaced by a newer deployment"});
}

struct Publication {
    const ProjectId& project;
    const DeploymentId& id;
    DeploymentRow row;
    DeploymentState predecessor_becomes;
    UnixMillis now;
};

/// Moves the pointer and numbers the release.
Status publish(Writer& writer, Publication wanted) {
    ORIGIN_TRY(target, need_target(writer, wanted.project, wanted.row.target));
    ORIGIN_CHECK(
        retire_live(writer, wanted.project, target, wanted.predecessor_becomes, wanted.now));
    target.live = wanted.id;
    target.releases += 1;
    wanted.row.release = target.releases;
    wanted.row.state = DeploymentState::Live;
    ORIGIN_CHECK(store::put_row(
        writer, Table::Targets, store::target_key(wanted.project, wanted.row.target), target));
    ORIGIN_CHECK(
        store::put_row(writer,
                       Table::Releases,
                       store::release_key(wanted.project, wanted.row.target, target.releases),
                       store::ReleaseRow{wanted.id, wanted.row.commit, wanted.now}));
    return hooks::move_deployment(
        writer,
        wanted.project,
        wanted.id,
        wanted.row,
        {wanted.now, "live as release " + std::to_string(target.releases)});
}

}  // namespace

std::string live_url(const auth::Urls& urls, std::string_view site, std::string_view target) {
    return urls.site_with_label(site, target == kProductionTarget ? std::string_view() : target);
}

Status go_live(Writer& writer,
               const ProjectId& project,
               const DeploymentId& id,
               const DeploymentRow& row,
               UnixMillis now) {
    ORIGIN_TRY(target, need_target(writer, project, row.target));
    DeploymentRow live_row = row;
    if (row.preview) {
        live_row.state = DeploymentState::Live;
        return hooks::move_deployment(writer, project, id, live_row, {now, "live as a preview"});
    }
    if (target.live) {
        ORIGIN_TRY(live, hooks::need_deployment(writer, project, *target.live));
        if (is_outdated(row, live)) {
            live_row.state = DeploymentState::Superseded;
            live_row.url.clear();
            return hooks::move_deployment(
                writer, project, id, live_row, {now, "a newer deployment is live already"});
        }
    }
    const auto before = row.rollback_of ? DeploymentState::RolledBack : DeploymentState::Superseded;
    return publish(writer, {project, id, live_row, before, now});
}

Status roll_back(Writer& writer, const Rollback& wanted, const auth::Urls& urls) {
    ORIGIN_TRY(earlier, hooks::need_deployment(writer, wanted.project, wanted.earlier));
    if (earlier.release == 0) {
        return std::unexpected(
            Error(Code::Conflict, "that deployment never was live").because("not_a_release"));
    }
    ORIGIN_TRY(target, need_target(writer, wanted.project, earlier.target));
    if (target.live == wanted.earlier) {
        return std::unexpected(
            Error(Code::Conflict, "that deployment is live already").because("already_live"));
    }
    ORIGIN_TRY(last_push, git::latest_push(writer, wanted.project));
    if (target.connector != kLocal) {
        return hooks::queue_deployment(writer,
                                       {.id = wanted.id,
                                        .project = wanted.project,
                                        .target = earlier.target,
                                        .commit = earlier.commit,
                                        .ref = {},
                                        .push = last_push,
                                        .rollback_of = wanted.earlier,
                                        .now = wanted.now});
    }
    ORIGIN_TRY(project, git::need_project(writer, wanted.project));
    const DeploymentRow row{.target = earlier.target,
                            .commit = earlier.commit,
                            .ref = {},
                            .push = last_push,
                            .run = {},
                            .rollback_of = wanted.earlier,
                            .state = DeploymentState::Queued,
                            .release = 0,
                            .url = live_url(urls, project.site, earlier.target),
                            .error = {},
                            .log = {},
                            .created_at = wanted.now,
                            .updated_at = wanted.now};
    return publish(writer,
                   {wanted.project, wanted.id, row, DeploymentState::RolledBack, wanted.now});
}

}  // namespace origin::deploy

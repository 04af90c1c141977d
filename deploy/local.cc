// SPDX-License-Identifier: Apache-2.0
#include "deploy/local.h"

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
Status publish(Writer& writer, Publication wanted, const auth::Urls& urls) {
    ORIGIN_TRY(project, git::need_project(writer, wanted.project));
    ORIGIN_TRY(target, need_target(writer, wanted.project, wanted.row.target));
    ORIGIN_CHECK(
        retire_live(writer, wanted.project, target, wanted.predecessor_becomes, wanted.now));
    target.live = wanted.id;
    target.releases += 1;
    wanted.row.release = target.releases;
    wanted.row.state = DeploymentState::Live;
    wanted.row.url = live_url(urls, project.site, wanted.row.target);
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
               const auth::Urls& urls,
               UnixMillis now) {
    ORIGIN_TRY(row, hooks::need_deployment(writer, project, id));
    if (store::is_settled(row.state)) {
        return {};  // A worker died between this transaction and its next breath.
    }
    ORIGIN_TRY(target, need_target(writer, project, row.target));
    if (target.live) {
        ORIGIN_TRY(live, hooks::need_deployment(writer, project, *target.live));
        if (is_outdated(row, live)) {
            row.state = DeploymentState::Superseded;
            return hooks::move_deployment(
                writer, project, id, row, {now, "a newer deployment is live already"});
        }
    }
    return publish(writer, {project, id, row, DeploymentState::Superseded, now}, urls);
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
    const DeploymentRow row{.target = earlier.target,
                            .commit = earlier.commit,
                            .ref = {},
                            .push = last_push,
                            .run = {},
                            .rollback_of = wanted.earlier,
                            .state = DeploymentState::Queued,
                            .release = 0,
                            .url = {},
                            .error = {},
                            .log = {},
                            .created_at = wanted.now,
                            .updated_at = wanted.now};
    return publish(
        writer, {wanted.project, wanted.id, row, DeploymentState::RolledBack, wanted.now}, urls);
}

Status LocalDeployer::work(const store::Job& job) const {
    ORIGIN_TRY(subject, hooks::read_deploy_subject(job.subject));
    const UnixMillis now = around_.clock.now();
    return around_.store.write([&](Writer& writer) -> Status {
        ORIGIN_CHECK(store::complete(writer, job));
        const Status live = go_live(writer, subject.project, subject.deployment, around_.urls, now);
        // The project or target was deleted meanwhile: there is nothing left to do.
        return !live && live.error().code() == Code::NotFound ? Status() : live;
    });
}

Status LocalDeployer::give_up(const store::Job& job) const {
    ORIGIN_TRY(subject, hooks::read_deploy_subject(job.subject));
    const UnixMillis now = around_.clock.now();
    return around_.store.write([&](Writer& writer) -> Status {
        ORIGIN_CHECK(store::complete(writer, job));
        ORIGIN_TRY(row, hooks::need_deployment(writer, subject.project, subject.deployment));
        if (store::is_settled(row.state)) {
            return {};
        }
        row.state = DeploymentState::Failed;
        row.error = "the deployment failed " + std::to_string(job.attempt - 1) + " times";
        return hooks::move_deployment(
            writer, subject.project, subject.deployment, row, {now, row.error});
    });
}

}  // namespace origin::deploy

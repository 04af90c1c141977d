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

/// As a state begins.
store::DeployProgress fresh(store::DeployProgress progress) {
    progress.failures = 0;
    progress.waiting.clear();
    progress.waits_until = 0;
    return progress;
}

/// Of a ref one preview is live.
Status show_preview(Writer& writer,
                    const ProjectId& project,
                    const DeploymentId& id,
                    DeploymentRow row,
                    UnixMillis now) {
    const std::string key = store::preview_key(project, row.target, row.ref);
    ORIGIN_TRY(before, store::get_row<store::PreviewRow>(writer, Table::Previews, key));
    if (before && before->deployment != id) {
        ORIGIN_TRY(old, hooks::need_deployment(writer, project, before->deployment));
        old.state = DeploymentState::Superseded;
        ORIGIN_CHECK(hooks::move_deployment(
            writer, project, before->deployment, old, {now, "replaced by a newer preview"}));
    }
    row.state = DeploymentState::Live;
    row.progress = fresh(std::move(row.progress));
    ORIGIN_TRY(branch, git::find_ref(writer, project, row.ref));
    if (!row.ref.empty() && !branch) {
        row.unwanted = true;  // The branch was deleted meanwhile.
        return hooks::move_deployment(
            writer, project, id, std::move(row), {now, "live, but its branch was deleted"});
    }
    ORIGIN_CHECK(store::put_row(writer, Table::Previews, key, store::PreviewRow{id}));
    return hooks::move_deployment(writer, project, id, std::move(row), {now, "live as a preview"});
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
    wanted.row.health =
        target.health.path.empty() ? store::Health::Unknown : store::Health::Checking;
    wanted.row.progress = fresh(wanted.row.progress);
    ORIGIN_CHECK(store::put_row(
        writer, Table::Targets, store::target_key(wanted.project, wanted.row.target), target));
    if (hooks::is_open(wanted.row)) {
        ORIGIN_CHECK(hooks::rouse_target(writer, wanted.project, wanted.row.target, wanted.id));
    }
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
    return urls.site_with_label(site,
                                target == store::kProductionTarget ? std::string_view() : target);
}

Result<std::optional<DeploymentId>> ordered_after(store::Reader& reader,
                                                  const ProjectId& project,
                                                  const DeploymentRow& row) {
    ORIGIN_TRY(open, hooks::open_deployments(reader, project, row.target));
    for (const DeploymentId& id : open) {
        ORIGIN_TRY(other, hooks::need_deployment(reader, project, id));
        const bool is_later = other.push == row.push && other.created_at > row.created_at;
        if (!store::is_settled(other.state) && !other.preview && (other.rollback_of || is_later)) {
            return id;
        }
    }
    return std::nullopt;
}

Result<bool> is_outdated(store::Reader& reader,
                         const ProjectId& project,
                         const DeploymentRow& row) {
    if (row.preview) {
        ORIGIN_TRY(shown,
                   store::get_row<store::PreviewRow>(
                       reader, Table::Previews, store::preview_key(project, row.target, row.ref)));
        if (!shown) {
            return false;
        }
        ORIGIN_TRY(newest, hooks::need_deployment(reader, project, shown->deployment));
        return newest.push > row.push;
    }
    ORIGIN_TRY(target, need_target(reader, project, row.target));
    if (!target.live) {
        return false;
    }
    ORIGIN_TRY(live, hooks::need_deployment(reader, project, *target.live));
    const bool is_undone =
        live.rollback_of && !row.rollback_of && row.created_at <= live.created_at;
    return live.push > row.push || (live.push == row.push && is_undone);
}

Status pass_over(Writer& writer,
                 const ProjectId& project,
                 const DeploymentId& id,
                 DeploymentRow row,
                 UnixMillis now) {
    row.state = DeploymentState::Superseded;
    row.url.clear();
    return hooks::move_deployment(
        writer, project, id, std::move(row), {now, "a newer deployment is live already"});
}

Status go_live(Writer& writer,
               const ProjectId& project,
               const DeploymentId& id,
               const DeploymentRow& row,
               UnixMillis now) {
    DeploymentRow live_row = row;
    ORIGIN_TRY(outdated, is_outdated(writer, project, row));
    if (outdated) {
        return pass_over(writer, project, id, std::move(live_row), now);
    }
    if (row.preview) {
        return show_preview(writer, project, id, std::move(live_row), now);
    }
    const auto before = row.rollback_of ? DeploymentState::RolledBack : DeploymentState::Superseded;
    return publish(writer, {project, id, live_row, before, now});
}

Result<std::optional<DeploymentId>> release_before(store::Reader& reader,
                                                   const ProjectId& project,
                                                   const DeploymentRow& row) {
    std::optional<DeploymentId> goal;
    Status decoded;
    const store::Range before{store::release_key(project, row.target, 0),
                              store::release_key(project, row.target, row.release)};
    ORIGIN_CHECK(
        reader.scan_back(Table::Releases, before, [&](std::string_view, std::string_view value) {
            const auto release = store::decode<store::ReleaseRow>(value);
            if (!release) {
                decoded = std::unexpected(release.error());
                return false;
            }
            if (release->commit != row.commit) {
                goal = release->deployment;
            }
            return !goal;
        }));
    ORIGIN_CHECK(decoded);
    return goal;
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
    const std::uint64_t push = wanted.push.value_or(last_push);
    if (target.connector != kLocal) {
        return hooks::queue_deployment(writer,
                                       {.id = wanted.id,
                                        .project = wanted.project,
                                        .target = earlier.target,
                                        .commit = earlier.commit,
                                        .ref = {},
                                        .push = push,
                                        .rollback_of = wanted.earlier,
                                        .now = wanted.now});
    }
    ORIGIN_TRY(project, git::need_project(writer, wanted.project));
    const DeploymentRow row{.target = earlier.target,
                            .commit = earlier.commit,
                            .ref = {},
                            .push = push,
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

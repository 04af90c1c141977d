// SPDX-License-Identifier: Apache-2.0
#include "hooks/deployment_orders.h"

#include <utility>

#include "git/serve/refs.h"
#include "hooks/deployments.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::hooks {
namespace {

using store::DeploymentRow;
using store::DeploymentState;
using store::Table;

std::unexpected<Error> refuse(std::string reason, std::string why) {
    return std::unexpected(Error(Code::Conflict, std::move(why)).because(std::move(reason)));
}

Status settle(store::Writer& writer,
              const ProjectId& project,
              const DeploymentId& id,
              DeploymentRow row,
              store::LogLine line) {
    row.state = DeploymentState::Cancelled;
    row.error = line.text;
    const std::string target = row.target;
    ORIGIN_CHECK(move_deployment(writer, project, id, std::move(row), std::move(line)));
    // Its job may sleep until its turn, and hold the target.
    ORIGIN_TRY(open, open_deployments(writer, project, target));
    return open.empty() ? rouse_target(writer, project, target, id) : Status();
}

/// Its job ends it.
Status ask_to_cancel(store::Writer& writer,
                     const ProjectId& project,
                     const DeploymentId& id,
                     const DeploymentRow& row) {
    ORIGIN_CHECK(writer.put(Table::OpenDeployments,
                            store::open_deployment_key(project, row.target, id),
                            store::kCancelAsked));
    return rouse_target(writer, project, row.target, id);
}

/// Of one target: those on their way, and the one that is live.
Status drop_previews_of(store::Writer& writer,
                        const ProjectId& project,
                        const std::string& target,
                        std::string_view ref,
                        UnixMillis now) {
    ORIGIN_TRY(open, open_deployments(writer, project, target));
    for (const DeploymentId& id : open) {
        ORIGIN_TRY(row, need_deployment(writer, project, id));
        if (!row.preview || row.ref != ref || store::is_settled(row.state)) {
            continue;
        }
        ORIGIN_CHECK(row.state == DeploymentState::Queued
                         ? settle(writer, project, id, row, {now, "its branch was deleted"})
                         : ask_to_cancel(writer, project, id, row));
    }
    const std::string key = store::preview_key(project, target, ref);
    ORIGIN_TRY(preview, store::get_row<store::PreviewRow>(writer, Table::Previews, key));
    if (!preview) {
        return {};
    }
    ORIGIN_TRY(row, need_deployment(writer, project, preview->deployment));
    row.unwanted = true;
    ORIGIN_CHECK(writer.erase(Table::Previews, key));
    ORIGIN_CHECK(store::put_row(
        writer, Table::Deployments, store::deployment_key(project, preview->deployment), row));
    ORIGIN_CHECK(writer.put(Table::OpenDeployments,
                            store::open_deployment_key(project, target, preview->deployment),
                            {}));
    return rouse_target(writer, project, target, preview->deployment);
}

}  // namespace

Status cancel_deployment(store::Writer& writer,
                         const ProjectId& project,
                         const DeploymentId& id,
                         UnixMillis now) {
    ORIGIN_TRY(row, need_deployment(writer, project, id));
    if (store::is_settled(row.state)) {
        return refuse("already_settled",
                      "that deployment is " + std::string(store::name_of(row.state)) +
                          " already; to undo one that is live, roll it back");
    }
    if (row.state == DeploymentState::Queued) {
        return settle(writer, project, id, row, {now, "cancelled"});
    }
    if (row.rollback_of) {
        return refuse("cannot_cancel",
                      "the provider is putting the earlier release back: roll forward instead");
    }
    return ask_to_cancel(writer, project, id, row);
}

Result<bool> cancel_asked(store::Reader& reader,
                          const ProjectId& project,
                          std::string_view target,
                          const DeploymentId& id) {
    ORIGIN_TRY(value,
               reader.get(Table::OpenDeployments, store::open_deployment_key(project, target, id)));
    return value == store::kCancelAsked;
}

Result<bool> is_listed_open(store::Reader& reader,
                            const ProjectId& project,
                            std::string_view target,
                            const DeploymentId& id) {
    ORIGIN_TRY(value,
               reader.get(Table::OpenDeployments, store::open_deployment_key(project, target, id)));
    return value.has_value();
}

Status order_deployment(store::Writer& writer, Order wanted) {
    ORIGIN_CHECK(store::need_row<store::TargetRow>(writer,
                                                   Table::Targets,
                                                   store::target_key(wanted.project, wanted.target),
                                                   "no such target"));
    ORIGIN_TRY(push, git::latest_push(writer, wanted.project));
    if (wanted.ref.starts_with(git::kDeploymentsPrefix)) {
        wanted.ref.clear();  // It says what is live: no branch, and never deleted.
    }
    return queue_deployment(writer,
                            {.id = wanted.id,
                             .project = wanted.project,
                             .target = std::move(wanted.target),
                             .commit = wanted.commit,
                             .ref = std::move(wanted.ref),
                             .push = push,
                             .preview = wanted.preview,
                             .now = wanted.now});
}

Status retry_deployment(store::Writer& writer, const Retry& wanted) {
    ORIGIN_TRY(row, need_deployment(writer, wanted.project, wanted.earlier));
    if (row.state != DeploymentState::Failed && row.state != DeploymentState::Cancelled) {
        return refuse("not_failed",
                      "that deployment is " + std::string(store::name_of(row.state)) +
                          ": only one that failed or was cancelled is tried again");
    }
    return queue_deployment(writer,
                            {.id = wanted.id,
                             .project = wanted.project,
                             .target = row.target,
                             .commit = row.commit,
                             .ref = row.ref,
                             .push = row.push,
                             .run = row.run,
                             .rollback_of = row.rollback_of,
                             .preview = row.preview,
                             .now = wanted.now});
}

Status drop_previews(store::Writer& writer,
                     const ProjectId& project,
                     std::string_view ref,
                     UnixMillis now) {
    ORIGIN_TRY(targets,
               store::scan_rows<store::TargetRow>(
                   writer, Table::Targets, store::Range::prefix(project.view())));
    for (const auto& [key, target] : targets) {
        ORIGIN_CHECK(drop_previews_of(writer, project, key.substr(kIdBytes), ref, now));
    }
    return {};
}

}  // namespace origin::hooks

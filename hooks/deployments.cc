// SPDX-License-Identifier: Apache-2.0
#include "hooks/deployments.h"

#include <boost/json.hpp>

#include "base/limits.h"
#include "git/serve/catalogue.h"
#include "store/event_log.h"
#include "store/jobs.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"
#include "store/rows/policy.h"

namespace origin::hooks {
namespace {

using store::Table;

Status add_event(store::Writer& writer,
                 const ProjectId& project,
                 const DeploymentId& id,
                 const store::DeploymentRow& row,
                 UnixMillis now) {
    boost::json::object data{{"deploymentId", id.str()},
                             {"projectId", project.str()},
                             {"target", row.target},
                             {"commit", row.commit.hex()},
                             {"state", store::name_of(row.state)}};
    if (!row.url.empty()) {
        data["url"] = row.url;
    }
    if (row.release != 0) {
        data["release"] = row.release;
    }
    if (row.run) {
        data["run"] = row.run->str();
    }
    if (!row.error.empty()) {
        data["error"] = row.error;
    }
    const bool is_verdict =
        row.state == store::DeploymentState::Live &&
        (row.health == store::Health::Healthy || row.health == store::Health::Unhealthy);
    if (is_verdict) {
        data["health"] = store::name_of(row.health);
    }
    ORIGIN_CHECK(store::append_event(
        writer,
        store::Event{.time = now,
                     .type = "deployment." + std::string(is_verdict ? store::name_of(row.health)
                                                                    : store::name_of(row.state)),
                     .project = project,
                     .client = {},
                     .data = boost::json::serialize(data)}));
    return {};
}

/// What the commit's status `deploy/<target>` or `preview/<target>` becomes; nullopt: it stays. One
/// that was live and is not any more has been deployed none the less.
std::optional<store::StatusState> status_of(const store::DeploymentRow& row) {
    switch (row.state) {
        case store::DeploymentState::Queued:
        case store::DeploymentState::Building:
        case store::DeploymentState::Uploading:
        case store::DeploymentState::Processing:
            return store::StatusState::Pending;
        case store::DeploymentState::Live:
            return row.health == store::Health::Checking    ? store::StatusState::Pending
                   : row.health == store::Health::Unhealthy ? store::StatusState::Failure
                                                            : store::StatusState::Success;
        case store::DeploymentState::Failed:
            return store::StatusState::Failure;
        case store::DeploymentState::Superseded:
        case store::DeploymentState::Cancelled:
        case store::DeploymentState::RolledBack:
            break;
    }
    const bool was_live = row.release != 0 || (row.preview && !row.url.empty());
    return was_live ? std::nullopt : std::optional(store::StatusState::Error);
}

Status put_status(store::Writer& writer,
                  const ProjectId& project,
                  const store::DeploymentRow& row) {
    const auto state = status_of(row);
    if (!state) {
        return {};
    }
    ORIGIN_TRY(owner, git::need_project(writer, project));
    const std::string context =
        std::string(row.preview ? kPreviewContexts : kDeployContexts) + row.target;
    return store::put_row(
        writer,
        Table::Statuses,
        store::status_key(project, row.commit, context),
        store::StatusRow{.state = *state,
                         .description = row.log.empty() ? "" : row.log.back().text,
                         .target_url = row.url,
                         .client = owner.owner,
                         .updated_at = row.updated_at});
}

}  // namespace

std::string deploy_subject(const ProjectId& project, std::string_view target) {
    return store::key(project, target);
}

Result<DeploySubject> read_deploy_subject(std::string_view subject) {
    store::KeyParts parts(subject);
    const auto project = parts.id<ProjectId>();
    if (!project) {
        return std::unexpected(Error(Code::Corrupt, "a stored job is damaged"));
    }
    return DeploySubject{*project, std::string(subject.substr(kIdBytes))};
}

Result<std::vector<DeploymentId>> open_deployments(store::Reader& reader,
                                                   const ProjectId& project,
                                                   std::string_view target) {
    std::vector<DeploymentId> open;
    const std::string prefix = store::key(project, store::Label{target});
    ORIGIN_CHECK(reader.scan(Table::OpenDeployments,
                             store::Range::prefix(prefix),
                             [&](std::string_view key, std::string_view) {
                                 const auto id = DeploymentId::from_raw(key.substr(prefix.size()));
                                 if (id) {
                                     open.push_back(*id);
                                 }
                                 return true;
                             }));
    return open;
}

Status rouse_target(store::Writer& writer,
                    const ProjectId& project,
                    std::string_view target,
                    const DeploymentId& id) {
    const std::string key = store::target_key(project, target);
    ORIGIN_TRY(row, store::need_row<store::TargetRow>(writer, Table::Targets, key, "no target"));
    if (row.job) {
        return store::hasten(writer, *row.job);
    }
    const JobId job{id.raw};
    ORIGIN_CHECK(store::enqueue(writer,
                                {.id = job,
                                 .kind = std::string(kDeployJob),
                                 .subject = deploy_subject(project, target),
                                 .ready_at = store::kAtOnce,
                                 .lease = {},
                                 .payload = {}}));
    row.job = job;
    return store::put_row(writer, Table::Targets, key, row);
}

Status queue_deployment(store::Writer& writer, const NewDeployment& wanted) {
    store::DeploymentRow row{.target = wanted.target,
                             .commit = wanted.commit,
                             .ref = wanted.ref,
                             .push = wanted.push,
                             .run = wanted.run,
                             .rollback_of = wanted.rollback_of,
                             .state = store::DeploymentState::Queued,
                             .release = 0,
                             .url = {},
                             .error = {},
                             .log = {},
                             .created_at = wanted.now,
                             .updated_at = wanted.now,
                             .preview = wanted.preview,
                             .together = wanted.together};
    const std::string key = store::target_key(wanted.project, wanted.target);
    ORIGIN_TRY(target, store::get_row<store::TargetRow>(writer, Table::Targets, key));
    if (!target) {
        row.state = store::DeploymentState::Failed;
        row.error = "there is no target of this name";
        return move_deployment(writer, wanted.project, wanted.id, row, {wanted.now, row.error});
    }
    if (!target->job) {
        ORIGIN_CHECK(rouse_target(writer, wanted.project, wanted.target, wanted.id));
    }
    return move_deployment(writer, wanted.project, wanted.id, row, {wanted.now, "queued"});
}

bool is_open(const store::DeploymentRow& row) {
    const bool is_looked_at =
        row.state == store::DeploymentState::Live && row.health == store::Health::Checking;
    return !store::is_settled(row.state) || is_looked_at || row.unwanted;
}

void add_log_line(store::DeploymentRow& row, store::LogLine line) {
    row.updated_at = line.time;
    if (row.log.size() >= kDeploymentLogLinesMax) {
        row.log.erase(row.log.begin() + 1);  // The first one says how it began.
    }
    row.log.push_back(std::move(line));
}

Status put_moved(store::Writer& writer,
                 const ProjectId& project,
                 const DeploymentId& id,
                 const store::DeploymentRow& row) {
    const std::string open = store::open_deployment_key(project, row.target, id);
    if (!is_open(row)) {
        ORIGIN_CHECK(writer.erase(Table::OpenDeployments, open));
    } else {
        ORIGIN_TRY(there, writer.get(Table::OpenDeployments, open));
        if (!there || store::is_settled(row.state)) {  // What somebody asked for stays till then.
            ORIGIN_CHECK(writer.put(Table::OpenDeployments, open, {}));
        }
    }
    ORIGIN_CHECK(
        store::put_row(writer, Table::Deployments, store::deployment_key(project, id), row));
    ORIGIN_CHECK(put_status(writer, project, row));
    return add_event(writer, project, id, row, row.updated_at);
}

Status move_deployment(store::Writer& writer,
                       const ProjectId& project,
                       const DeploymentId& id,
                       store::DeploymentRow row,
                       store::LogLine line) {
    add_log_line(row, std::move(line));
    return put_moved(writer, project, id, row);
}

Status put_rule(store::Writer& writer, const ProjectId& project, const store::RuleRow& rule) {
    const std::string key = store::rule_key(project, rule.target, rule.pattern);
    ORIGIN_TRY(there, writer.get(Table::Rules, key));
    ORIGIN_TRY(rules,
               store::scan_rows<store::RuleRow>(
                   writer, Table::Rules, store::Range::prefix(project.view())));
    if (!there && rules.size() >= kRulesPerProjectMax) {
        return std::unexpected(Error(Code::LimitExceeded, "a project has at most 100 rules")
                                   .because("too_many_rules"));
    }
    return store::put_row(writer, Table::Rules, key, rule);
}

Result<store::DeploymentRow> need_deployment(store::Reader& reader,
                                             const ProjectId& project,
                                             const DeploymentId& id) {
    return store::need_row<store::DeploymentRow>(
        reader, Table::Deployments, store::deployment_key(project, id), "no such deployment");
}

}  // namespace origin::hooks

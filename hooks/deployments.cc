// SPDX-License-Identifier: Apache-2.0
#include "hooks/deployments.h"

#include <boost/json.hpp>

#include "base/limits.h"
#include "store/event_log.h"
#include "store/jobs.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

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
    ORIGIN_CHECK(store::append_event(
        writer,
        store::Event{.time = now,
                     .type = "deployment." + std::string(store::name_of(row.state)),
                     .project = project,
                     .client = {},
                     .data = boost::json::serialize(data)}));
    return {};
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
                             .preview = wanted.preview};
    const std::string key = store::target_key(wanted.project, wanted.target);
    ORIGIN_TRY(target, store::get_row<store::TargetRow>(writer, Table::Targets, key));
    if (!target) {
        row.state = store::DeploymentState::Failed;
        row.error = "there is no target of this name";
        return move_deployment(writer, wanted.project, wanted.id, row, {wanted.now, row.error});
    }
    if (!target->job) {
        const JobId job{wanted.id.raw};
        ORIGIN_CHECK(store::enqueue(writer,
                                    {.id = job,
                                     .kind = std::string(kDeployJob),
                                     .subject = deploy_subject(wanted.project, wanted.target),
                                     .ready_at = store::kAtOnce,
                                     .lease = {},
                                     .payload = {}}));
        target->job = job;
        ORIGIN_CHECK(store::put_row(writer, Table::Targets, key, *target));
    }
    return move_deployment(writer, wanted.project, wanted.id, row, {wanted.now, "queued"});
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
    ORIGIN_CHECK(store::is_settled(row.state) ? writer.erase(Table::OpenDeployments, open)
                                              : writer.put(Table::OpenDeployments, open, {}));
    ORIGIN_CHECK(
        store::put_row(writer, Table::Deployments, store::deployment_key(project, id), row));
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

// SPDX-License-Identifier: Apache-2.0
#include "hooks/deployments.h"

#include <boost/json.hpp>

#include "base/limits.h"
#include "store/event_log.h"
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

std::string deploy_subject(const ProjectId& project, const DeploymentId& id) {
    return store::key(project, id);
}

Result<DeploySubject> read_deploy_subject(std::string_view subject) {
    store::KeyParts parts(subject);
    const auto project = parts.id<ProjectId>();
    const auto deployment = parts.id<DeploymentId>();
    if (!project || !deployment) {
        return std::unexpected(Error(Code::Corrupt, "a stored job is damaged"));
    }
    return DeploySubject{*project, *deployment};
}

Status queue_deployment(store::Writer& writer, const NewDeployment& wanted) {
    const store::DeploymentRow row{.target = wanted.target,
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
                                   .updated_at = wanted.now};
    ORIGIN_CHECK(store::enqueue(writer,
                                store::Job{.id = JobId{wanted.id.raw},
                                           .kind = std::string(kDeployJob),
                                           .subject = deploy_subject(wanted.project, wanted.id),
                                           .ready_at = store::kAtOnce,
                                           .lease = {},
                                           .payload = {}}));
    return move_deployment(writer, wanted.project, wanted.id, row, {wanted.now, "queued"});
}

Status move_deployment(store::Writer& writer,
                       const ProjectId& project,
                       const DeploymentId& id,
                       store::DeploymentRow row,
                       store::LogLine line) {
    row.updated_at = line.time;
    row.log.push_back(std::move(line));
    ORIGIN_CHECK(
        store::put_row(writer, Table::Deployments, store::deployment_key(project, id), row));
    return add_event(writer, project, id, row, row.updated_at);
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

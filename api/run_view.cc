// SPDX-License-Identifier: Apache-2.0
#include "api/run_view.h"

#include <map>

#include <boost/json.hpp>

#include "api/views.h"
#include "base/limits.h"
#include "git/serve/catalogue.h"
#include "hooks/deployments.h"
#include "store/jobs.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::api {
namespace {

namespace json = boost::json;
using store::RunRow;
using store::RunState;

constexpr std::size_t kLabelSeparatorBytes = 2;  // "--"

struct Asked {
    DeploymentId id;
    store::DeploymentRow row;
};

/// The deployment that the requirement asked for, once the run's push has made it.
Result<std::optional<Asked>> asked_deployment(store::Reader& reader, const RunRow& run) {
    for (const DeploymentId& id : run.deployments) {
        ORIGIN_TRY(row,
                   store::get_row<store::DeploymentRow>(
                       reader, store::Table::Deployments, store::deployment_key(run.project, id)));
        if (row && row->target == run.deploy_target) {
            return std::optional(Asked{id, std::move(*row)});
        }
    }
    return std::optional<Asked>();
}

/// Where the run's files can be seen: its commit; before there is one, its branch.
std::string preview_url(const Around& around, const RunRow& run, std::string_view site) {
    const std::string label =
        run.commit.is_zero()
            ? auth::branch_label(short_branch(run.branch),
                                 kDnsLabelBytesMax - kLabelSeparatorBytes - site.size())
            : auth::commit_label(run.commit);
    return signed_url(around, around.urls.site_with_label(site, label));
}

void add_report(json::object& body, const RunRow& run) {
    json::array lines;
    std::map<std::string, std::uint64_t> counts;
    for (const store::TraceRow& line : run.traceability) {
        ++counts[line.status];
        lines.push_back({{"id", line.id},
                         {"text", line.text},
                         {"status", line.status},
                         {"reason", line.reason},
                         {"evidence", texts_json(line.evidence)}});
    }
    json::array checks;
    for (const store::CheckRow& check : run.checks) {
        checks.push_back(
            {{"name", check.name}, {"passed", check.passed}, {"detail", check.detail}});
    }
    body["traceability"] = std::move(lines);
    body["counts"] = json::value_from(counts);
    body["checks"] = std::move(checks);
    body["usage"] = {{"engine", run.engine}, {"attempts", run.attempts}};
    if (!run.error_code.empty()) {
        body["error"] = {{"code", run.error_code}, {"detail", run.error_text}};
    }
}

json::object links_of(const Around& around, const RunId& id, const RunRow& run) {
    const std::string self = "/requirements/" + id.str();
    return {{"self", around.urls.api(self)},
            {"events", around.urls.api(self + "/events")},
            {"project", around.urls.api("/projects/" + run.project.str())}};
}

}  // namespace

Result<std::string_view> run_status(store::Reader& reader, const RunId& id, const RunRow& run) {
    switch (run.state) {
        case RunState::Pending:
        case RunState::Generating:
            return "pending";
        case RunState::Committed: {
            // The second half of autoMerge is the same job.
            ORIGIN_TRY(job, store::find_job(reader, JobId{id.raw}));
            ORIGIN_TRY(asked, asked_deployment(reader, run));
            const bool deploys = asked && !store::is_settled(asked->row.state);
            return job || deploys ? "pending" : "complete";
        }
        case RunState::AlreadySatisfied:
            return "complete";
        default:
            return "error";
    }
}

Result<RunView> view_run(store::Reader& reader, const Around& around, const RunId& id) {
    ORIGIN_TRY(run, generator::need_run(reader, id));
    // The row, not need_project: what became of a deleted project's runs may still be read.
    ORIGIN_TRY(project,
               store::need_row<store::ProjectRow>(
                   reader, store::Table::Projects, run.project.view(), "no such project"));
    ORIGIN_TRY(name, git::full_name(reader, project));
    ORIGIN_TRY(status, run_status(reader, id, run));
    RunView view{.body = {}, .status = status};
    json::object& body = view.body;
    body = {{"requestId", id.str()},
            {"projectId", run.project.str()},
            {"clientId", run.client.str()},
            {"status", status},
            {"state", store::name_of(run.state)},
            {"title", run.title},
            {"branch", short_branch(run.branch)},
            {"baseCommit", oid_json(run.base_commit)},
            {"codeUrl", around.urls.code(name)},
            {"previewUrl", preview_url(around, run, project.site)},
            {"links", links_of(around, id, run)},
            {"createdAt", time_json(run.created_at)},
            {"updatedAt", time_json(run.updated_at)}};
    if (run.state == RunState::Pending) {
        ORIGIN_TRY(before, store::jobs_before(reader, JobId{id.raw}));
        if (before) {
            body["position"] = *before + 1;
        }
    }
    if (!run.commit.is_zero()) {
        body["commit"] = run.commit.hex();
    }
    add_report(body, run);
    ORIGIN_TRY(asked, asked_deployment(reader, run));
    if (asked) {
        const std::string url = opening_url(around, asked->row);
        body["deployment"] = {{"id", asked->id.str()},
                              {"target", asked->row.target},
                              {"state", store::name_of(asked->row.state)},
                              {"url", url}};
        if (!url.empty()) {
            body["deploymentUrl"] = url;
        }
    } else if (!run.deploy_target.empty()) {
        body["deployment"] = {{"target", run.deploy_target}, {"state", "waiting"}};
    }
    return view;
}

}  // namespace origin::api

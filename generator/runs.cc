// SPDX-License-Identifier: Apache-2.0
#include "generator/runs.h"

#include <algorithm>

#include <boost/json.hpp>

#include "auth/slug.h"
#include "base/limits.h"
#include "base/ref_name.h"
#include "base/utf8.h"
#include "generator/base_commit.h"
#include "git/serve/catalogue.h"
#include "git/serve/refs.h"
#include "store/event_log.h"
#include "store/jobs.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::generator {
namespace {

using store::RunRow;
using store::RunState;
using store::Table;

constexpr std::string_view kBranches = "refs/heads/";
constexpr std::size_t kFeatureSlugBytes = 40;

std::unexpected<Error> refuse(std::string reason, std::string text) {
    return std::unexpected(Error(Code::InvalidInput, std::move(text)).because(std::move(reason)));
}

Status check_text(std::string_view text) {
    if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
        return refuse("not_generated", "the requirement is empty: say what the web app shall do");
    }
    if (text.size() > kRequirementBytesMax) {
        return std::unexpected(Error(Code::LimitExceeded, "a requirement has at most 256 KiB")
                                   .because("requirement_too_large"));
    }
    if (!is_utf8(text) || text.contains('\0')) {
        return refuse("requirement_not_text", "a requirement is UTF-8 text without NUL");
    }
    return {};
}

Status enqueue_run(store::Writer& writer, const RunId& id, const ClientId& client) {
    return store::enqueue_in_turn(writer,
                                  store::Job{.id = JobId{id.raw},
                                             .kind = std::string(kRunJob),
                                             .subject = std::string(id.view()),
                                             .lease = {},
                                             .payload = {}},
                                  client);
}

/// A feature branch nobody has: its number only ever grows.
Result<std::string> reserve_feature_branch(store::Writer& writer,
                                           const ProjectId& project,
                                           store::ProjectRow& row,
                                           std::string_view title) {
    const std::string slug = auth::slug_from(title, kFeatureSlugBytes);
    while (true) {
        ++row.features;
        std::string name = "refs/heads/feature/" + slug + "-" + std::to_string(row.features);
        ORIGIN_TRY(taken, git::find_ref(writer, project, name));
        if (!taken) {
            ORIGIN_CHECK(store::put_row(writer, Table::Projects, project.view(), row));
            return name;
        }
    }
}

}  // namespace

/// What a run would start from.
struct Runs::Start {
    ProjectId project;
    bool is_new = false;
    std::optional<auth::Permit> permit;
    std::string head;          // The project's default branch.
    std::string branch;        // Full name; empty: a new feature branch.
    std::string start_branch;  // Full name of the branch the work starts from.
    const Engine* engine = nullptr;
    std::string engine_name;
    EngineOutput output;
};

Result<RunRow> need_run(store::Reader& reader, const RunId& id) {
    return store::need_row<RunRow>(reader, Table::Runs, id.view(), "no such requirement");
}

Status move_run(store::Writer& writer, const RunId& id, RunRow row, UnixMillis now) {
    row.updated_at = now;
    boost::json::object data{{"runId", id.str()},
                             {"projectId", row.project.str()},
                             {"state", store::name_of(row.state)},
                             {"branch", row.branch}};
    if (!row.commit.is_zero()) {
        data["commit"] = row.commit.hex();
    }
    if (!row.error_code.empty()) {
        data["error"] = {{"code", row.error_code}, {"detail", row.error_text}};
    }
    ORIGIN_CHECK(store::put_row(writer, Table::Runs, id.view(), row));
    ORIGIN_CHECK(
        store::append_event(writer,
                            store::Event{.time = now,
                                         .type = "run." + std::string(store::name_of(row.state)),
                                         .project = row.project,
                                         .client = row.client,
                                         .data = boost::json::serialize(data)}));
    return {};
}

const Engine* Runs::engine(std::string_view name) const {
    const auto found = around_.engines.find(name);
    return found == around_.engines.end() ? nullptr : found->second;
}

Status Runs::look_at_project(const auth::Identity& identity,
                             Start& start,
                             EngineInput& input,
                             std::optional<CommitTree>& base) const {
    ORIGIN_TRY(permit, around_.gatekeeper.permit(identity, start.project, auth::Action::Require));
    start.permit = permit;
    return around_.pushes.store().read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(row, git::need_project(reader, start.project));
        start.head = row.head;
        start.start_branch = row.head;
        const std::string branch = start.branch.empty() ? row.head : start.branch;
        ORIGIN_TRY(own, git::find_ref(reader, start.project, branch));
        ORIGIN_TRY(head, git::find_ref(reader, start.project, row.head));
        input.project_name = row.name;
        if (!head && !own) {
            start.branch = branch;  // Still empty.
            return {};
        }
        ORIGIN_TRY(objects, around_.pushes.storage().open(reader, start.project));
        ORIGIN_TRY(links, objects->commit_links(own ? own->oid : head->oid));
        base.emplace(objects, links.tree);
        return {};
    });
}

Result<Runs::Start> Runs::look(const auth::Identity& identity,
                               const Requirement& requirement) const {
    ORIGIN_CHECK(check_text(requirement.text));
    Start start;
    start.engine_name = requirement.engine.empty() ? "blueprint" : requirement.engine;
    start.engine = engine(start.engine_name);
    if (start.engine == nullptr) {
        return refuse(
            "engine_unavailable",
            "there is no engine '" + printable(start.engine_name) + "' here; available: blueprint");
    }
    if (!requirement.branch.empty()) {
        ORIGIN_TRY(name, RefName::parse(std::string(kBranches) + requirement.branch));
        start.branch = name.str();
    }
    EngineInput input{.requirement = requirement.text,
                      .request_id = {},
                      .project_name = {},
                      .requested_unix_seconds = around_.clock.now() / 1000,
                      .base = nullptr};
    std::optional<CommitTree> base;
    if (!requirement.project) {
        ORIGIN_CHECK(auth::Gatekeeper::need(identity, auth::Scope::Requirements));
        ORIGIN_CHECK(auth::Gatekeeper::check_may_require(identity));
        if (!identity.projects.empty()) {
            return std::unexpected(
                Error(Code::Forbidden, "a key bound to projects makes no new one"));
        }
        start.is_new = true;
        start.project = ProjectId::make(around_.clock, around_.random);
        start.head = start.branch.empty() ? "refs/heads/main" : start.branch;
        start.branch = start.head;
    } else {
        start.project = *requirement.project;
        ORIGIN_CHECK(look_at_project(identity, start, input, base));
    }
    input.base = base ? &*base : nullptr;
    auto output = start.engine->generate(input);
    if (output) {
        start.output = std::move(*output);
    } else if (output.error().reason() != "already_satisfied") {
        return std::unexpected(std::move(output).error());
    }
    return start;
}

Status Runs::store_run(store::Writer& writer,
                       const auth::Identity& identity,
                       const Requirement& requirement,
                       const Start& start,
                       Submitted& submitted) const {
    const UnixMillis now = submitted.run.created_at;
    RunRow& run = submitted.run;
    if (start.is_new) {
        ORIGIN_TRY(slug, git::free_slug(writer, identity.client, start.output.project_name));
        ORIGIN_CHECK(
            git::create_project(writer,
                                {.id = start.project,
                                 .owner = identity.client,
                                 .slug = slug,
                                 .name = start.output.project_name.substr(0, kDisplayNameBytesMax),
                                 .head = start.head,
                                 .actor = {identity.client, identity.key, "run"},
                                 .now = now,
                                 .quotas = around_.pushes.quotas()}));
    } else {
        ORIGIN_CHECK(around_.gatekeeper.recheck(writer, *start.permit));
    }
    ORIGIN_TRY(project, git::need_project(writer, start.project));
    run.branch = start.branch;
    if (run.branch.empty()) {
        ORIGIN_TRY(branch,
                   reserve_feature_branch(writer, start.project, project, start.output.title));
        run.branch = branch;
    }
    if (const DeployWish& wish = requirement.deployment; !wish.platform.empty()) {
        ORIGIN_CHECK(
            auth::Gatekeeper::check_client(writer, identity, start.project, auth::Action::Deploy));
        run.deploy_target =
            wish.target.empty() ? target_for(run.branch, project.head) : wish.target;
        ORIGIN_CHECK(add_deploy_wish(writer,
                                     wish,
                                     {.project = start.project,
                                      .target = run.deploy_target,
                                      .branch = run.branch,
                                      .now = now}));
    }
    ORIGIN_CHECK(enqueue_run(writer, submitted.id, run.client));
    return move_run(writer, submitted.id, run, now);
}

Result<Submitted> Runs::submit(
    const auth::Identity& identity,
    const Requirement& requirement,
    const std::function<Status(store::Writer&, const Submitted&)>& also) {
    ORIGIN_TRY(start, look(identity, requirement));
    const UnixMillis now = around_.clock.now();
    Submitted drawn{.id = RunId::make(around_.clock, around_.random), .run = {}};
    drawn.run.client = identity.client;
    drawn.run.key = identity.key;
    drawn.run.project = start.project;
    drawn.run.requirement = requirement.text;
    drawn.run.engine = start.engine_name;
    drawn.run.start_branch = start.start_branch;
    drawn.run.auto_merge = requirement.auto_merge;
    drawn.run.title = start.output.title;
    drawn.run.created_at = now;
    drawn.run.updated_at = now;
    Submitted submitted;
    ORIGIN_CHECK(around_.pushes.store().write([&](store::Writer& writer) -> Status {
        submitted = drawn;
        ORIGIN_CHECK(store_run(writer, identity, requirement, start, submitted));
        return also ? also(writer, submitted) : Status();
    }));
    return submitted;
}

Result<Preview> Runs::dry_run(const auth::Identity& identity,
                              const Requirement& requirement) const {
    ORIGIN_TRY(start, look(identity, requirement));
    Preview preview{.output = std::move(start.output), .files_changed = 0};
    preview.files_changed = preview.output.pristine.size();
    return preview;
}

Status Runs::cancel(const RunId& id, const Also& also) {
    const UnixMillis now = around_.clock.now();
    return around_.pushes.store().write([&](store::Writer& writer) -> Status {
        ORIGIN_TRY(run, need_run(writer, id));
        if (also) {
            ORIGIN_CHECK(also(writer));
        }
        if (run.state == RunState::Cancelled) {
            return {};
        }
        if (store::is_settled(run.state)) {
            return std::unexpected(
                Error(Code::Conflict, "the run is over: " + std::string(store::name_of(run.state)))
                    .because("run_settled"));
        }
        run.state = RunState::Cancelled;
        run.error_code = "cancelled";
        run.error_text = "cancelled before it was committed";
        ORIGIN_CHECK(store::cancel(writer, JobId{id.raw}));
        return move_run(writer, id, run, now);
    });
}

Status Runs::retry(const RunId& id, const Also& also) {
    const UnixMillis now = around_.clock.now();
    return around_.pushes.store().write([&](store::Writer& writer) -> Status {
        ORIGIN_TRY(run, need_run(writer, id));
        if (also) {
            ORIGIN_CHECK(also(writer));
        }
        if (!store::is_settled(run.state) || run.state == RunState::Committed) {
            return std::unexpected(
                Error(Code::Conflict, "only a run that ended without a commit can be retried")
                    .because("run_not_failed"));
        }
        run.state = RunState::Pending;
        run.error_code.clear();
        run.error_text.clear();
        ORIGIN_CHECK(enqueue_run(writer, id, run.client));
        return move_run(writer, id, run, now);
    });
}

}  // namespace origin::generator

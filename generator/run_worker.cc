// SPDX-License-Identifier: Apache-2.0
#include "generator/run_worker.h"

#include <memory>

#include "generator/base_commit.h"
#include "generator/commit_message.h"
#include "generator/validator.h"
#include "git/serve/catalogue.h"
#include "git/serve/refs.h"
#include "store/rows/access.h"

namespace origin::generator {
namespace {

using store::RunRow;
using store::RunState;

/// Errors that time may heal: the run is not settled by them.
bool is_passing(const Error& error) {
    switch (error.code()) {
        case Code::Unavailable:
        case Code::Timeout:
        case Code::StorageFull:
        case Code::Internal:
            return true;
        default:
            return error.reason() == "head_moved";
    }
}

RunState state_for(const Error& error) {
    const std::string_view reason = error.reason();
    if (reason == "already_satisfied") {
        return RunState::AlreadySatisfied;
    }
    if (reason == "not_generated") {
        return RunState::NotGenerated;
    }
    if (reason == "needs_clarification") {
        return RunState::NeedsClarification;
    }
    return reason == "merge_conflict" ? RunState::Conflict : RunState::Failed;
}

/// The run's report of the engine's work, as rows.
void fill_report(RunRow& run, const EngineOutput& output) {
    run.title = output.title;
    run.traceability.clear();
    run.checks.clear();
    for (const TraceLine& line : output.traceability) {
        run.traceability.push_back(
            {line.id, line.text, std::string(name_of(line.status)), line.reason, line.evidence});
    }
    for (const Check& check : output.checks) {
        run.checks.push_back({check.name, check.passed, check.detail});
    }
}

Result<RunId> run_of(const store::Job& job) {
    const auto id = RunId::from_raw(job.subject);
    if (!id) {
        return std::unexpected(Error(Code::Corrupt, "a stored job is damaged"));
    }
    return *id;
}

Result<Oid> write_tree(git::Draft& draft, const Files& files) {
    git::TreeEdits edits;
    for (const auto& [path, content] : files) {
        edits[path] = git::FileEdit{git::kModeFile, content};
    }
    return draft.repository().edit_tree(std::nullopt, edits);
}

}  // namespace

struct RunWorker::Work {
    const store::Job& job;
    RunId id;
    RunRow run = {};
    std::optional<auth::Permit> permit = {};
    std::unique_ptr<git::Draft> draft = {};
    std::string project_name = {};
    Oid branch_tip = {};  // Zero: the branch is unborn.
    EngineOutput output = {};
    const Engine* engine = nullptr;
};

Status RunWorker::settle(const Work& work, RunState state, const Error& error) const {
    around_.log.info("a run ended without a commit",
                     {{"run", work.id.str()},
                      {"state", store::name_of(state)},
                      {"code", error.reason()},
                      {"why", error.kept_in_log()}});
    const UnixMillis now = around_.pushes.clock().now();
    return around_.pushes.store().write([&](store::Writer& writer) -> Status {
        ORIGIN_CHECK(store::complete(writer, work.job));
        ORIGIN_TRY(run, need_run(writer, work.id));
        if (store::is_settled(run.state)) {
            return {};
        }
        fill_report(run, work.output);
        run.state = state;
        run.attempts = work.job.attempt;
        run.error_code = error.reason();
        run.error_text = error.told_to_peer();
        return move_run(writer, work.id, run, now);
    });
}

/// Reads the base and lets the engine work. Fills work.output.
Status RunWorker::generate(Work& work) const {
    ORIGIN_TRY(identity, around_.gatekeeper.identity_of(work.run.client, work.run.key));
    ORIGIN_TRY(permit,
               around_.gatekeeper.permit(identity, work.run.project, auth::Action::Require));
    work.permit = permit;
    ORIGIN_TRY(
        draft,
        git::Draft::open(around_.pushes, *work.permit, {work.run.branch, work.run.start_branch}));
    work.draft = std::move(draft);
    const Oid tip = work.draft->tip(work.run.branch);
    work.branch_tip = tip;
    work.run.base_commit = tip;
    if (tip.is_zero() && !work.run.start_branch.empty()) {
        work.run.base_commit = work.draft->tip(work.run.start_branch);
    }
    work.engine = around_.runs.engine(work.run.engine);
    if (work.engine == nullptr) {
        return std::unexpected(Error(Code::InvalidInput, "the engine is not here any more")
                                   .because("engine_unavailable"));
    }
    EngineInput input{.requirement = work.run.requirement,
                      .request_id = work.id.str(),
                      .project_name = work.project_name,
                      .requested_unix_seconds = work.run.created_at / 1000,
                      .base = nullptr};
    std::optional<CommitTree> base;
    if (!work.run.base_commit.is_zero()) {
        ORIGIN_TRY(tree, work.draft->tree_of(work.run.base_commit));
        base.emplace(work.draft->objects(), tree);
        input.base = &*base;
    }
    ORIGIN_TRY(output, work.engine->generate(input));
    work.output = std::move(output);
    return validate_files(work.output.pristine);
}

/// The new pristine tree with the human edits since the last one.
Result<Oid> RunWorker::merged_tree(Work& work, const Oid& pristine) const {
    if (work.run.base_commit.is_zero()) {
        return pristine;
    }
    std::optional<Oid> before;
    ORIGIN_CHECK(around_.pushes.store().read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(
            found,
            find_pristine(reader, *work.draft->objects(), work.run.project, work.run.base_commit));
        before = found;
        return {};
    }));
    if (!before) {
        return std::unexpected(
            Error(Code::InvalidInput,
                  "this repository was not generated here, so generated files cannot be told from "
                  "yours")
                .because("not_applicable"));
    }
    ORIGIN_TRY(ours, work.draft->tree_of(work.run.base_commit));
    if (ours == *before) {
        return pristine;
    }
    ORIGIN_TRY(outcome, work.draft->repository().merge_trees(before, ours, pristine));
    if (outcome.tree) {
        return *outcome.tree;
    }
    std::string text = "the change conflicts with edits in:";
    for (const git::MergeConflict& conflict : outcome.conflicts) {
        text += " " + conflict.path;
    }
    return std::unexpected(Error(Code::Conflict, text).because("merge_conflict"));
}

Status RunWorker::commit(Work& work) const {
    ORIGIN_TRY(pristine, write_tree(*work.draft, work.output.pristine));
    ORIGIN_TRY(tree, merged_tree(work, pristine));
    git::Commit commit;
    if (!work.run.base_commit.is_zero()) {
        ORIGIN_TRY(before, work.draft->tree_of(work.run.base_commit));
        if (before == tree) {
            return std::unexpected(Error(Code::InvalidInput, "the requirement changes nothing")
                                       .because("already_satisfied"));
        }
        commit.parents = {work.run.base_commit};
    }
    commit.tree = tree;
    commit.author = git::ident_of(work.permit->identity(), work.run.created_at);
    commit.committer = git::server_ident(work.run.created_at);
    commit.message = commit_message(work.id, work.run, *work.engine, work.output);
    ORIGIN_TRY(oid, work.draft->add_commit(commit));
    const UnixMillis now = around_.pushes.clock().now();
    git::ProposedPush proposal{
        .via = "run",
        .refs = {{work.run.branch, work.branch_tip, oid}, {pristine_ref(oid), Oid{}, pristine}},
        .atomic = true,
        .run = work.id,
        .may_write_hidden = true};
    proposal.also = [&](store::Writer& writer, const git::PushOutcome& outcome) -> Status {
        ORIGIN_TRY(run, need_run(writer, work.id));
        if (store::is_settled(run.state)) {
            return std::unexpected(
                Error(Code::Conflict, "the run was cancelled").because("cancelled"));
        }
        fill_report(run, work.output);
        run.state = RunState::Committed;
        run.attempts = work.job.attempt;
        run.base_commit = work.run.base_commit;
        run.commit = oid;
        run.deployments = outcome.deployments;
        if (run.auto_merge) {
            ORIGIN_CHECK(store::check_lease(writer, work.job));
        } else {
            ORIGIN_CHECK(store::complete(writer, work.job));
        }
        return move_run(writer, work.id, run, now);
    };
    ORIGIN_TRY(outcome, work.draft->push(std::move(proposal)));
    return git::need_all_ok(outcome);
}

/// The second half of a run with autoMerge. Its job is still there, so a crash repeats this half
/// only.
Status RunWorker::auto_merge(Work& work) const {
    ORIGIN_TRY(identity, around_.gatekeeper.identity_of(work.run.client, work.run.key));
    ORIGIN_TRY(permit,
               around_.gatekeeper.permit(identity, work.run.project, auth::Action::Require));
    std::string head;
    ORIGIN_CHECK(around_.pushes.store().read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(project, git::need_project(reader, work.run.project));
        head = project.head;
        return {};
    }));
    const auto merged =
        git::merge(around_.pushes, permit, {.source = work.run.commit.hex(), .target = head});
    const bool failed = !merged || merged->result == git::MergeResult::Conflicted;
    if (!merged && is_passing(merged.error())) {
        return std::unexpected(merged.error());
    }
    const UnixMillis now = around_.pushes.clock().now();
    return around_.pushes.store().write([&](store::Writer& writer) -> Status {
        ORIGIN_CHECK(store::complete(writer, work.job));
        ORIGIN_TRY(run, need_run(writer, work.id));
        if (failed) {
            run.error_code = merged ? "merge_conflict" : std::string(merged.error().reason());
            run.error_text = "committed, but not merged into the default branch";
        }
        return move_run(writer, work.id, run, now);
    });
}

Status RunWorker::work(const store::Job& job) const {
    ORIGIN_TRY(id, run_of(job));
    Work work{.job = job, .id = id};
    ORIGIN_CHECK(around_.pushes.store().read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(run, need_run(reader, id));
        work.run = std::move(run);
        ORIGIN_TRY(project, git::find_project(reader, work.run.project));
        work.project_name = project ? project->row.name : "";
        return {};
    }));
    if (work.run.state == RunState::Committed && work.run.auto_merge) {
        return auto_merge(work);
    }
    if (store::is_settled(work.run.state)) {
        return around_.pushes.store().write(
            [&](store::Writer& writer) { return store::complete(writer, job); });
    }
    const Status generated = generate(work);
    const Status done = generated ? commit(work) : generated;
    if (done) {
        if (!work.run.auto_merge) {
            return {};
        }
        ORIGIN_CHECK(around_.pushes.store().read([&](store::Reader& reader) -> Status {
            ORIGIN_TRY(run, need_run(reader, id));
            work.run = std::move(run);
            return {};
        }));
        return auto_merge(work);
    }
    if (is_passing(done.error())) {
        return done;
    }
    return settle(work, state_for(done.error()), done.error());
}

Status RunWorker::give_up(const store::Job& job) const {
    ORIGIN_TRY(id, run_of(job));
    const Work work{.job = job, .id = id};
    return settle(
        work,
        RunState::Failed,
        Error(Code::Internal, "the run failed " + std::to_string(job.attempt - 1) + " times")
            .because("run_failed"));
}

}  // namespace origin::generator

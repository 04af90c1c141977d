// SPDX-License-Identifier: Apache-2.0
// POST /api/requirements/{id}/revert: a commit that takes a run's change back.
#include <boost/json.hpp>

#include "api/answers.h"
#include "api/checks.h"
#include "api/commit_view.h"
#include "api/endpoints.h"
#include "api/pushed.h"
#include "api/views.h"
#include "git/serve/commit.h"

namespace origin::api {
namespace {

struct RevertBody {
    std::optional<std::string> branch;
    std::optional<std::string> message;
    std::optional<std::string> expected_head;

    static RevertBody read(Fields& in) {
        RevertBody body;
        body.branch = in.maybe_text("branch");
        body.message = in.maybe_text("message");
        body.expected_head = in.maybe_text("expectedHead");
        return body;
    }
};

std::string revert_message(const git::Commit& reverted, const Oid& oid, const RunId& run) {
    const std::string subject = reverted.message.substr(0, reverted.message.find('\n'));
    return "Revert \"" + subject + "\"\n\nThis reverts commit " + oid.hex() +
           ".\n\nOrigin-Reverts: " + run.str() + "\n";
}

/// The tree a commit came from: its parent's, or the empty one.
Result<Oid> tree_before(git::Draft& draft, const git::Commit& commit) {
    return commit.parents.empty() ? draft.builder().add(git::ObjectType::Tree, {})
                                  : draft.tree_of(commit.parents.front());
}

/// The branch's tree without the commit's change.
Result<Oid> tree_without(git::Draft& draft, const git::Commit& commit, const Oid& tip) {
    ORIGIN_TRY(ours, draft.tree_of(tip));
    ORIGIN_TRY(before, tree_before(draft, commit));
    ORIGIN_TRY(outcome, draft.repository().merge_trees(commit.tree, ours, before));
    if (!outcome.tree) {
        std::string text = "later changes stand in the way in:";
        for (const git::MergeConflict& conflict : outcome.conflicts) {
            text += " " + conflict.path;
        }
        return std::unexpected(Error(Code::Conflict, text).because("merge_conflict"));
    }
    if (*outcome.tree == ours) {
        return std::unexpected(Error(Code::Conflict, "the change is not in this branch (any more)")
                                   .because("nothing_to_revert"));
    }
    return *outcome.tree;
}

}  // namespace

BodyShape revert_shape() {
    return shape_of<RevertBody>();
}

Answer revert_requirement(const Call& call) {
    ORIGIN_TRY(body, read_body<RevertBody>(call.body));
    ORIGIN_TRY(id, need_id<RunId>(call.param("id"), "requirement"));
    ORIGIN_TRY(run, read_store(call.around.store, [&](store::Reader& reader) {
                   return generator::need_run(reader, id);
               }));
    ORIGIN_TRY(permit,
               call.around.gatekeeper.permit(call.identity(), run.project, auth::Action::Write));
    if (run.commit.is_zero()) {
        return std::unexpected(Error(Code::Conflict, "this run has made no commit to take back")
                                   .because("run_not_committed"));
    }
    ORIGIN_TRY(branch, branch_named(body.branch.value_or(run.branch)));
    const auto act = [&](const auth::Once& once) -> Answer {
        ORIGIN_TRY(draft, git::Draft::open(call.around.pushes, permit, {branch.str()}));
        const Oid tip = draft->tip(branch.str());
        ORIGIN_CHECK(check_expected_head(body.expected_head, tip));
        if (tip.is_zero()) {
            return std::unexpected(
                Error(Code::NotFound, "there is no such branch").because("ref_not_found"));
        }
        ORIGIN_TRY(reverted, read_commit(*draft->objects(), run.commit));
        ORIGIN_TRY(tree, tree_without(*draft, reverted, tip));
        git::Commit commit{
            .tree = tree,
            .parents = {tip},
            .author = git::ident_of(permit.identity(), call.now()),
            .committer = git::ident_of(permit.identity(), call.now()),
            .encoding = {},
            .message = body.message.value_or(revert_message(reverted, run.commit, id))};
        ORIGIN_TRY(oid, draft->add_commit(commit));
        ORIGIN_TRY(
            pushed,
            push_commit(*draft, {.branch = branch.str(), .old_tip = tip, .commit = oid}, once));
        return answer_pushed(call, pushed);
    };
    return once_only(call, act, [&](const Ids& ids) -> Answer {
        return answer_pushed(call, Pushed::from(ids));
    });
}

}  // namespace origin::api

// SPDX-License-Identifier: Apache-2.0
// POST /api/projects/{project}/commits: files changed without a checkout, in one commit.
#include "api/answers.h"
#include "api/commit_limits.h"
#include "api/endpoints.h"
#include "api/file_actions.h"
#include "api/new_commit.h"
#include "api/pushed.h"
#include "git/serve/commit.h"

namespace origin::api {
namespace {

struct CommitBody {
    CommitWish wish;
    std::vector<FileFields> files;

    static CommitBody read(Fields& in) {
        CommitBody body;
        body.wish = CommitWish::read(in);
        in.objects("files", kCommitActionsMax, [&](Fields& inner) {
            body.files.push_back(FileFields::read(inner));
        });
        return body;
    }
};

Result<std::vector<FileAction>> actions_of(CommitBody& body) {
    std::vector<FileAction> actions;
    actions.reserve(body.files.size());
    for (FileFields& fields : body.files) {
        ORIGIN_TRY(action, file_action(std::move(fields)));
        actions.push_back(std::move(action));
    }
    return actions;
}

Result<Pushed> commit_files(const Call& call,
                            const auth::Permit& permit,
                            CommitBody& body,
                            const auth::Once& once) {
    ORIGIN_TRY(actions, actions_of(body));
    ORIGIN_TRY(view, open_view(call, permit));
    ORIGIN_TRY(draft, open_draft(call.around.pushes, permit, body.wish));
    ORIGIN_TRY(place, place_of(body.wish, *draft, view));
    ORIGIN_TRY(edits, edits_of(std::move(actions), *draft->objects(), place.tree));
    if (edits.empty()) {
        return nothing_to_commit();
    }
    ORIGIN_TRY(tree, draft->repository().edit_tree(place.tree, edits));
    if (place.tree == tree) {
        return nothing_to_commit();
    }
    ORIGIN_TRY(oid, draft->add_commit(place.commit(tree, permit, body.wish.message, call.now())));
    return push_commit(*draft, {.branch = place.branch, .old_tip = place.tip, .commit = oid}, once);
}

}  // namespace

BodyShape commit_shape() {
    return shape_of<CommitBody>();
}

Answer post_commit(const Call& call) {
    ORIGIN_TRY(body, read_body<CommitBody>(call.body));
    ORIGIN_CHECK(check_message(body.wish.message));
    ORIGIN_TRY(permit, call.permit(auth::Action::Write));
    return once_only(
        call,
        [&](const auth::Once& once) -> Answer {
            ORIGIN_TRY(pushed, commit_files(call, permit, body, once));
            return answer_pushed(call, pushed);
        },
        [&](const Ids& ids) -> Answer { return answer_pushed(call, Pushed::from(ids)); });
}

}  // namespace origin::api

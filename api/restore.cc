// SPDX-License-Identifier: Apache-2.0
// POST /api/projects/{project}/restore: an old commit's tree, or one path of it, as a new commit.
#include "api/answers.h"
#include "api/commit_view.h"
#include "api/endpoints.h"
#include "api/file_actions.h"
#include "api/new_commit.h"
#include "api/pushed.h"
#include "base/utf8.h"
#include "git/serve/commit.h"
#include "git/serve/tree_graft.h"

namespace origin::api {
namespace {

struct RestoreBody {
    std::string branch;
    std::string commit;
    std::optional<std::string> path;
    std::optional<std::string> message;
    std::optional<std::string> expected_head;

    static RestoreBody read(Fields& in) {
        RestoreBody body;
        body.branch = in.text("branch");
        body.commit = in.text("commit");
        body.path = in.maybe_text("path");
        body.message = in.maybe_text("message");
        body.expected_head = in.maybe_text("expectedHead");
        return body;
    }
};

std::unexpected<Error> not_found(std::string reason, std::string text) {
    return std::unexpected(Error(Code::NotFound, std::move(text)).because(std::move(reason)));
}

std::string restore_message(const RestoreBody& body, const git::Commit& old, const Oid& oid) {
    const std::string subject = old.message.substr(0, old.message.find('\n'));
    const std::string what = body.path ? printable(*body.path) + " of \"" : "\"";
    return "Restore " + what + subject + "\"\n\nThis brings back " +
           (body.path ? "'" + printable(*body.path) + "'" : std::string("the tree")) +
           " of commit " + oid.hex() + ".\n";
}

/// The branch's tree with the old one, or what that has at `path`, in its place.
Result<Oid> restored_tree(git::Draft& draft,
                          const RestoreBody& body,
                          const Oid& now,
                          const Oid& old) {
    if (!body.path) {
        return old;
    }
    ORIGIN_CHECK(check_path(*body.path));
    ORIGIN_TRY(entry, draft.objects()->find_path(old, *body.path));
    if (!entry) {
        return not_found("path_not_found",
                         "there is no '" + printable(*body.path) + "' in that commit");
    }
    return git::graft(draft.builder(), now, *body.path, *entry);
}

Result<Pushed> restore(const Call& call,
                       const auth::Permit& permit,
                       const RestoreBody& body,
                       const auth::Once& once) {
    ORIGIN_TRY(view, open_view(call, permit));
    ORIGIN_TRY(source, shown_commit(view, body.commit));
    const CommitWish wish{.branch = body.branch,
                          .start_branch = {},
                          .message = {},
                          .expected_head = body.expected_head};
    ORIGIN_TRY(draft, open_draft(call.around.pushes, permit, wish));
    ORIGIN_TRY(place, place_of(wish, *draft, view));
    if (place.tip.is_zero()) {
        return not_found("ref_not_found", "there is no branch '" + printable(body.branch) + "'");
    }
    ORIGIN_TRY(old, read_commit(*draft->objects(), source));
    ORIGIN_TRY(tree, restored_tree(*draft, body, *place.tree, old.tree));
    if (place.tree == tree) {
        return nothing_to_commit();
    }
    const std::string message = body.message.value_or(restore_message(body, old, source));
    ORIGIN_TRY(oid, draft->add_commit(place.commit(tree, permit, message, call.now())));
    return push_commit(*draft, {.branch = place.branch, .old_tip = place.tip, .commit = oid}, once);
}

}  // namespace

BodyShape restore_shape() {
    return shape_of<RestoreBody>();
}

Answer post_restore(const Call& call) {
    ORIGIN_TRY(body, read_body<RestoreBody>(call.body));
    if (body.message) {
        ORIGIN_CHECK(check_message(*body.message));
    }
    ORIGIN_TRY(permit, call.permit(auth::Action::Write));
    return once_only(
        call,
        [&](const auth::Once& once) -> Answer {
            ORIGIN_TRY(pushed, restore(call, permit, body, once));
            return answer_pushed(call, pushed);
        },
        [&](const Ids& ids) -> Answer { return answer_pushed(call, Pushed::from(ids)); });
}

}  // namespace origin::api

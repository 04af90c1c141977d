// SPDX-License-Identifier: Apache-2.0
#include "api/new_commit.h"

#include "api/checks.h"
#include "api/pushed.h"
#include "base/limits.h"
#include "base/utf8.h"

namespace origin::api {

CommitWish CommitWish::read(Fields& in) {
    CommitWish wish;
    wish.branch = in.text("branch");
    wish.start_branch = in.maybe_text("startBranch");
    wish.message = in.text("message");
    wish.expected_head = in.maybe_text("expectedHead");
    return wish;
}

Status check_message(const std::string& message) {
    if (message.find_first_not_of(" \t\r\n") == std::string::npos) {
        return std::unexpected(
            Error(Code::InvalidInput, "a commit needs a message").because("empty_message"));
    }
    if (message.size() > kCommitMessageBytesMax) {
        return std::unexpected(Error(Code::LimitExceeded, "a commit message has at most 64 KiB")
                                   .because("message_too_large"));
    }
    return {};
}

git::Commit CommitPlace::commit(const Oid& made,
                                const auth::Permit& permit,
                                std::string message,
                                UnixMillis now) const {
    git::Commit commit;
    commit.tree = made;
    if (base) {
        commit.parents = {*base};
    }
    commit.author = git::ident_of(permit.identity(), now);
    commit.committer = commit.author;
    commit.message = std::move(message);
    return commit;
}

Result<std::unique_ptr<git::Draft>> open_draft(git::PushService& pushes,
                                               const auth::Permit& permit,
                                               const CommitWish& wish) {
    ORIGIN_TRY(branch, branch_named(wish.branch));
    return git::Draft::open(pushes, permit, {branch.str()});
}

Result<CommitPlace> place_of(const CommitWish& wish,
                             const git::Draft& draft,
                             const ProjectView& view) {
    ORIGIN_TRY(branch, branch_named(wish.branch));
    const Oid tip = draft.tip(branch.str());
    ORIGIN_CHECK(check_expected_head(wish.expected_head, tip));
    if (!tip.is_zero() && wish.start_branch) {
        return std::unexpected(Error(Code::Conflict,
                                     "the branch '" + printable(wish.branch) +
                                         "' exists; 'startBranch' says where a new one begins")
                                   .because("branch_exists"));
    }
    CommitPlace place{.branch = branch.str(), .tip = tip, .base = {}, .tree = {}};
    if (!tip.is_zero()) {
        place.base = tip;
    } else if (wish.start_branch || view.fetch.refs.head.oid) {
        ORIGIN_TRY(start, shown_commit(view, wish.start_branch.value_or("HEAD")));
        place.base = start;
    }
    if (place.base) {
        ORIGIN_TRY(tree, draft.tree_of(*place.base));
        place.tree = tree;
    }
    return place;
}

std::unexpected<Error> nothing_to_commit() {
    return std::unexpected(
        Error(Code::InvalidInput, "the branch is like that already").because("nothing_to_commit"));
}

}  // namespace origin::api

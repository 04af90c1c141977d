// SPDX-License-Identifier: Apache-2.0
// POST /api/projects/{project}/commits: files changed without a checkout, in one commit.
#include <boost/json.hpp>

#include "api/answers.h"
#include "api/checks.h"
#include "api/commit_view.h"
#include "api/endpoints.h"
#include "api/pushed.h"
#include "api/views.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "crypto/encode.h"
#include "generator/validator.h"
#include "git/serve/commit.h"

namespace origin::api {
namespace {

namespace json = boost::json;

struct FileChange {
    std::string action;
    std::string path;
    std::optional<std::string> content;
    std::string encoding;
};

struct CommitBody {
    std::string branch;
    std::optional<std::string> start_branch;
    std::string message;
    std::optional<std::string> expected_head;
    std::vector<FileChange> files;

    static CommitBody read(Fields& in) {
        CommitBody body;
        body.branch = in.text("branch");
        body.start_branch = in.maybe_text("startBranch");
        body.message = in.text("message");
        body.expected_head = in.maybe_text("expectedHead");
        in.objects("files", kCommitFilesMax, [&](Fields& inner) {
            FileChange change;
            change.action = inner.text("action");
            change.path = inner.text("path");
            change.content = inner.maybe_text("content");
            change.encoding = inner.maybe_text("encoding").value_or("utf-8");
            body.files.push_back(std::move(change));
        });
        return body;
    }
};

std::unexpected<Error> refuse(std::string reason, std::string text) {
    return std::unexpected(Error(Code::InvalidInput, std::move(text)).because(std::move(reason)));
}

Result<std::string> content_of(const FileChange& change) {
    if (!change.content) {
        return refuse("missing_field", "'content' is missing for '" + printable(change.path) + "'");
    }
    if (change.encoding == "utf-8") {
        return *change.content;
    }
    if (change.encoding != "base64") {
        return refuse("bad_encoding", "'encoding' is utf-8 or base64");
    }
    auto bytes = crypto::base64_decode(*change.content);
    if (!bytes) {
        return refuse("bad_encoding",
                      "the content of '" + printable(change.path) + "' is not base64");
    }
    return std::move(*bytes);
}

/// What the changes make of a tree. `base` zero: an empty one.
Result<git::TreeEdits> edits_of(const CommitBody& body,
                                const git::ObjectStore& objects,
                                const std::optional<Oid>& base) {
    git::TreeEdits edits;
    for (const FileChange& change : body.files) {
        std::optional<git::TreeEntry> present;
        if (base) {
            ORIGIN_TRY(entry, objects.find_path(*base, change.path));
            present = entry;
        }
        const bool creates = change.action == "create";
        if (!creates && change.action != "update" && change.action != "delete") {
            return refuse("bad_action", "'action' is create, update or delete");
        }
        if (creates) {
            ORIGIN_CHECK(generator::validate_path(change.path));
        }
        if (creates && present) {
            return refuse("path_exists", "'" + printable(change.path) + "' exists already");
        }
        if (!creates && !present) {
            return refuse("missing_path", "there is no '" + printable(change.path) + "'");
        }
        std::optional<git::FileEdit> edit;
        if (change.action != "delete") {
            ORIGIN_TRY(content, content_of(change));
            // An executable stays one.
            const bool runs = present && present->mode == git::kModeExecutable;
            edit = git::FileEdit{runs ? git::kModeExecutable : git::kModeFile, std::move(content)};
        }
        if (!edits.emplace(change.path, std::move(edit)).second) {
            return refuse("path_conflict", "'" + printable(change.path) + "' comes twice");
        }
    }
    return edits;
}

Status check_message(const std::string& message) {
    if (message.find_first_not_of(" \t\r\n") == std::string::npos) {
        return refuse("empty_message", "a commit needs a message");
    }
    if (message.size() > kCommitMessageBytesMax) {
        return std::unexpected(Error(Code::LimitExceeded, "a commit message has at most 64 KiB")
                                   .because("message_too_large"));
    }
    return {};
}

/// Where the commit goes and what it stands on.
struct Place {
    std::string branch;
    Oid tip;                  // Zero: the branch is new.
    std::optional<Oid> base;  // The commit it stands on; none in an empty project.
};

Result<Place> place_of(const CommitBody& body, const git::Draft& draft, const ProjectView& view) {
    ORIGIN_TRY(branch, branch_named(body.branch));
    ORIGIN_TRY(tip, draft.tip(branch.str()));
    ORIGIN_CHECK(check_expected_head(body.expected_head, tip));
    Place place{.branch = branch.str(), .tip = tip, .base = {}};
    if (!tip.is_zero()) {
        place.base = tip;
        return place;
    }
    if (body.start_branch || view.fetch.refs.head.oid) {
        ORIGIN_TRY(start, visible_commit(view, body.start_branch.value_or("HEAD")));
        place.base = start;
    }
    return place;
}

Result<Pushed> commit_files(const Call& call,
                            const auth::Permit& permit,
                            const CommitBody& body,
                            const auth::Once& once) {
    ORIGIN_TRY(view, open_view(call, permit));
    ORIGIN_TRY(draft, git::Draft::open(call.around.pushes, permit));
    ORIGIN_TRY(place, place_of(body, *draft, view));
    std::optional<Oid> tree_before;
    git::Commit commit;
    if (place.base) {
        ORIGIN_TRY(tree, draft->tree_of(*place.base));
        tree_before = tree;
        commit.parents = {*place.base};
    }
    ORIGIN_TRY(edits, edits_of(body, *draft->objects(), tree_before));
    ORIGIN_TRY(tree, draft->repository().edit_tree(tree_before, edits));
    if (tree_before == tree) {
        return refuse("nothing_to_commit", "these files are like that already");
    }
    commit.tree = tree;
    commit.author = git::ident_of(permit.identity(), call.now());
    commit.committer = commit.author;
    commit.message = body.message;
    ORIGIN_TRY(oid, draft->add_commit(commit));
    return push_commit(*draft, {.branch = place.branch, .old_tip = place.tip, .commit = oid}, once);
}

}  // namespace

BodyShape commit_shape() {
    return shape_of<CommitBody>();
}

Answer post_commit(const Call& call) {
    ORIGIN_TRY(body, read_body<CommitBody>(call.body));
    ORIGIN_CHECK(check_message(body.message));
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

// SPDX-License-Identifier: Apache-2.0
// api/new_commit: where a commit that the API makes shall go, and what it stands on.
#pragma once

#include <optional>
#include <string>

#include "api/call.h"
#include "api/commit_view.h"
#include "git/odb/objects.h"
#include "git/serve/commit.h"
#include "json/fields.h"

namespace origin::api {

/// The fields of a new commit but for its files.
struct CommitWish {
    std::string branch;
    std::optional<std::string> start_branch;
    std::string message;
    std::optional<std::string> expected_head;

    static CommitWish read(Fields& in);
};

/// Errors: InvalidInput `empty_message`; LimitExceeded `message_too_large`.
Status check_message(const std::string& message);

struct CommitPlace {
    std::string branch;
    Oid tip;                  // Zero: the branch is new.
    std::optional<Oid> base;  // The commit it stands on; none in an empty project.
    std::optional<Oid> tree;  // Of `base`.

    /// A commit by `permit`'s identity that makes `tree` of it.
    git::Commit commit(const Oid& made,
                       const auth::Permit& permit,
                       std::string message,
                       UnixMillis now) const;
};

/// A draft that knows the tip of the wish's branch, for place_of().
/// Errors: InvalidInput `bad_ref_name`; those of Draft::open().
Result<std::unique_ptr<git::Draft>> open_draft(git::PushService& pushes,
                                               const auth::Permit& permit,
                                               const CommitWish& wish);

/// Errors: InvalidInput `bad_ref_name`; Conflict `head_moved`, `branch_exists` (startBranch is for
///         a new one); NotFound `ref_not_found` (startBranch).
Result<CommitPlace> place_of(const CommitWish& wish,
                             const git::Draft& draft,
                             const ProjectView& view);

/// InvalidInput `nothing_to_commit`.
std::unexpected<Error> nothing_to_commit();

}  // namespace origin::api

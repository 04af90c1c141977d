// SPDX-License-Identifier: Apache-2.0
// api/pushed: a commit that the API made, on its way to a branch, and what is told of it.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "api/call.h"
#include "git/serve/commit.h"

namespace origin::api {

/// What a write that made a commit tells, and keeps for a replay.
struct Pushed {
    std::string branch;  // Full name.
    std::string commit;  // 40 hex digits.
    std::vector<DeploymentId> deployments;

    Ids ids() const;
    static Pushed from(const Ids& ids);
};

struct BranchMove {
    std::string branch;  // Full name.
    Oid old_tip;         // Zero: the branch is new.
    Oid commit;          // Among the new objects.
};

/// Pushes what was proposed, with its objects.
using PushFn = std::function<Result<git::PushOutcome>(git::ProposedPush)>;

/// One push of one branch. Errors: those of PushService::push; Conflict `head_moved`,
/// `push_refused`, `replayed`.
Result<Pushed> push_commit(const PushFn& push, const BranchMove& move, const auth::Once& once);
Result<Pushed> push_commit(git::Draft& draft, const BranchMove& move, const auth::Once& once);

/// 201 with the commit's place.
Answer answer_pushed(const Call& call, const Pushed& pushed);

/// `expectedHead` of a body; nullopt: there is none. Zero: the ref must not exist.
Result<std::optional<Oid>> read_expected_head(const std::optional<std::string>& text);

/// `expectedHead` of a body: 40 hex digits; forty zeros or "": the branch must not exist.
/// Errors: Conflict `head_moved`, naming where it is; InvalidInput.
Status check_expected_head(const std::optional<std::string>& text, const Oid& tip);

}  // namespace origin::api

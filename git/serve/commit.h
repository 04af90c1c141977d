// SPDX-License-Identifier: Apache-2.0
// git/serve/commit: commits and merges made by the server; they move refs like any other push.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "git/odb/repository.h"
#include "git/serve/push.h"

namespace origin::git {

/// New objects on top of one project's, until push() makes them part of it. Dropped if it is not.
class Draft {
public:
    /// `refs`: full names whose tips are wanted. They are read from the snapshot that the objects
    /// are of: a tip read later may be a commit that the draft does not know.
    /// Errors: NotFound (the project), Corrupt.
    static Result<std::unique_ptr<Draft>> open(PushService& pushes,
                                               const auth::Permit& permit,
                                               const std::vector<std::string>& refs = {});

    const ObjectStoreRef& objects() const { return objects_; }
    PackBuilder& builder() { return builder_; }
    Repository& repository() { return repository_; }

    /// The tip of one of open()'s refs as it was then; zero if there is none.
    Oid tip(const std::string& ref) const;
    Result<Oid> tree_of(const Oid& commit) const;
    Result<Oid> add_commit(const Commit& commit);

    /// The pack is written and the refs move, in one push. proposal.objects is filled in here.
    Result<PushOutcome> push(ProposedPush proposal);

private:
    Draft(PushService& pushes, const auth::Permit& permit, ObjectStoreRef objects)
        : pushes_(pushes),
          permit_(permit),
          objects_(std::move(objects)),
          builder_(objects_),
          repository_(builder_) {}

    PushService& pushes_;
    auth::Permit permit_;
    ObjectStoreRef objects_;
    std::map<std::string, Oid> tips_;
    PackBuilder builder_;
    Repository repository_;
};

/// The author or committer line of an identity at a time.
Ident ident_of(const auth::Identity& identity, UnixMillis now);
/// "origind <noreply@origind.invalid>": who commits what the server made.
Ident server_ident(UnixMillis now);

struct MergeWish {
    std::string source;                       // Branch, tag or commit id.
    std::string target;                       // Full ref name of a branch.
    std::optional<Oid> expected_target = {};  // Conflict unless the target is still there.
    std::string message = {};                 // Empty: "Merge branch 'x'".
    bool preview = false;                     // Only say what would happen.
};

enum class MergeResult : std::uint8_t { AlreadyMerged, FastForward, MergeCommit, Conflicted };
/// "already_merged", "fast_forward", "merge_commit", "conflicted".
std::string_view name_of(MergeResult result);

struct Merged {
    MergeResult result = MergeResult::AlreadyMerged;
    Oid commit;  // The target's tip afterwards (or as it would be, for a preview: zero if unknown).
    Oid old_target;
    std::vector<MergeConflict> conflicts;
    PushOutcome push;  // sequence 0: nothing moved.
};

/// Three-way merge of `source` into `target`. Fast-forwards when it can.
/// `also`: as ProposedPush::also, called only if the target moves.
/// Errors: NotFound (no such branch), Conflict (`head_moved`, `unrelated_histories`,
/// `push_refused`).
Result<Merged> merge(PushService& pushes,
                     const auth::Permit& permit,
                     const MergeWish& wish,
                     std::function<Status(store::Writer&, const Merged&)> also = {});

/// A refused single-ref push as an Error: Conflict `head_moved` if it was stale, else
/// `push_refused`.
Status need_all_ok(const PushOutcome& outcome);

}  // namespace origin::git

// SPDX-License-Identifier: Apache-2.0
// hooks/new_commits: what gates demand of the commits that a ref's move brings.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "git/serve/history_walk.h"
#include "git/serve/push.h"

namespace origin::hooks {

/// What the files changed by a push have to keep to, and who says so.
struct FileRule {
    std::string owner;  // "this key", "the policy 'refs/heads/main'"
    std::vector<std::string> allow;
    std::vector<std::string> deny;
    std::uint64_t file_bytes = 0;  // 0: any.
    std::uint32_t files = 0;       // 0: any number.

    bool demands_nothing() const {
        return allow.empty() && deny.empty() && file_bytes == 0 && files == 0;
    }
};

/// Why not, for the client to read.
using Objection = std::optional<std::string>;

/// The commits `tip` reaches and none of `known` does, newest first; nullopt: more had to be looked
/// at than is left in `state`. Errors: NotFound, Corrupt.
using Commits = std::vector<git::SendCommit>;
Result<std::optional<Commits>> new_commits(const git::ObjectStoreRef& objects,
                                           const Oid& tip,
                                           const std::vector<Oid>& known,
                                           git::GateState& state);

/// Judges changed files by rules, one tree after the other.
class FileCheck {
public:
    /// Lifetime: borrows all three.
    FileCheck(const git::ObjectStore& objects,
              const std::vector<FileRule>& rules,
              git::GateState& state)
        : objects_(objects), rules_(rules), state_(state) {}

    /// Every file that `tree` has otherwise than each of `bases`. Errors: NotFound, Corrupt.
    Result<Objection> check(const std::vector<Oid>& bases, const Oid& tree);
    /// The same of each commit and its parents.
    Result<Objection> check_each(const Commits& commits);

private:
    Result<Objection> judge(const FileRule& rule, const git::FileChange& change);

    const git::ObjectStore& objects_;
    const std::vector<FileRule>& rules_;
    git::GateState& state_;
};

}  // namespace origin::hooks

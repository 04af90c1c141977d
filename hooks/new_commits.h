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

/// The commits `tip` reaches and none of `known` does, newest first; nullopt: more than
/// kCheckedCommitsMax had to be looked at. Errors: NotFound, Corrupt.
Result<std::optional<std::vector<git::SendCommit>>> new_commits(const git::ObjectStoreRef& objects,
                                                                const Oid& tip,
                                                                const std::vector<Oid>& known);

/// Looks at every file that one of the commits has otherwise than each of its parents.
Result<Objection> check_files(const git::ObjectStore& objects,
                              const std::vector<git::SendCommit>& commits,
                              const std::vector<FileRule>& rules);

}  // namespace origin::hooks

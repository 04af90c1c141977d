// SPDX-License-Identifier: Apache-2.0
// git/odb/tree_changes: which files one tree has otherwise than others. Unlike diff it needs no
// builder, finds no renames and tells each file as it is met.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "git/odb/object_store.h"

namespace origin::git {

struct FileChange {
    std::string path;  // As the tree has it: any bytes but NUL.
    std::uint32_t mode = 0;
    Oid oid;  // Zero: the file is gone.
};

/// False ends the walk.
using SeeChange = std::function<bool(const FileChange&)>;

/// Tells each file of `tree` that is not the same in any of `bases`, and each that is gone from all
/// of them: of a merge what it changed itself, of a root commit (no bases) everything.
/// Errors:  NotFound, Corrupt; LimitExceeded `too_many_changes`: more than kTreeChangesMax entries
///          had to be looked at, or a path is longer than kTreeChangePathMax bytes.
Status tree_changes(const ObjectStore& objects,
                    const std::vector<Oid>& bases,
                    const Oid& tree,
                    const SeeChange& see);

inline constexpr std::size_t kTreeChangesMax = 1'000'000;
inline constexpr std::size_t kTreeChangePathMax = 64 * 1024;

}  // namespace origin::git

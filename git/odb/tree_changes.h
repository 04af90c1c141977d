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

/// How much may still be looked at; walks take from it.
struct ChangeBudget {
    std::uint64_t entries = 1'000'000;  // Of trees, those of the bases too.
};

inline constexpr std::size_t kTreeChangeBasesMax = 64;
inline constexpr std::size_t kTreeChangePathMax = 64 * 1024;
inline constexpr std::size_t kTreeChangeLiveMax = 64U << 20U;  // Bytes kept of folders to come.

/// Tells each file of `tree` that is not the same in any of `bases`, and each that is gone from all
/// of them: of a merge what it changed itself, of a root commit (no bases) everything. Folder by
/// folder, in no particular order.
/// Errors:  NotFound, Corrupt; LimitExceeded `too_many_changes`: beyond `budget` or the limits
///          above.
Status tree_changes(const ObjectStore& objects,
                    const std::vector<Oid>& bases,
                    const Oid& tree,
                    ChangeBudget& budget,
                    const SeeChange& see);

}  // namespace origin::git

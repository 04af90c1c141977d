// SPDX-License-Identifier: Apache-2.0
// git/odb/tree_edit: a tree with some paths changed, as new tree and blob objects.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>

#include "base/oid.h"
#include "base/result.h"
#include "git/odb/objects.h"
#include "git/odb/pack_builder.h"

namespace origin::git {

/// What a path shall become: bytes, or an object that exists already (the only way for a gitlink).
struct FileEdit {
    std::uint32_t mode = kModeFile;
    std::variant<std::string, Oid> content;
};

/// Path ("a/b.txt") -> new content, or nullopt: remove the file or the whole folder.
using TreeEdits = std::map<std::string, std::optional<FileEdit>>;

/// Applies `edits` to `base` (nullopt: the empty tree); folders left empty vanish. A path may
/// replace a folder by a file or the reverse; new objects go into `builder`.
/// Returns: the new tree's id, which is `base`'s if nothing changed.
/// Errors: InvalidInput (bad_path; bad_mode; path_conflict: a file where another edit needs a
/// folder; missing_path: nothing to remove there; missing_object), and check_object's (names).
/// Limits: kPathBytesMax, kPathDepthMax, kPathComponentBytesMax.
Result<Oid> edit_tree(PackBuilder& builder, const std::optional<Oid>& base, const TreeEdits& edits);

}  // namespace origin::git

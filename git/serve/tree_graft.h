// SPDX-License-Identifier: Apache-2.0
// git/serve/tree_graft: a tree with one entry, file or folder, put at a path.
#pragma once

#include <string_view>

#include "git/odb/pack_builder.h"

namespace origin::git {

/// Puts `entry` at `path` ("a/b", no empty components) of `tree`, in the place of whatever is
/// there; folders on the way are made. New trees go into `builder`.
/// Returns: the new tree's id; `tree` if nothing changed.
/// Errors: InvalidInput `path_conflict`: a file is where a folder is needed; check_object's.
Result<Oid> graft(PackBuilder& builder,
                  const Oid& tree,
                  std::string_view path,
                  const TreeEntry& entry);

}  // namespace origin::git

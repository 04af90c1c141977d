// SPDX-License-Identifier: Apache-2.0
// git/odb/history: questions about the commit graph. Bounded by the history it has to look at.
#pragma once

#include <functional>
#include <vector>

#include "base/oid.h"
#include "base/result.h"
#include "git/odb/objects.h"

namespace origin::git {

/// How a walk gets a commit: from an ObjectStore, or from one and the objects of a PackBuilder.
using ReadCommitLinks = std::function<Result<CommitLinks>(const Oid&)>;

/// The best common ancestors of two commits (none if the histories are unrelated; several after
/// criss-cross merges). Errors: NotFound or Corrupt from `read`.
Result<std::vector<Oid>> merge_bases(const ReadCommitLinks& read, const Oid& a, const Oid& b);

/// Can `ancestor` be reached from `descendant`? A commit is its own ancestor.
Result<bool> is_ancestor(const ReadCommitLinks& read, const Oid& ancestor, const Oid& descendant);

}  // namespace origin::git

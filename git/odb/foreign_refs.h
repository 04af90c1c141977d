// SPDX-License-Identifier: Apache-2.0
// git/odb/foreign_refs: the refs of a repository folder that somebody else made, read without any
// library: no configuration, no hooks, no links are followed, every file has a limit.
// In: a folder. Out: its heads, tags and notes, and what was left out and why.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/oid.h"
#include "base/result.h"

namespace origin::git {

struct ForeignRef {
    std::string name;  // Passed RefName's rules.
    Oid oid;
    friend bool operator==(const ForeignRef&, const ForeignRef&) = default;
};

struct LeftOut {
    std::string name;  // Printable; cut if it is long.
    std::string reason;
    friend bool operator==(const LeftOut&, const LeftOut&) = default;
};

struct ForeignRefs {
    std::string head;              // The branch that HEAD names; empty: none, or detached.
    std::vector<ForeignRef> refs;  // Sorted by name.
    std::vector<LeftOut> left_out;

    friend bool operator==(const ForeignRefs&, const ForeignRefs&) = default;
};

/// The folder that holds HEAD and objects: `folder` itself, or the `.git` folder in it. Nothing in
/// the places that matter may be a symbolic link.
/// Errors: InvalidInput: `not_a_repository`, `has_links`, `has_alternates` (objects elsewhere are
///         never read), `shallow_repository`, `unsupported_repository` (reftable, worktrees).
Result<std::filesystem::path> find_repository(const std::filesystem::path& folder);

/// Errors: InvalidInput `bad_packed_refs`, `unsupported_repository` (SHA-256 ids);
///         LimitExceeded `too_many_refs` above kForeignRefsMax.
Result<ForeignRefs> read_foreign_refs(const std::filesystem::path& repository);

/// As text, for handing them from one process to another.
/// Format: lines `head NAME`, `ref HEX NAME`, `left NAME TAB REASON`, and last `end`.
std::string serialize(const ForeignRefs& refs);
/// Errors: InvalidInput `bad_refs_text`.
Result<ForeignRefs> parse_foreign_refs(std::string_view text);

}  // namespace origin::git

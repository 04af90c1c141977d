// SPDX-License-Identifier: Apache-2.0
// git/odb/repository: merges and diffs, by object id only; libgit2 does the work over
// our own packs, and whatever it writes is caught by a PackBuilder. Refs are not known here.
// One Repository per call or per thread: not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/oid.h"
#include "base/result.h"
#include "git/odb/object_store.h"
#include "git/odb/pack_builder.h"
#include "git/odb/tree_edit.h"

namespace origin::git {

struct MergeConflict {
    std::string path;
    std::optional<Oid> base, ours, theirs;  // Which sides have the path.
};

struct MergeOutcome {
    std::optional<Oid> tree;  // Set if there are no conflicts.
    std::vector<MergeConflict> conflicts;
};

enum class DiffStatus : char {
    Added = 'A',
    Deleted = 'D',
    Modified = 'M',
    Renamed = 'R',
    TypeChanged = 'T',
};

struct DiffEntry {
    DiffStatus status = DiffStatus::Modified;
    std::string path;      // The new one; the old one if deleted.
    std::string old_path;  // Differs from `path` only if renamed.
    std::optional<Oid> old_oid, new_oid;
    std::uint32_t old_mode = 0, new_mode = 0;
    std::uint32_t lines_added = 0, lines_deleted = 0;  // Only if DiffOptions::count_lines.
    bool is_binary = false;                            // Only if DiffOptions::count_lines.
};

struct DiffOptions {
    bool find_renames = false;
    bool count_lines = false;
    std::uint32_t context_lines = 3;
    std::size_t files_max = kDiffFilesMax;
    std::size_t patch_bytes_max = kDiffPatchBytesMax;
    std::string path_prefix;  // "src": only this file or what is below this folder.
};

struct Diff {
    std::vector<DiffEntry> files;
    bool is_truncated = false;  // files_max was reached.
};

struct Patch {
    std::string text;  // Unified, git's format.
    bool is_truncated = false;
};

class Repository {
public:
    /// Reads from `builder` and what is below it; new objects go into `builder`.
    explicit Repository(PackBuilder& builder);
    Repository(const Repository&) = delete;
    Repository& operator=(const Repository&) = delete;
    ~Repository();

    /// Three-way merge of trees. `base` nullopt: unrelated histories.
    Result<MergeOutcome> merge_trees(const std::optional<Oid>& base,
                                     const Oid& ours,
                                     const Oid& theirs);

    /// nullopt is the empty tree.
    Result<Diff> diff(const std::optional<Oid>& old_tree,
                      const std::optional<Oid>& new_tree,
                      const DiffOptions& options = {});
    Result<Patch> patch(const std::optional<Oid>& old_tree,
                        const std::optional<Oid>& new_tree,
                        const DiffOptions& options = {});

    /// See git/odb/tree_edit.
    Result<Oid> edit_tree(const std::optional<Oid>& base, const TreeEdits& edits);

    /// See git/odb/history.
    Result<std::vector<Oid>> merge_bases(const Oid& a, const Oid& b) const;
    Result<bool> is_ancestor(const Oid& ancestor, const Oid& descendant) const;

private:
    struct Libgit2;
    Status open();
    Result<CommitLinks> commit_links(const Oid& oid) const;

    PackBuilder& builder_;
    std::unique_ptr<Libgit2> lib_;
};

}  // namespace origin::git

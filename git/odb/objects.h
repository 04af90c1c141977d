// SPDX-License-Identifier: Apache-2.0
// git/odb/objects: commits, trees and tags as values. Pure: no I/O, no recursion, bounded by input.
// In: an object's inflated bytes, from anybody. Out: nouns; and the way back for objects we write.
// These parsers are lenient as git's readers are (old history must stay readable); what may enter
// the store is decided by git/odb/fsck.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/oid.h"
#include "base/result.h"

namespace origin::git {

/// The numbers are those of pack entries: gitformat-pack(5), "Object types".
enum class ObjectType : std::uint8_t { Commit = 1, Tree = 2, Blob = 3, Tag = 4 };

/// "commit", "tree", "blob" or "tag".
std::string_view name_of(ObjectType type);
std::optional<ObjectType> object_type_of(std::string_view name);

struct ObjectHeader {
    ObjectType type;
    std::uint64_t size;
};

struct Object {
    ObjectType type;
    std::string data;
};

/// Who and when. `seconds` since 1970 UTC; `offset_minutes` east of UTC.
struct Ident {
    std::string name;
    std::string email;
    std::int64_t seconds = 0;
    int offset_minutes = 0;

    friend bool operator==(const Ident&, const Ident&) = default;
};

struct Commit {
    Oid tree;
    std::vector<Oid> parents;
    Ident author;
    Ident committer;
    std::string encoding;        // Empty: UTF-8.
    bool has_signature = false;  // A gpgsig header was there; serialize() does not write it back.
    std::string message;
};

/// What a history walk needs of a commit, without copying its text.
struct CommitLinks {
    Oid tree;
    std::vector<Oid> parents;
    std::int64_t committed_seconds = 0;  // 0 if the line is broken.
};

struct Tag {
    Oid target;
    ObjectType target_type = ObjectType::Commit;
    std::string name;
    std::optional<Ident> tagger;  // Tags of 2005 have none.
    std::string message;
};

inline constexpr std::uint32_t kModeTree = 0040000;
inline constexpr std::uint32_t kModeFile = 0100644;
inline constexpr std::uint32_t kModeExecutable = 0100755;
inline constexpr std::uint32_t kModeSymlink = 0120000;
inline constexpr std::uint32_t kModeGitlink = 0160000;

struct TreeEntry {
    std::uint32_t mode = 0;
    std::string_view name;  // Borrowed from the tree's bytes.
    Oid oid;

    bool is_tree() const { return (mode & 0170000) == kModeTree; }
    bool is_gitlink() const { return (mode & 0170000) == kModeGitlink; }
    bool is_symlink() const { return (mode & 0170000) == kModeSymlink; }
};

/// Takes entries off a tree one by one.
/// Format:   repeated `octal mode` SP `name` NUL `20 raw id bytes`.
/// Lifetime: borrows `data`.
class TreeReader {
public:
    explicit TreeReader(std::string_view data) : rest_(data) {}

    /// Returns: the next entry, or nullopt at the end.
    /// Errors:  InvalidInput (bad_tree) if the bytes break the format.
    Result<std::optional<TreeEntry>> next();

private:
    std::string_view rest_;
};

/// The entry called `name` (one component) in a tree's bytes; nullopt if there is none.
Result<std::optional<TreeEntry>> find_entry(std::string_view tree_data, std::string_view name);

/// Errors: InvalidInput with git's message id as reason (missing_tree, bad_parent_sha1 ...).
Result<Commit> parse_commit(std::string_view data);
Result<CommitLinks> parse_commit_links(std::string_view data);
Result<Tag> parse_tag(std::string_view data);

/// An owned tree entry, for writing.
struct TreeItem {
    std::uint32_t mode = 0;
    std::string name;
    Oid oid;
};

/// The bytes of a commit. The caller's text is cleaned, never trusted: names and mails lose `<`,
/// `>`, NUL and line ends, the message loses NULs and ends in one newline.
std::string serialize(const Commit& commit);
/// The bytes of a tag, cleaned in the same way.
std::string serialize(const Tag& tag);
/// The bytes of a tree; sorts `items` in git's order (a folder sorts as if its name ended in `/`).
/// What comes out still has to pass check_object (names, duplicates).
std::string serialize_tree(std::vector<TreeItem> items);

/// The order of two tree entries: <0, 0, >0.
int compare_tree_names(std::string_view a, bool a_is_tree, std::string_view b, bool b_is_tree);

}  // namespace origin::git

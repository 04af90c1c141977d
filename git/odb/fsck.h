// SPDX-License-Identifier: Apache-2.0
// git/odb/fsck: may this object enter the store? The rules of `git fsck --strict`, which protect
// the people who will check the object out.
// In: an object's bytes, from anybody. Out: yes, or git's message id as the reason.
// Source: fsck-msgids.adoc of git; the verdicts are compared with git's own in the tests.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/oid.h"
#include "base/result.h"
#include "git/odb/objects.h"

namespace origin::git {

/// Push: as strict as git's receive side. Import: old history may have zero-padded modes, group
/// writable modes, full path names, and dates git would not write today.
enum class FsckLevel : std::uint8_t { Push, Import };

/// Blobs that a tree gives a meaning to; their contents are checked when they are known.
struct SpecialBlobs {
    std::vector<Oid> gitmodules;
    std::vector<Oid> gitattributes;
};

/// Checks a commit, tree or tag; a blob is always fine here. Trees add to `special`.
/// Errors: InvalidInput; reason() is git's message id in snake_case ("has_dotgit"), told_to_peer
/// names it as git does ("hasDotgit: ...").
Status check_object(ObjectType type,
                    std::string_view data,
                    FsckLevel level = FsckLevel::Push,
                    SpecialBlobs* special = nullptr);

/// Checks the contents of a .gitmodules blob: names, urls, paths, update commands.
Status check_gitmodules(std::string_view data);
/// Checks the contents of a .gitattributes blob: size and line length.
Status check_gitattributes(std::string_view data);

/// Is this path component one that git would write as, or over, `.git` on some file system?
bool is_dotgit(std::string_view name);
/// The same for `.gitmodules` and the like; `dot_name` is without its dot ("gitmodules").
bool is_dot_name(std::string_view name, std::string_view dot_name);

}  // namespace origin::git

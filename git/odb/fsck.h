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

/// Push: as strict as git's receive side. Import: forgives what old tools wrote and nobody can be
/// hurt by: zero-padded modes and dates, odd people and time zones, NULs in messages.
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

}  // namespace origin::git

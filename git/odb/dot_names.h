// SPDX-License-Identifier: Apache-2.0
// git/odb/dot_names: names that some file system takes for `.git` or another of git's own files.
// HFS+ ignores case and 16 invisible code points; NTFS ignores case, trailing dots and spaces, and
// everything after a colon, and has 8.3 short names.
#pragma once

#include <cstdint>
#include <string_view>

namespace origin::git {

enum class DotName : std::uint8_t { Gitmodules, Gitattributes, Gitignore, Mailmap };

/// Would git, or a file system, take this path component for `.git`?
bool is_dotgit(std::string_view name);
/// The same for one of git's other files.
bool is_dot_name(std::string_view name, DotName dot_name);

}  // namespace origin::git

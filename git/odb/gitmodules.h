// SPDX-License-Identifier: Apache-2.0
// git/odb/gitmodules: what .gitmodules and .gitattributes may say, since git acts on both when the
// project is checked out.
#pragma once

#include <string_view>

#include "base/result.h"
#include "git/odb/fsck.h"

namespace origin::git {

/// Refuses names that leave the folder of modules, urls and paths that are options, urls that
/// smuggle a line end or another host, urls and update settings that run a command.
/// Errors: InvalidInput (gitmodules_name, _url, _path, _update, _large; _parse at Push only).
/// Source: git-config(1), "Syntax"; gitmodules(5).
Status check_gitmodules(std::string_view data, FsckLevel level);

/// Refuses what git refuses to read: 100 MB, lines of 2048 bytes.
/// Errors: InvalidInput (gitattributes_large, gitattributes_line_length).
Status check_gitattributes(std::string_view data);

}  // namespace origin::git

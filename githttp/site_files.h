// SPDX-License-Identifier: Apache-2.0
// githttp/site_files: which blob of a tree a site's URL means.
// In: a request's raw path and a tree. Out: a file, "add a slash", or nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/oid.h"
#include "base/result.h"
#include "git/odb/object_store.h"

namespace origin::githttp {

/// The path decoded once, without its leading slash; "" or a final '/' is a folder.
/// nullopt: nothing a site may serve: a broken escape, NUL, backslash, an empty, `.` or `..`
/// segment, any name that begins with a dot (`.git`, `.env`; `.well-known` may be served), or more
/// than kPathBytesMax.
std::optional<std::string> site_path(std::string_view raw);

struct SiteFile {
    Oid blob;
    std::string_view content_type;  // A literal.
};
struct NeedsSlash {};
struct HasNoSlash {};  // "a/b/" is no folder with a page, but a/b.html is there.
struct NoFile {};
using SiteAnswer = std::variant<NoFile, NeedsSlash, HasNoSlash, SiteFile>;

/// "a/b" is the file, or the folder's index.html behind a slash, or a/b.html; "a/b/" is
/// a/b/index.html. Symbolic links and submodules are nothing. Errors: Corrupt, NotFound (a tree is
/// missing).
Result<SiteAnswer> find_site_file(const git::ObjectStore& objects,
                                  const Oid& root,
                                  const std::string& path);

}  // namespace origin::githttp

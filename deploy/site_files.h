// SPDX-License-Identifier: Apache-2.0
// deploy/site_files: from a commit's tree to the files of a site.
// In: objects, a commit, the publish root. Out: paths and blobs, and what was left out and why.
//
// The rules: names that begin with a dot are left out but `.well-known`, as are submodules and
// links to folders. A link to a file inside the site is that file. A link that leaves the site, a
// name that is not UTF-8 or has a control character or backslash, and a site without a file are
// refused. Paths that differ in case alone are told: some hosts cannot keep both.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/oid.h"
#include "base/result.h"
#include "git/odb/object_store.h"

namespace origin::deploy {

inline constexpr std::size_t kSiteFilesMax = 100'000;  // The most that any provider takes.
inline constexpr std::size_t kSiteDepthMax = 64;

struct SiteFile {
    std::string path;  // From the publish root: no leading slash.
    Oid blob;
    bool is_executable = false;

    friend bool operator==(const SiteFile&, const SiteFile&) = default;
};

struct SiteFiles {
    std::vector<SiteFile> files;     // Sorted by the bytes of their paths.
    std::vector<std::string> notes;  // For people: "2 names that begin with a dot are left out".
};

/// Errors: InvalidInput `no_publish_root`, `empty_site`, `bad_file_name`, `link_leaves_site`;
///         LimitExceeded `too_many_files`; NotFound and Corrupt of the objects.
Result<SiteFiles> list_site(const git::ObjectStore& objects,
                            const Oid& commit,
                            std::string_view publish_root);

}  // namespace origin::deploy

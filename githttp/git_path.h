// SPDX-License-Identifier: Apache-2.0
// githttp/git_path: which project and which Git call a URL's path means.
// In: the raw path. Out: a project's name as git/serve finds it, and what is asked of it.
// Format: /<client>/<project>[.git][/<rest>] or /<prj_...>[.git][/<rest>].
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace origin::githttp {

enum class GitCall : std::uint8_t {
    InfoRefs,     // info/refs
    UploadPack,   // git-upload-pack
    ReceivePack,  // git-receive-pack
    Lfs,          // info/lfs/...
    Page,         // Nothing, or a slash: somebody opened the clone URL in a browser.
    Unknown,
};

struct GitPath {
    std::string project;  // "<client>/<project>" or "prj_...", without ".git".
    GitCall call = GitCall::Unknown;
};

/// nullopt: no project can be called that. Escapes are not decoded: no name needs one.
std::optional<GitPath> parse_git_path(std::string_view path);

}  // namespace origin::githttp

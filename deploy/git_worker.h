// SPDX-License-Identifier: Apache-2.0
// deploy/git_worker: the child of the connector `git`: has another server's refs be ours.
//
// In its folder: `source.git` (git/serve/mirror) and `refs`: "<id> <name>\n" of each. It answers in
// `out/outcome`: "<what>\t<name>\t<refusal>\n" of each ref that differed, then "same\t<n>\t\n" and
// "strays\t<n>\t\n".
#pragma once

#include <filesystem>

namespace origin::deploy {

/// `origind remote-worker git FOLDER`
[[noreturn]] void run_git_worker(const std::filesystem::path& folder);

}  // namespace origin::deploy

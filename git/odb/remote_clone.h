// SPDX-License-Identifier: Apache-2.0
// git/odb/remote_clone: heads, tags and notes of a foreign server, fetched by libgit2 into a bare
// repository. libgit2, its HTTP reader and libssh2 have had remote memory bugs, so origind calls
// this in a confined child process only (decision D5).
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace origin::git {

struct RemoteClone {
    std::string url;                // https, http or ssh; checked by the caller.
    std::filesystem::path folder;   // Made; the bare repository.
    std::filesystem::path ssh_key;  // Private key file (its public half beside it); may be empty.
    bool ssh_agent = false;         // There is an agent whose keys may be tried.
    std::function<void(std::string_view line)> progress;
};

/// Follows no redirect, uses no proxy, verifies certificates and host keys. Which SSH hosts are
/// trusted is in `.ssh/known_hosts` below the process's HOME: libgit2 1.5 looks nowhere else.
/// Errors: Unavailable `clone_failed` with what happened; LimitExceeded `too_large` above
///         kPackBytesMax. The texts hold no password.
Status clone_remote(const RemoteClone& wanted);

}  // namespace origin::git

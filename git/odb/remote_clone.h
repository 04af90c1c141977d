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
    std::filesystem::path home;     // `.ssh/known_hosts` below it says which SSH hosts are trusted.
    std::filesystem::path ssh_key;  // Private key file (its public half beside it); may be empty.
    std::function<void(std::string_view line)> progress;
};

/// Follows no redirect, uses no proxy, verifies certificates and host keys.
/// Errors: Unavailable `clone_failed` with what happened; LimitExceeded `too_large` above
///         kPackBytesMax. The texts hold no password.
Status clone_remote(const RemoteClone& wanted);

}  // namespace origin::git

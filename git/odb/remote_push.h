// SPDX-License-Identifier: Apache-2.0
// git/odb/remote_push: has a foreign server's refs be ours, by libgit2: what differs is pushed by
// force, nothing else is touched. libgit2 and its HTTP reader have had remote memory bugs, so
// origind calls this in a confined child process only (decision D5).
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/oid.h"
#include "base/result.h"

namespace origin::git {

struct PushedRef {
    std::string name;
    Oid oid;
    friend bool operator==(const PushedRef&, const PushedRef&) = default;
};

struct RemotePush {
    std::string url;                    // Without a password.
    std::filesystem::path repository;   // Bare; has the objects, and `refs` as its own.
    std::vector<PushedRef> refs;        // What the server is to have.
    std::vector<std::string> patterns;  // Which refs this is about: "refs/heads/*".
    bool prune = false;                 // Deletes refs that match a pattern and are not in `refs`.
    std::string user;                   // HTTP's user name for the token.
    Secret token;
};

struct RemoteOutcome {
    std::string name;
    std::string what;     // "created", "updated", "deleted"
    std::string refusal;  // The server's words; empty: done.
};

struct RemotePushed {
    std::vector<RemoteOutcome> refs;  // Those that differed.
    std::size_t same = 0;
    std::size_t strays = 0;  // That we do not have, and that stay for want of `prune`.
};

/// Follows no redirect, uses no proxy, verifies certificates. use_roads() comes first.
/// Errors: those of a road; Unavailable `remote_unreachable`; Unauthenticated
///         `remote_refuses_token`; Forbidden `remote_forbids`; InvalidInput `remote_has_none`,
///         `bad_certificate`. The texts hold no secret. Blocks.
Result<RemotePushed> push_to_remote(const RemotePush& wanted);

}  // namespace origin::git

// SPDX-License-Identifier: Apache-2.0
// auth/identity: who is asking, as proved by a key or by the operator's own socket.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "auth/scopes.h"
#include "base/id.h"
#include "store/rows/identity.h"
#include "store/rows/project.h"

namespace origin::auth {

struct Identity {
    ClientId client;
    std::string slug;
    std::string name;  // For commits and messages.
    std::string email;
    std::optional<KeyId> key;  // None: the operator at the server's socket.
    Scopes scopes;
    std::vector<ProjectId> projects;  // Empty: every project of the client.
    bool server_admin = false;        // Sees and manages every client's projects.
    store::KeyLimits limits = {};     // What a push with this key must keep to.
    UnixMillis expires_at = 0;        // 0: never.
    std::string token_id = {};        // `jti` of a token that the client signed itself.
    bool is_signed_token = false;     // Such a token (auth/jwt.h) proved it.

    bool is_anonymous() const { return client == ClientId(); }
};

/// What somebody wants to do with one project.
enum class Action : std::uint8_t {
    Read,     // Fetch, read through the API, follow runs and deployments.
    Write,    // Push, commit, merge.
    Require,  // Post a requirement.
    Deploy,   // Targets, rules, rollback, webhooks.
    Admin,    // Settings, rename, delete.
};

/// Proof that an identity may do an action on a project. Only Gatekeeper makes one, and every entry
/// of git/serve takes one: a door that forgets to ask does not compile.
class Permit {
public:
    const Identity& identity() const { return identity_; }
    const ProjectId& project() const { return project_; }
    Action action() const { return action_; }
    /// True for a push to a project that its own transaction will create.
    bool creates() const { return creates_; }

private:
    friend class Gatekeeper;
    Permit(Identity identity, const ProjectId& project, Action action, bool creates = false)
        : identity_(std::move(identity)), project_(project), action_(action), creates_(creates) {}

    Identity identity_;
    ProjectId project_;
    Action action_;
    bool creates_;
};

}  // namespace origin::auth

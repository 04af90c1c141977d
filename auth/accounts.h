// SPDX-License-Identifier: Apache-2.0
// auth/accounts: making clients and keys. Plain functions for a store transaction.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "auth/scopes.h"
#include "auth/ssh_public_key.h"
#include "base/id.h"
#include "base/log.h"
#include "store/rows/identity.h"
#include "store/store.h"

namespace origin::auth {

/// Whom "cli_..." (which is not looked up) or a slug names; nullopt: nobody.
Result<std::optional<ClientId>> find_client(store::Reader& reader, std::string_view name);

struct NewClient {
    ClientId id;
    std::string slug;
    std::string name;   // Empty: the slug.
    std::string email;  // Empty: "<slug>@users.noreply.origind.invalid".
    bool admin = false;
    UnixMillis now = 0;
};

/// Errors: InvalidInput (`bad_slug`, `bad_name`), Conflict (`slug_taken`).
Result<store::ClientRow> create_client(store::Writer& writer, const NewClient& wanted);

/// What may be changed of a client; what is not named stays.
struct ClientChange {
    std::optional<std::string> slug = {};  // The URLs of its projects change with it.
    std::optional<std::string> name = {};
    std::optional<std::string> email = {};
    std::optional<bool> admin = {};
    std::optional<bool> disabled = {};  // Its keys are refused from then on, its projects stay.
};

/// Errors: NotFound; InvalidInput (`bad_slug`, `bad_name`); Conflict (`slug_taken`; `last_admin`:
/// nobody could manage the server any more).
Result<store::ClientRow> change_client(store::Writer& writer,
                                       const ClientId& id,
                                       const ClientChange& change);

/// Removes a client, its keys and what was shared with it.
/// Errors: NotFound; Conflict (`client_owns_projects`, `last_admin`).
Status delete_client(store::Writer& writer, const ClientId& id);

struct NewKey {
    KeyId id;
    Secret text;  // From make_key_text(id, ...).
    ClientId client;
    std::string title;
    Scopes scopes;
    std::vector<ProjectId> projects;
    UnixMillis expires_at = 0;  // 0: never.
    UnixMillis now = 0;
    store::KeyLimits limits = {};
    bool token = false;
    std::optional<KeyId> minted_by = {};
};

/// Errors: NotFound (the client), InvalidInput (`bad_name`).
Result<store::KeyRow> create_key(store::Writer& writer, const NewKey& wanted);

struct NewSshKey {
    KeyId id;
    SshPublicKey key;
    ClientId client;
    std::string title;  // Empty: the key's comment.
    Scopes scopes;
    std::vector<ProjectId> projects;  // As of NewKey: a deploy key has one.
    UnixMillis expires_at = 0;        // 0: never.
    UnixMillis now = 0;
};

/// Errors: NotFound (the client), InvalidInput (`bad_name`), Conflict (`ssh_key_taken`): a public
/// key
///         belongs to one client, once.
Result<store::KeyRow> create_ssh_key(store::Writer& writer, const NewSshKey& wanted);

/// Erases a key of any kind and what is kept of it; one that is not there is no error. A public key
/// may be added again.
Status erase_key(store::Writer& writer, const KeyId& id);

/// Revoking twice keeps the first time. Errors: NotFound.
Status revoke_key(store::Writer& writer, const KeyId& id, UnixMillis now);

/// Text for people: UTF-8, no control or deceptive characters, at most kDisplayNameBytesMax.
/// Errors: InvalidInput (`bad_name`).
Status check_display_name(std::string_view name);

}  // namespace origin::auth

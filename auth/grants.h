// SPDX-License-Identifier: Apache-2.0
// auth/grants: a project shared with another client. Plain functions for a store transaction; each
// writes the event `grant.set` or `grant.removed`.
#pragma once

#include <optional>
#include <string_view>

#include "auth/identity.h"
#include "base/clock.h"
#include "base/id.h"
#include "store/rows/grant.h"
#include "store/rows/project.h"
#include "store/store.h"

namespace origin::auth {

/// "read", "write", "deploy", "admin".
std::string_view name_of(store::Access access);
/// Errors: InvalidInput, reason `unknown_access`.
Result<store::Access> parse_access(std::string_view name);

/// Is `action` part of `access`?
bool covers(store::Access access, Action action);

/// What a client may do with a project that is its own or shared with it; nullopt: it is neither.
/// Errors: Corrupt.
Result<std::optional<store::Access>> access_of(store::Reader& reader,
                                               const ClientId& client,
                                               const ProjectId& project,
                                               const store::ProjectRow& row);

struct NewGrant {
    ProjectId project;
    ClientId client;  // Whom it is shared with.
    store::Access access = store::Access::Read;
    ClientId by;
    UnixMillis now = 0;
};

/// Makes the grant, or changes it. Errors: NotFound: no such client or project; InvalidInput
/// (`grant_to_owner`): the owner may do everything anyway.
Status set_grant(store::Writer& writer, const NewGrant& wanted);

/// Errors: NotFound.
Status remove_grant(store::Writer& writer,
                    const ProjectId& project,
                    const ClientId& client,
                    UnixMillis now);

/// Of a project that is deleted: all of them, without events.
Status forget_grants(store::Writer& writer, const ProjectId& project);

}  // namespace origin::auth

// SPDX-License-Identifier: Apache-2.0
// api/key_access: who may make and manage which keys; the same for secrets and SSH keys.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "api/call.h"
#include "store/rows/identity.h"
#include "store/store.h"

namespace origin::api {

/// Whose keys: one's own client's; a server admin may name another.
/// Errors: Forbidden, also `client_mismatch`.
Result<ClientId> client_of(const Call& call, std::string_view text);

/// A key that is bound to projects makes only keys that are bound to some of them.
/// Errors: InvalidInput, NotFound, Forbidden.
Result<std::vector<ProjectId>> projects_of(const Call& call, const std::vector<std::string>& names);

/// Errors: NotFound: a project that is neither the client's nor shared with it.
Status check_owner(store::Reader& reader,
                   const ClientId& client,
                   const std::vector<ProjectId>& projects);

/// `expiresAt` of a body that makes a key: absent: a year from now; null: never; else a time.
struct KeyEnd {
    std::optional<std::string> text;
    bool is_never = false;

    static KeyEnd read(Fields& in) {
        return {.text = in.maybe_text("expiresAt"), .is_never = in.is_null("expiresAt")};
    }
    /// As KeyRow::expires_at. Errors: InvalidInput `bad_time`: no time, or past.
    Result<UnixMillis> at(UnixMillis now) const;
};

/// `body` with the key's last use; null: it was not used since such uses are noted.
Status add_last_use(store::Reader& reader, const KeyId& id, boost::json::object& body);

/// May this caller manage that key? Errors: NotFound: unknown and foreign ones look alike.
Status check_manages(const Call& call, const store::KeyRow& row);

/// Makes `event` one about a key: whose it is, and what it may do.
store::AuditRow about_key(store::AuditRow event, const KeyId& id, const store::KeyRow& row);

}  // namespace origin::api

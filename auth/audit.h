// SPDX-License-Identifier: Apache-2.0
// auth/audit: the audit log: who changed what about access, and whose login was refused. Written in
// the transaction of its cause. A table of its own, not the event log: docs/decisions/0013.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "auth/identity.h"
#include "base/clock.h"
#include "store/rows/audit.h"
#include "store/store.h"

namespace origin::auth {

/// `via`: the door, as AuditActor::via. `from`: the peer's address.
store::AuditActor actor_of(const Identity& identity, std::string_view via, std::string_view from);

/// Writes one row of the audit log under the next number; give it all but `number`.
/// What looks like a key is blotted out of its texts, and each is cut at kAuditTextBytesMax bytes.
/// Types are "<thing>.<what became of it>": "key.created", "grant.set", "login.refused".
/// Errors: InvalidInput: no type; those of the store.
Status record_audit(store::Writer& writer, store::AuditRow row);

inline constexpr std::size_t kAuditTextBytesMax = 1024;

/// Is there a row older than `before`?
Result<bool> has_audit_before(store::Reader& reader, UnixMillis before);

/// Erases rows older than `before`, at most `limit`. Returns: how many.
Result<std::size_t> trim_audit(store::Writer& writer, UnixMillis before, std::size_t limit);

}  // namespace origin::auth

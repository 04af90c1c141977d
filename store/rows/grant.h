// SPDX-License-Identifier: Apache-2.0
// store/rows/grant: what is stored about a project that its owner shares. docs/formats.md.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/id.h"

namespace origin::store {

/// What another client may do with a project. Stored as one byte: append only.
enum class Access : std::uint8_t {
    Read,    // Fetch, read through the API.
    Write,   // That, and push, commit, merge, post requirements.
    Deploy,  // Reading, and targets, rules, rollback, webhooks.
    Admin,   // Everything its owner may.
};

constexpr Access last_of(Access) {
    return Access::Admin;
}

/// Table Grants. Key: project id + the client it is shared with.
struct GrantRow {
    static constexpr std::uint8_t kVersion = 1;
    Access access = Access::Read;
    ClientId granted_by;
    UnixMillis created_at = 0;

    template <class F>
    void fields(F& f) {
        f(access);
        f(granted_by);
        f(created_at);
    }
};

}  // namespace origin::store

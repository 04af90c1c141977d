// SPDX-License-Identifier: Apache-2.0
// auth/scopes: what a key may be used for.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace origin::auth {

/// Bits, as KeyRow stores them: append only.
enum class Scope : std::uint32_t {
    GitRead = 1,          // "git:read": clone, fetch, read through the API.
    GitWrite = 2,         // "git:write": push, commit, merge. Includes reading.
    Requirements = 4,     // "requirements": post requirements and follow their runs.
    Deploy = 8,           // "deploy": targets, rules, rollback.
    Admin = 16,           // "admin": everything about the client's own projects and keys.
    ProjectsCreate = 32,  // "projects:create".
};

class Scopes {
public:
    Scopes() = default;
    explicit Scopes(std::uint32_t bits) : bits_(bits) {}

    /// Errors: InvalidInput, reason `unknown_scope`, naming the first unknown one; or none given.
    static Result<Scopes> parse(const std::vector<std::string>& names);
    static Scopes all();

    std::uint32_t bits() const { return bits_; }
    /// Admin has every scope; git:write has git:read.
    bool has(Scope scope) const;
    std::vector<std::string> names() const;

private:
    std::uint32_t bits_ = 0;
};

}  // namespace origin::auth

// SPDX-License-Identifier: Apache-2.0
#include "auth/scopes.h"

#include <algorithm>
#include <array>

#include "base/utf8.h"

namespace origin::auth {
namespace {

struct Named {
    Scope scope;
    std::string_view name;
};

constexpr std::array<Named, 6> kNames = {{
    {Scope::GitRead, "git:read"},
    {Scope::GitWrite, "git:write"},
    {Scope::Requirements, "requirements"},
    {Scope::Deploy, "deploy"},
    {Scope::Admin, "admin"},
    {Scope::ProjectsCreate, "projects:create"},
}};

std::uint32_t bit_of(Scope scope) {
    return static_cast<std::uint32_t>(scope);
}

}  // namespace

Result<Scopes> Scopes::parse(const std::vector<std::string>& names) {
    std::uint32_t bits = 0;
    for (const std::string& name : names) {
        const auto* found = std::ranges::find(kNames, name, &Named::name);
        if (found == kNames.end()) {
            return std::unexpected(Error(Code::InvalidInput,
                                         "unknown scope '" + printable(name) +
                                             "'; known: git:read, git:write, requirements, deploy, "
                                             "admin, projects:create")
                                       .because("unknown_scope"));
        }
        bits |= bit_of(found->scope);
    }
    if (bits == 0) {
        return std::unexpected(
            Error(Code::InvalidInput, "a key needs at least one scope").because("unknown_scope"));
    }
    return Scopes(bits);
}

Scopes Scopes::all() {
    std::uint32_t bits = 0;
    for (const Named& named : kNames) {
        bits |= bit_of(named.scope);
    }
    return Scopes(bits);
}

bool Scopes::has(Scope scope) const {
    std::uint32_t implied = bits_;
    if ((bits_ & bit_of(Scope::Admin)) != 0) {
        implied = all().bits();
    }
    if ((bits_ & bit_of(Scope::GitWrite)) != 0) {
        implied |= bit_of(Scope::GitRead);
    }
    return (implied & bit_of(scope)) != 0;
}

std::vector<std::string> Scopes::names() const {
    std::vector<std::string> names;
    for (const Named& named : kNames) {
        if ((bits_ & bit_of(named.scope)) != 0) {
            names.emplace_back(named.name);
        }
    }
    return names;
}

}  // namespace origin::auth

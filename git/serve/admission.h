// SPDX-License-Identifier: Apache-2.0
// git/serve/admission: may this identity fetch from, or push to, what a Git URL names?
// In: an identity and a project's name. Out: a permit, or the one right refusal.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "auth/gatekeeper.h"
#include "base/clock.h"
#include "base/random.h"
#include "git/wire/service.h"
#include "store/store.h"

namespace origin::git {

/// Leave to go on, and under which slug a push may make the project.
struct Admitted {
    auth::Permit permit;
    std::string new_project_slug;  // Empty: the project exists.
};

/// The project that a path means: "<client>/<project>[.git]" or "prj_...[.git]", with or without a
/// slash in front. nullopt: no project can be called that.
std::optional<std::string> project_of_path(std::string_view path);

/// Thread-safe. What it is given outlives it.
class Admission {
public:
    struct Around {
        store::Store& store;
        const auth::Gatekeeper& gatekeeper;
        const Clock& clock;
        Random& random;
    };
    explicit Admission(const Around& around) : around_(around) {}

    /// `project`: "<client>/<project>" or "prj_...". A push to a missing one of the identity's own
    /// makes it.
    /// Errors: those of Gatekeeper::permit; NotFound.
    Result<Admitted> admit(const auth::Identity& identity,
                           const std::string& project,
                           Service service) const;

private:
    Result<Admitted> admit_new(const auth::Identity& identity, const std::string& project) const;

    Around around_;
};

}  // namespace origin::git

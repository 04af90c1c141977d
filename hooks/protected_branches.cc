// SPDX-License-Identifier: Apache-2.0
#include "hooks/protected_branches.h"

#include "base/glob.h"

namespace origin::hooks {

Result<std::optional<std::string>> ProtectedBranches::objection(const auth::Permit&,
                                                                const store::ProjectRow& project,
                                                                const git::RefMove& move,
                                                                const git::ObjectStoreRef&,
                                                                git::GateState&) {
    using Objection = std::optional<std::string>;
    if (move.is_default_branch && move.deletes()) {
        return Objection(
            "deletion of the default branch is refused; make another branch the "
            "default first");
    }
    if (!move.name.is_branch() || !(move.deletes() || move.forced)) {
        return Objection();
    }
    for (const std::string& pattern : project.protected_branches) {
        if (glob_matches(pattern, move.name.short_name())) {
            return Objection("'" + pattern + "' is protected: no " +
                             (move.deletes() ? "delete" : "force-push"));
        }
    }
    return Objection();
}

}  // namespace origin::hooks

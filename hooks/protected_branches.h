// SPDX-License-Identifier: Apache-2.0
// hooks/protected_branches: the first gate: the default branch is not deleted; protected branches
// take neither force-pushes nor deletes.
#pragma once

#include "git/serve/push.h"

namespace origin::hooks {

class ProtectedBranches final : public git::PushGate {
public:
    Result<std::optional<std::string>> objection(const auth::Permit& permit,
                                                 const store::ProjectRow& project,
                                                 const git::RefMove& move,
                                                 const git::ObjectStoreRef& objects,
                                                 git::GateState& state) override;
};

}  // namespace origin::hooks

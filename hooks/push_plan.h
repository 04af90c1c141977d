// SPDX-License-Identifier: Apache-2.0
// hooks/push_plan: which deployments a push makes: rules -> deployment rows and their jobs.
// Runs inside the push's own transaction, so no push is without its deployments, and none is
// without its push.
#pragma once

#include "git/serve/push.h"

namespace origin::hooks {

class PushPlan final : public git::PushPlanner {
public:
    Result<std::string> roll_back(store::Writer& writer,
                                  const git::PushedRollback& wanted) override;
    /// `-o deploy.skip` makes none, `-o deploy.target=NAME` only those. A deleted ref makes none.
    Result<std::vector<DeploymentId>> plan(store::Writer& writer,
                                           const git::AcceptedPush& push) override;
};

}  // namespace origin::hooks

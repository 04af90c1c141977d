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
    /// The `.origind.toml` of each new tip.
    Result<git::TreeRules> read(const std::vector<store::RefOutcome>& refs,
                                const git::ObjectStore& objects) override;
    /// The project's own rules, those of the default branch's `.origind.toml` (kept in the table
    /// TreeRules when that branch moves), and of the pushed commit's own file the previews to
    /// targets that are not production. `-o deploy.skip` makes none, `-o deploy.target=NAME` only
    /// those. A deleted ref makes none.
    Result<git::PlannedPush> plan(store::Writer& writer, const git::AcceptedPush& push) override;
};

}  // namespace origin::hooks

// SPDX-License-Identifier: Apache-2.0
// hooks/push_rules: the gate of what a key is limited to and what a project's branch policies
// demand. Both look at the ref's move first, then at the commits that it brings.
//
// Which commits a move brings: those that the new tip reaches and neither the ref's old value nor
// the default branch does; so a branch made from another one brings what the default branch lacks.
// The default branch vouches for the signatures and the line of its commits only if its own policy
// demands the same.
// What changes, all together: the files that the new tip has otherwise than the old value, the
// default branch and where the two parted. A merge can hide nothing from that.
#pragma once

#include "git/serve/push.h"

namespace origin::hooks {

class PushRules final : public git::PushGate {
public:
    PushRules(store::Store& store, const Clock& clock) : store_(store), clock_(clock) {}

    /// The text names the ref's pattern, the rule, the commit or path, and what to do.
    Result<std::optional<std::string>> objection(const auth::Permit& permit,
                                                 const store::ProjectRow& project,
                                                 const git::RefMove& move,
                                                 const git::ObjectStoreRef& objects,
                                                 git::GateState& state) override;

private:
    store::Store& store_;
    const Clock& clock_;
};

}  // namespace origin::hooks

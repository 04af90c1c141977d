// SPDX-License-Identifier: Apache-2.0
// deploy/turn: which of a target's open deployments is the next one to be worked on.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/id.h"
#include "hooks/deployments.h"
#include "store/rows/deploy.h"
#include "store/store.h"

namespace origin::deploy {

struct Turn {
    DeploymentId id;
    store::DeploymentRow row;
    bool cancel = false;  // Somebody wants it to end.
    /// It has begun and failed, and this one is to be deployed instead.
    std::optional<DeploymentId> newer = {};
};

/// What becomes of one that is to end before it is live.
struct Ending {
    store::DeploymentState state = store::DeploymentState::Cancelled;
    std::string text;
};
std::optional<Ending> ending_of(const Turn& one);

/// The oldest that has begun, else the oldest; those that wait and that something newer makes
/// pointless become `superseded`. `is_whole`: each of this target's brings everything, whatever ref
/// made it. nullopt: there is nothing to do. Errors: Corrupt; those of the store.
Result<std::optional<Turn>> next_turn(store::Writer& writer,
                                      const hooks::DeploySubject& subject,
                                      bool is_whole,
                                      UnixMillis now);

}  // namespace origin::deploy

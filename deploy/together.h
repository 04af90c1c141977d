// SPDX-License-Identifier: Apache-2.0
// deploy/together: deployments that one move of a ref made for several targets, and that go live
// together or not at all (the project's `promote` is "all"). Each is brought as far as it goes
// without being live, is `staged`, and waits there for the others. Plain functions for a store
// transaction.
#pragma once

#include <string>

#include "auth/urls.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/random.h"
#include "store/rows/deploy.h"
#include "store/store.h"

namespace origin::deploy {

/// Between two looks of one that waits; whoever is staged last rouses the others.
inline constexpr std::chrono::seconds kTogetherWait{5};

struct Standing {
    enum class Verdict : std::uint8_t { GoLive, Wait, GiveUp };
    Verdict verdict = Verdict::GoLive;
    std::string text = {};  // Wait, GiveUp: for whom, or because of whom.
    /// GiveUp: what becomes of it.
    store::DeploymentState end = store::DeploymentState::Failed;
};

/// Marks the deployment as staged, with a line in its log, and says how it stands. GoLive rouses
/// the others, and is final: what fails from then on is a matter of keep_together().
Result<Standing> stage(store::Writer& writer,
                       const ProjectId& project,
                       const DeploymentId& id,
                       store::DeploymentRow& row,
                       UnixMillis now);

/// After each move of a deployment that the worker makes; of one that goes alone nothing is done.
/// Of one that goes together: has one of them failed, been
/// cancelled, or is one unhealthy, those that are live go back to the release before, and those
/// that wait learn of it. Does nothing else.
struct FlipBack {
    const auth::Urls& urls;
    const Clock& clock;
    Random& random;
};
Status keep_together(store::Writer& writer,
                     const ProjectId& project,
                     const DeploymentId& id,
                     const FlipBack& with);

}  // namespace origin::deploy

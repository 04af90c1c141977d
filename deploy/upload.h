// SPDX-License-Identifier: Apache-2.0
// deploy/upload: brings one deployment from its plan to where it is published, by the calls of its
// connector.
#pragma once

#include "base/clock.h"
#include "deploy/connector.h"

namespace origin::deploy {

/// Does what is left of it, and moves the deployment on to `processing`. Blocks: as long as the
/// files take. Returns: when to go on; zero: at once. Errors: those of the connector.
Result<Milliseconds> upload_and_publish(Task& task, Connector& connector);

/// The reason of an error: one of those that go live together was superseded.
inline constexpr std::string_view kSupersededTogether = "superseded_together";

/// What becomes of one that is as far as it goes alone. Returns: zero: it may go live.
/// Errors: Conflict `not_together`, `superseded_together`: it does not, because of another one.
Result<Milliseconds> stage(Task& task);

}  // namespace origin::deploy

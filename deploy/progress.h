// SPDX-License-Identifier: Apache-2.0
// deploy/progress: what a pushing client sees of the deployments its push made.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "auth/urls.h"
#include "git/serve/receive_pack.h"
#include "store/rows/deploy.h"
#include "store/store.h"

namespace origin::deploy {

/// One line for each change of state, plain text:
///     -----> production (local): queued
///     -----> production (local): live  http://shop.localhost:8080/
/// Null if the push made no deployment.
std::unique_ptr<git::PushProgress> follow_push(store::Store& store,
                                               const auth::Urls& urls,
                                               const ProjectId& project,
                                               const git::PushOutcome& outcome);

}  // namespace origin::deploy

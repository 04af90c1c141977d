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

/// Each line of their logs, plain text, and at the end where it is live or why not:
///     -----> production (netlify): 3 of 120 files to upload (12 kB of 3 MB)
///     -----> production (netlify): live as release 7
///            https://shop.example/
/// For as long as `-o deploy.wait=SECONDS` says; without it kLocalDeployWait if one is `local`, and
/// else only what is known at once. Null if the push made no deployment.
std::unique_ptr<git::PushProgress> follow_push(store::Store& store,
                                               const auth::Urls& urls,
                                               const ProjectId& project,
                                               const git::PushOutcome& outcome,
                                               const std::vector<std::string>& options);

}  // namespace origin::deploy

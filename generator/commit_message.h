// SPDX-License-Identifier: Apache-2.0
// generator/commit_message: what a generated commit says about itself, with its Origin-* trailers.
#pragma once

#include <string>

#include "generator/engine/engine.h"
#include "store/rows/run.h"

namespace origin::generator {

/// Subject, the engine's summary with its counts of line statuses, then the trailers in one last
/// paragraph:
///     Origin-Request: run_...
///     Origin-Client: cli_...
///     Origin-Engine: blueprint/1.0.0
///     Origin-Requirement-Digest: sha256:<64 hex>
///     Origin-Verification: passed 3/3
std::string commit_message(const RunId& id,
                           const store::RunRow& run,
                           const Engine& engine,
                           const EngineOutput& output);

}  // namespace origin::generator

// SPDX-License-Identifier: Apache-2.0
// generator/blueprint/refusal: what this engine must not pretend to build.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "generator/engine/engine.h"

namespace origin::generator {

/// Errors: InvalidInput `not_generated` if the text is empty or describes something that is no web
/// app: a command-line tool, a REST backend, a library, a native app ...
Status refuse_unfit(std::string_view text, bool change);

/// Errors: InvalidInput `not_generated` if no line was implemented, or more than 60 % of the
/// requirement lines were not understood or cannot be done.
Status enough_understood(const std::vector<TraceLine>& lines);

}  // namespace origin::generator

// SPDX-License-Identifier: Apache-2.0
// hooks/target_secret: a target's secret (a provider's token) at rest: sealed for that target.
#pragma once

#include <string>
#include <string_view>

#include "base/id.h"
#include "base/log.h"
#include "base/random.h"
#include "base/result.h"

namespace origin::hooks {

inline constexpr std::size_t kTargetSecretBytesMax = 16 * 1024;

std::string seal_target_secret(const Secret& master_key,
                               const ProjectId& project,
                               std::string_view target,
                               const Secret& text,
                               Random& random);

/// Nothing sealed is an empty secret. Errors: Corrupt `not_sealed_here`.
Result<std::string> open_target_secret(const Secret& master_key,
                                       const ProjectId& project,
                                       std::string_view target,
                                       std::string_view sealed);

}  // namespace origin::hooks

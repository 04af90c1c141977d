// SPDX-License-Identifier: Apache-2.0
// api/commit_limits: the bounds of a commit that is made over the API.
#pragma once

#include <cstdint>

#include "base/limits.h"

namespace origin::api {

inline constexpr std::size_t kCommitActionsMax = 10'000;  // Each is a path in memory, and a lookup.

}  // namespace origin::api

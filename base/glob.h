// SPDX-License-Identifier: Apache-2.0
// base/glob: `*` stands for any characters, also none and also `/`; everything else for itself.
#pragma once

#include <string_view>

namespace origin {

/// Linear in pattern times text; no backtracking beyond the last `*`.
bool glob_matches(std::string_view pattern, std::string_view text);

}  // namespace origin

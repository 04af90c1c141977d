// SPDX-License-Identifier: Apache-2.0
// generator/validator: what no engine may put into a tree, whichever engine it is.
// In: the files a run wants to add or change. Out: yes, or the first rule broken, with its path.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "generator/engine/engine.h"

namespace origin::generator {

/// Limits: kGeneratedFilesMax, kGeneratedFileBytesMax, kGeneratedBytesMax, kGeneratedLineBytesMax,
///         kPathBytesMax, kPathComponentBytesMax, kPathDepthMax.
/// Errors: InvalidInput, reason `bad_path`, `bad_content`, `sensitive_path`, `secret_found`,
///         `path_collision`; LimitExceeded `overlay_too_large`.
Status validate_files(const Files& files);

/// One path: UTF-8 without control or deceptive characters; no backslash, colon, empty, `.`, `..`
/// or
/// `.git`-like component; no name that Windows reserves.
Status validate_path(std::string_view path);

}  // namespace origin::generator

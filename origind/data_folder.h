// SPDX-License-Identifier: Apache-2.0
// origind/data_folder: DIR, where everything lasting lies (docs/formats.md, "Data folder").
#pragma once

#include <filesystem>

#include "base/result.h"

namespace origin {

inline constexpr const char* kSocketName = "origind.sock";
inline constexpr const char* kStoreFolder = "store";
inline constexpr const char* kCodingsFolder = "codings";

/// Errors: NotFound (`not_initialised`): there is no data folder here; it says what to do.
Status check_data_folder(const std::filesystem::path& folder);

/// Makes it, mode 0700. Errors: Conflict (`already_initialised`), StorageFull, Internal.
Status make_data_folder(const std::filesystem::path& folder);

}  // namespace origin

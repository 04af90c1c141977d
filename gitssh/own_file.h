// SPDX-License-Identifier: Apache-2.0
// gitssh/own_file: small files of the data folder that are for this server's user alone.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace origin::gitssh {

/// The whole of a plain file with mode 0600 or less that belongs to us; a link is none.
/// Errors: NotFound: there is nothing of that name; Corrupt: there is, and this is wrong with it.
Result<std::string> read_own_file(const std::filesystem::path& file, std::size_t bytes_max);

/// Made beside its place, mode 0600, and moved there, durably: a kill leaves the old file or the
/// new one. Errors: StorageFull, Internal.
Status write_own_file(const std::filesystem::path& file, std::string_view text);

}  // namespace origin::gitssh

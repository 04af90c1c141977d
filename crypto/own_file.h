// SPDX-License-Identifier: Apache-2.0
// crypto/own_file: small files of the data folder that are for this server's user alone.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace origin::crypto {

/// The whole of a plain file, whoever may read it; a link is none.
/// Errors: NotFound: there is nothing of that name; Corrupt: there is, and this is wrong with it.
Result<std::string> read_plain_file(const std::filesystem::path& file, std::size_t bytes_max);

/// The whole of a plain file with mode 0600 or less that belongs to us. Errors: as above;
/// Forbidden: others may read it.
Result<std::string> read_own_file(const std::filesystem::path& file, std::size_t bytes_max);

/// Made beside its place, mode 0600, and moved there, durably: a kill leaves the old file or the
/// new one. Errors: StorageFull, Internal.
Status write_own_file(const std::filesystem::path& file, std::string_view text);

/// The same, but after a power cut the file may hold anything: for what is checked when it is read,
/// and can be made again.
Status write_own_file_unsynced(const std::filesystem::path& file, std::string_view text);

/// Names made, moved or removed in `folder` stay so. Errors: StorageFull, Internal.
Status sync_folder(const std::filesystem::path& folder);

}  // namespace origin::crypto

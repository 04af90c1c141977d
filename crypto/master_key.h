// SPDX-License-Identifier: Apache-2.0
// crypto/master_key: the key that seals stored secrets: 32 raw bytes in DIR/master.key, mode 0600.
#pragma once

#include <filesystem>

#include "base/log.h"
#include "base/random.h"
#include "base/result.h"

namespace origin::crypto {

inline constexpr const char* kMasterKeyFile = "master.key";

/// Reads the key of a data folder, or makes one if there is none; it is on disk before this
/// returns. Two processes that start at once get the same key.
///
/// Errors: Forbidden `master_key_exposed`: somebody but its owner may read it, or it is no plain
///         file of ours; Corrupt `master_key_damaged`: not 32 bytes; StorageFull; Internal.
/// Blocks: on the disk.
Result<Secret> load_or_create_master_key(const std::filesystem::path& folder, Random& random);

}  // namespace origin::crypto

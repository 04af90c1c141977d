// SPDX-License-Identifier: Apache-2.0
// origind/master_key: which master key this folder's secrets are sealed with, and its replacement.
// The store holds a text sealed with it, so another key, or none, is noticed at the start.
#pragma once

#include <filesystem>

#include "base/log.h"
#include "base/random.h"
#include "base/result.h"
#include "crypto/master_key.h"
#include "store/store.h"

namespace origin {

/// The folder, and what this process's environment names.
crypto::MasterKeySources master_key_sources(const std::filesystem::path& data);

/// The key to use. Makes one for a folder that never had one; seals anew what a previous key
/// sealed, and removes that from the folder.
/// Errors: NotFound `master_key_missing`; Forbidden `master_key_wrong`: it is not what the stored
///         secrets are sealed with; those of crypto/master_key.h. Blocks.
Result<Secret> open_master_key(store::Store& store,
                               const crypto::MasterKeySources& sources,
                               Random& random,
                               Log& log,
                               const Clock& clock);

/// A key of its own for each purpose, so that no two uses share one.
Secret derived_key(const Secret& master, std::string_view purpose);

}  // namespace origin

// SPDX-License-Identifier: Apache-2.0
// crypto/master_key: the key that seals stored secrets: 32 bytes, in DIR/master.key (mode 0600) or
// from outside: a credential of systemd, or the environment. While it is replaced there are two.
#pragma once

#include <filesystem>
#include <optional>

#include "base/log.h"
#include "base/random.h"
#include "base/result.h"

namespace origin::crypto {

inline constexpr const char* kMasterKeyFile = "master.key";
inline constexpr const char* kPreviousKeyFile = "master.key.old";
inline constexpr const char* kMasterKeyVariable = "ORIGIND_MASTER_KEY";
inline constexpr const char* kPreviousKeyVariable = "ORIGIND_MASTER_KEY_OLD";

/// Where a key may be. Texts are 64 hexadecimal digits; empty: not given.
struct MasterKeySources {
    std::filesystem::path folder;       // The data folder.
    std::filesystem::path credentials;  // $CREDENTIALS_DIRECTORY, systemd.exec(5); files as above.
    Secret text;
    Secret previous_text;
};

struct MasterKeys {
    Secret current;
    std::optional<Secret> previous;  // What is stored may still be sealed with this one.
};

/// nullopt: there is no key in any of them.
/// Errors: Forbidden `master_key_exposed`: somebody but its owner may read the file, or it is no
///         plain file of ours; Corrupt `master_key_damaged`: not 32 bytes, or not 64 digits;
///         Conflict `master_key_twice`: different keys in two places; Internal.
Result<std::optional<MasterKeys>> find_master_keys(const MasterKeySources& sources);

/// Makes the key of a folder, or takes the one that another process made meanwhile; it is on disk
/// before this returns. Errors: as above; StorageFull.
/// Blocks: on the disk.
Result<Secret> create_master_key(const std::filesystem::path& folder, Random& random);

/// Puts a new key in the place of the folder's, which becomes kPreviousKeyFile. A crash leaves the
/// one or the other. Errors: NotFound `no_master_key`: the folder has none; Conflict
/// `rotation_unfinished`: there is a previous one already; as above.
/// Blocks: on the disk.
Status rotate_master_key(const std::filesystem::path& folder, Random& random);

/// Removes kPreviousKeyFile, if there is one. Errors: Internal.
Status forget_previous_key(const std::filesystem::path& folder);

}  // namespace origin::crypto

// SPDX-License-Identifier: Apache-2.0
// gitssh/host_keys: the keys by which clients know this server: one file each in the data folder,
// `ssh_host_ed25519_key` and `ssh_host_rsa_key`, and what they last were, so that a replaced one
// is told. That is `ssh_host_keys.seen`: for each key a line TYPE SP FINGERPRINT LF.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"

namespace origin::gitssh {

struct HostKey {
    std::filesystem::path file;  // Mode 0600, OpenSSH's format.
    std::string type;            // "ssh-ed25519"
    std::string fingerprint;     // "SHA256:..."
    std::string listed;          // As `ssh-keygen -l` has it: "256 SHA256:... (ED25519)"
    /// What clients knew before: a fingerprint, or "not known". Empty: it is the key they know.
    std::string replaced;
};

/// The keys, made where there are none. What was replaced since the last time gets a line in the
/// log, once, and is remembered.
/// Errors: Corrupt (`bad_host_key`): a file that is no such key, is weak, no plain file, or one
/// that others may read; StorageFull, Internal. Blocks: a second when an RSA key is made.
Result<std::vector<HostKey>> take_host_keys(const std::filesystem::path& data, Log& log);

struct FoundHostKey {
    std::filesystem::path file;
    Result<HostKey> key;  // Errors: NotFound: there is no file; Corrupt.
    std::string seen;     // The fingerprint clients know; empty: not known.
};
/// For a look: makes and remembers nothing.
std::vector<FoundHostKey> find_host_keys(const std::filesystem::path& data);

}  // namespace origin::gitssh

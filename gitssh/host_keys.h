// SPDX-License-Identifier: Apache-2.0
// gitssh/host_keys: the keys by which clients know this server: one file each in the data folder.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace origin::gitssh {

struct HostKey {
    std::filesystem::path file;  // Mode 0600, OpenSSH's format.
    std::string type;            // "ssh-ed25519"
    std::string fingerprint;     // "SHA256:..."
};

/// Reads `ssh_host_ed25519_key` and `ssh_host_rsa_key` of the data folder; makes what is missing.
/// Errors: Corrupt: a file that is no such key, or that others may read; Internal. Blocks: seconds
/// when an RSA key is made.
Result<std::vector<HostKey>> load_or_make_host_keys(const std::filesystem::path& data);

}  // namespace origin::gitssh

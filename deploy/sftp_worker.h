// SPDX-License-Identifier: Apache-2.0
// deploy/sftp_worker: the child of the connector `sftp`: one connection, one verb of SftpReleases.
//
// In its folder: `wanted` (a manifest), `files` (a manifest of what is to be sent) with the bytes
// of its n-th file in `f<n>`. It answers in `out/lacking`: the places in `wanted`, a line each.
#pragma once

#include <filesystem>

namespace origin::deploy {

/// `origind remote-worker sftp FOLDER`: verbs plan, send, publish, back, drop.
[[noreturn]] void run_sftp_worker(const std::filesystem::path& folder);

}  // namespace origin::deploy

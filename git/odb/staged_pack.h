// SPDX-License-Identifier: Apache-2.0
// git/odb/staged_pack: a pack that is complete but not yet part of a project, and its way to disk.
// The order of durability: pack synced, index synced, pack renamed, index renamed, folder synced.
// Only after that may the transaction that names the pack commit.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/result.h"

namespace origin::git {

/// Owns `<dir>/<stem>.pack` and `.idx` in quarantine. Whatever was not made durable is removed.
class StagedPack {
public:
    StagedPack() = default;
    StagedPack(std::filesystem::path dir, std::string stem);
    StagedPack(StagedPack&& other) noexcept;
    StagedPack& operator=(StagedPack&& other) noexcept;
    StagedPack(const StagedPack&) = delete;
    StagedPack& operator=(const StagedPack&) = delete;
    ~StagedPack();

    const std::filesystem::path& dir() const { return dir_; }
    const std::string& stem() const { return stem_; }
    std::filesystem::path pack_path() const;
    std::filesystem::path index_path() const;

    /// Both files get the name `pack-<40 hex>`, still in quarantine.
    Status rename_to(const std::string& name);

    /// Blocks: syncs. Errors: StorageFull (ENOSPC, EDQUOT: nothing has changed); Internal with
    /// reason "sync_failed" for EIO: the caller must end the process (D3).
    Status make_durable(const std::filesystem::path& final_dir);

    /// Removes what is left in quarantine. Safe to call twice.
    void discard() noexcept;

private:
    std::filesystem::path dir_;
    std::string stem_;  // Empty: owns nothing.
};

/// Creates a file of `bytes`, without syncing it. Errors: StorageFull; Internal.
Status write_file(const std::filesystem::path& path, std::string_view bytes);

/// Maps errno of a failed write to StorageFull or Internal. `doing` goes to the log.
Error disk_error(std::string_view doing, int error_number);

}  // namespace origin::git

// SPDX-License-Identifier: Apache-2.0
// git/odb/staged_pack: a pack that is complete but not yet part of a project, and its way to disk.
// The order of durability: pack synced, index synced, pack renamed, index renamed, folder synced.
// Only after that may the transaction that names the pack commit.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/result.h"
#include "git/odb/pack.h"

namespace origin::git {

/// Owns `<dir>/<stem>.pack` and `.idx` in quarantine. Whatever was not made durable is removed.
class StagedPack {
public:
    StagedPack() = default;
    /// A stem nobody else in this folder uses, now or in another process.
    static StagedPack in(const std::filesystem::path& dir);

    StagedPack(StagedPack&& other) noexcept;
    StagedPack& operator=(StagedPack&& other) noexcept;
    StagedPack(const StagedPack&) = delete;
    StagedPack& operator=(const StagedPack&) = delete;
    ~StagedPack();

    const std::filesystem::path& dir() const { return dir_; }
    const std::string& stem() const { return stem_; }
    std::filesystem::path pack_path() const { return dir_ / (stem_ + ".pack"); }
    std::filesystem::path index_path() const { return dir_ / (stem_ + ".idx"); }

    /// Writes both files from a pack that is in memory, without syncing them.
    /// Errors: StorageFull; Internal.
    Status write(const Pack& pack) const;

    /// Moves both files to `<final_dir>/<name>.pack` and `.idx`. Owns nothing afterwards.
    /// Blocks: syncs. Errors: StorageFull (ENOSPC, EDQUOT: nothing has become visible); Internal
    /// with reason "sync_failed" for EIO: the caller must end the process (docs/operations.md).
    Status make_durable(const std::filesystem::path& final_dir, const std::string& name);

    /// Removes what is left in quarantine. Safe to call twice.
    void discard() noexcept;

private:
    StagedPack(std::filesystem::path dir, std::string stem);

    std::filesystem::path dir_;
    std::string stem_;  // Empty: owns nothing.
};

/// Creates a file of `bytes`, without syncing it. Errors: StorageFull; Internal.
Status write_file(const std::filesystem::path& path, std::string_view bytes);

/// An errno of a failed write as an Error: StorageFull, Unavailable (descriptors) or Internal.
/// `doing` goes to the log.
Error disk_error(std::string_view doing, int error_number);

}  // namespace origin::git

// SPDX-License-Identifier: Apache-2.0
// githttp/coded_files: files of sites in gzip and Brotli, kept on the disk, so that a start need
// not make them again. Any of them may be removed at any time: it is made again when it is asked
// for.
//
// FOLDER/<40 hex of the blob>.gzip or .br: SHA-256 (32 bytes) over the file's name, a zero byte and
// all that follows; then the coded bytes, none if the coding is not worth it. Nothing is synced:
// what does not fit its hash is as good as not there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/oid.h"
#include "store/disk_space.h"
#include "website/content_coding.h"

namespace origin::githttp {

inline constexpr std::uint64_t kCodedDiskMax = 256ULL * 1024 * 1024;
/// What the disk must have left for a coding to be kept: as for rows (decision 7).
inline constexpr store::DiskReserve kCodedDiskReserve{1024ULL * 1024 * 1024, 20};

/// Thread-safe.
class CodedFiles {
public:
    /// `folder` is made when it is needed.
    explicit CodedFiles(std::filesystem::path folder, std::uint64_t bytes_max = kCodedDiskMax)
        : folder_(std::move(folder)), bytes_max_(bytes_max) {}

    /// nullopt: there is none. One that is damaged is removed. Blocks: reads a file.
    std::optional<std::string> read(website::Coding coding, const Oid& oid);

    /// Keeps `coded`, if there is room on the disk. Then what was read or made longest ago goes, if
    /// all together take more than `bytes_max`, counted in blocks of 4 KiB. Blocks: writes a file;
    /// the first time, and when something has to go, the folder is listed.
    void keep(website::Coding coding, const Oid& oid, std::string_view coded);

private:
    std::uint64_t count() const;
    std::uint64_t trim() const;

    const std::filesystem::path folder_;
    const std::uint64_t bytes_max_;
    std::mutex mutex_;
    std::optional<std::uint64_t> bytes_;  // On the disk; none: not counted yet.
};

}  // namespace origin::githttp

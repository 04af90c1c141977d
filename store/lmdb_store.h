// SPDX-License-Identifier: Apache-2.0
// store/lmdb_store: the durable engine: LMDB, one writer thread, group commit, no acknowledgement
// before the disk has it.
//
// Files in the data folder: `lock` (whoever holds its flock owns the folder), `store/data.mdb` and
// `store/lock.mdb` (LMDB's), `store/made` (the store was made whole once: from then on a missing or
// empty data.mdb is damage, not a first start).
// Each value is stored behind a checksum of 4 bytes: see store/checksum.h.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/result.h"
#include "store/store.h"

namespace origin::store {

struct LmdbSettings {
    std::string data_folder;  ///< Must exist.
    std::uint64_t map_bytes_first = kStoreMapBytesFirst;
    std::uint64_t map_bytes_max = kStoreMapBytesMax;
    std::uint64_t disk_step_bytes = kStoreDiskStepBytes;
    /// The disk is called full below the smaller of these two.
    std::uint64_t disk_free_bytes_min = kStoreDiskFreeBytesMin;
    std::uint64_t disk_free_percent_min = kStoreDiskFreePercentMin;
    /// Ends the process when a sync failed: what the disk then holds is unknown until it is read
    /// anew. The default leaves with status 74 (EX_IOERR).
    std::function<void()> fatal;
};

/// Opens the store, making it on first use. Call it before the process has threads: the files are
/// first read in a forked child, for damaged ones can kill their reader.
/// Errors: NotFound `no_data_folder`; Conflict `data_folder_in_use`, `newer_format`; Corrupt
/// `damaged_store`; StorageFull; Internal.
/// Lifetime: `log` and `clock` must outlive the store. Blocks: for disk reads, briefly.
Result<std::unique_ptr<Store>> open_lmdb(const LmdbSettings& settings, Log& log, Clock& clock);

}  // namespace origin::store

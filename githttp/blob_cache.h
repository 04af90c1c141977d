// SPDX-License-Identifier: Apache-2.0
// githttp/blob_cache: the files of sites that were lately asked for, inflated, by blob id.
// Small ones are kept in memory, large ones in files without names which go with their last reader,
// so nothing is left after a crash.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/oid.h"
#include "git/odb/object_store.h"
#include "githttp/large_blob.h"
#include "githttp/lru.h"

namespace origin::githttp {

inline constexpr std::uint64_t kBlobMemoryMax = 64ULL * 1024 * 1024;  // Small ones.
inline constexpr std::uint64_t kBlobDiskMax = 1024ULL * 1024 * 1024;  // Large ones.

/// A file's bytes: either a text, or a large blob.
struct KeptBlob {
    std::shared_ptr<const std::string> text{};
    std::shared_ptr<LargeBlob> large{};

    std::uint64_t size_bytes() const { return text ? text->size() : large->size_bytes(); }
    /// Gives the bytes from `first` on to `response`.
    void give(net::Response& response, std::uint64_t first, std::uint64_t bytes) const;
};

/// Thread-safe.
class BlobCache {
public:
    /// `folder`: where large ones are inflated to.
    explicit BlobCache(std::filesystem::path folder) : folder_(std::move(folder)) {}

    /// What is there already. Never blocks.
    std::optional<KeptBlob> at_hand(const Oid& oid);

    /// Errors: NotFound, Corrupt; StorageFull, Internal: no room to inflate a large one.
    /// Blocks: reads the disk.
    Result<KeptBlob> get(const git::ObjectStoreRef& objects, const Oid& oid);

private:
    const std::filesystem::path folder_;
    Lru<KeptBlob> small_{kBlobMemoryMax};
    Lru<KeptBlob> large_{kBlobDiskMax};
};

}  // namespace origin::githttp

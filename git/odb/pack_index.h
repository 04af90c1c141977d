// SPDX-License-Identifier: Apache-2.0
// git/odb/pack_index: where in a pack each object is (.idx version 2).
// Format: ff 74 4f 63, 00 00 00 02, fanout 256 x u32 (ids whose first byte is <= i), N sorted ids,
// N CRC-32 of the packed entries, N u32 offsets (top bit set: index into the next table), u64
// offsets, the pack's checksum, this file's checksum. All big-endian.
// Source: gitformat-pack(5), "Version 2 pack-*.idx files".
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/oid.h"
#include "base/result.h"
#include "git/odb/mapped_file.h"

namespace origin::git {

class PackIndex {
public:
    /// Maps and validates: size, magic, monotone fanout. The checksum is not verified (verify()).
    /// Errors: NotFound; Corrupt.
    static Result<PackIndex> open(const std::filesystem::path& path);
    /// The same from bytes already mapped; for tests and fuzzing.
    static Result<PackIndex> from(MappedFile file);

    std::uint32_t count() const { return count_; }
    /// The number of the object among the sorted ids; nullopt if it is not there.
    std::optional<std::uint32_t> find(const Oid& oid) const;

    /// `position` < count(), for all of these.
    Oid oid_at(std::uint32_t position) const;
    std::uint32_t crc_at(std::uint32_t position) const;
    /// Errors: Corrupt if it points outside the table of large offsets.
    Result<std::uint64_t> offset_at(std::uint32_t position) const;

    Bytes bytes() const { return file_.bytes(); }
    Oid pack_checksum() const;
    /// Reads the whole file: checksum, order of the ids. Errors: Corrupt.
    Status verify() const;

private:
    explicit PackIndex(MappedFile file) : file_(std::move(file)) {}

    MappedFile file_;
    std::uint32_t count_ = 0;
    std::uint64_t large_count_ = 0;
};

struct IndexEntry {
    std::uint64_t offset;
    std::uint32_t crc;
    Oid oid;
};

/// The bytes of an index. `entries` must be sorted by id, without duplicates.
std::string build_index(const std::vector<IndexEntry>& entries, const Oid& pack_checksum);

}  // namespace origin::git

// SPDX-License-Identifier: Apache-2.0
// git/odb/pack: one immutable pack and its index, mapped. Thread-safe for any number of readers.
// A stored pack is self-contained: a delta's base is in the same pack.
// Source: gitformat-pack(5).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "git/odb/base_cache.h"
#include "git/odb/objects.h"
#include "git/odb/pack_index.h"

namespace origin::git {

/// How an entry is stored: as one of the four types, or as a delta.
enum class EntryKind : std::uint8_t { Commit = 1, Tree, Blob, Tag, OfsDelta = 6, RefDelta = 7 };

inline bool is_delta(EntryKind kind) {
    return kind == EntryKind::OfsDelta || kind == EntryKind::RefDelta;
}

struct PackEntry {
    EntryKind kind;
    std::uint64_t offset;       // Of the entry's first byte in the pack.
    std::uint64_t size;         // Inflated: of the object, or of the delta.
    std::uint64_t data_offset;  // Of the zlib stream.
    std::uint64_t base_offset;  // OfsDelta only.
    Oid base_oid;               // RefDelta only.
};

/// Reads the entry header at `offset` of a pack's bytes.
/// Errors: Corrupt (bad type, number too long, base before the first entry, header cut off).
Result<PackEntry> parse_entry(Bytes pack, std::uint64_t offset);

class Pack {
public:
    /// Opens `<dir>/<name>.pack` and `.idx`; `name` is "pack-<40 hex>".
    /// Errors: NotFound; Corrupt if header, size and index do not belong together.
    static Result<std::shared_ptr<const Pack>> open(const std::filesystem::path& dir,
                                                    const std::string& name);

    /// The same from bytes at hand: a small pack that has no file.
    static Result<std::shared_ptr<const Pack>> from(std::string name,
                                                    MappedFile pack,
                                                    MappedFile index);

    const std::string& name() const { return name_; }
    bool is_in_memory() const { return file_.is_in_memory(); }
    /// Unique in this process; part of cache keys.
    std::uint64_t serial() const { return serial_; }
    std::uint32_t count() const { return index_.count(); }
    std::uint64_t size_bytes() const { return file_.size(); }
    const PackIndex& index() const { return index_; }
    /// The whole pack, as stored. Lifetime: this Pack's.
    Bytes bytes() const { return file_.bytes(); }

    bool contains(const Oid& oid) const { return index_.find(oid).has_value(); }
    /// The offset of the entry; nullopt if the object is not in this pack.
    std::optional<std::uint64_t> find(const Oid& oid) const;
    /// The id of the entry that starts at `offset`; nullopt if none does.
    std::optional<Oid> oid_at_offset(std::uint64_t offset) const;

    Result<PackEntry> entry_at(std::uint64_t offset) const;
    /// Every entry, from the first to the trailer, as stored. Lifetime: this Pack's.
    Bytes all_entries() const;
    /// Where the entry ends: the next one's offset, or the trailer's.
    Result<std::uint64_t> entry_end(std::uint64_t offset) const;
    /// The zlib bytes of an entry, as stored. Lifetime: this Pack's.
    Result<Bytes> stored_bytes(const PackEntry& entry) const;
    /// The offset of a delta's base. Errors: Corrupt if it is not in this pack.
    Result<std::uint64_t> base_of(const PackEntry& entry) const;

    /// The object's type, deltas followed; nothing is inflated.
    Result<ObjectType> type_of(std::uint64_t offset) const;
    /// Type and size of the object, without building it.
    Result<ObjectHeader> header(std::uint64_t offset) const;
    /// The whole object, deltas applied. `cache` may be null.
    /// Errors: Corrupt. Limits: kDeltaChainMax, kBlobBytesMax.
    Result<Object> read(std::uint64_t offset, BaseCache* cache) const;

    /// Verifies the pack's checksum and the index's. Blocks: reads it all.
    Status verify() const;

private:
    Pack(std::string name, MappedFile file, PackIndex index);
    const std::vector<std::uint32_t>& by_offset() const;
    std::optional<std::uint32_t> rank_of(std::uint64_t offset) const;
    Result<std::string> inflate_entry(const PackEntry& entry) const;

    std::string name_;
    std::uint64_t serial_;
    MappedFile file_;
    PackIndex index_;
    mutable std::once_flag by_offset_once_;
    mutable std::vector<std::uint32_t>
        by_offset_;  // Index positions in pack order; made on demand.
};

}  // namespace origin::git

// SPDX-License-Identifier: Apache-2.0
#include "git/odb/pack.h"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <utility>

#include "base/limits.h"
#include "git/odb/delta.h"
#include "git/odb/hash.h"
#include "git/odb/whole_zlib.h"
#include "git/odb/wire_numbers.h"
#include "git/odb/zlib_stream.h"

namespace origin::git {
namespace {

constexpr std::uint64_t kHeaderBytes = 12;
constexpr std::uint64_t kTrailerBytes = kOidBytes;

std::unexpected<Error> broken(std::string_view what) {
    return std::unexpected(
        Error(Code::Corrupt, "a stored pack is damaged", "pack: " + std::string(what)));
}

/// What a reader of our own packs must not blame on a peer.
Error as_corrupt(const Error& error, const std::string& name) {
    return {Code::Corrupt, "a stored object is damaged", name + ": " + error.told_to_peer()};
}

/// For the next reader whose chain leads here.
std::shared_ptr<const Object> keep(BaseCache* cache, const BaseCache::Key& key, Object object) {
    auto kept = std::make_shared<const Object>(std::move(object));
    if (cache != nullptr) {
        cache->put(key, kept);
    }
    return kept;
}

std::uint64_t next_serial() {
    static std::atomic<std::uint64_t> serial{0};
    return ++serial;
}

struct Cursor {
    Bytes pack;
    std::uint64_t at;
    std::uint64_t end;  // No entry reaches into the trailer.

    bool take(unsigned& byte) {
        if (at >= end) {
            return false;
        }
        byte = std::to_integer<unsigned>(pack[at++]);
        return true;
    }
};

bool take_kind_and_size(Cursor& cursor, PackEntry& entry) {
    unsigned byte = 0;
    if (!cursor.take(byte)) {
        return false;
    }
    const unsigned kind = (byte >> 4) & 7U;
    if (kind == 0 || kind == 5) {
        return false;
    }
    entry.kind = static_cast<EntryKind>(kind);
    entry.size = byte & 15U;
    for (unsigned shift = 4; (byte & 0x80U) != 0; shift += 7) {
        if (shift > 53 || !cursor.take(byte)) {
            return false;
        }
        entry.size |= std::uint64_t{byte & 0x7fU} << shift;
    }
    return true;
}

bool take_base_offset(Cursor& cursor, PackEntry& entry) {
    unsigned byte = 0;
    if (!cursor.take(byte)) {
        return false;
    }
    std::uint64_t distance = byte & 0x7fU;
    while ((byte & 0x80U) != 0) {
        if (distance >> 48 != 0 || !cursor.take(byte)) {
            return false;
        }
        distance = ((distance + 1) << 7) | (byte & 0x7fU);
    }
    if (distance == 0 || distance > entry.offset || entry.offset - distance < kHeaderBytes) {
        return false;
    }
    entry.base_offset = entry.offset - distance;
    return true;
}

}  // namespace

Result<PackEntry> parse_entry(Bytes pack, std::uint64_t offset) {
    PackEntry entry{};
    entry.offset = offset;
    if (offset < kHeaderBytes || pack.size() < kHeaderBytes + kTrailerBytes ||
        offset >= pack.size() - kTrailerBytes) {
        return broken("entry offset");
    }
    Cursor cursor{.pack = pack, .at = offset, .end = pack.size() - kTrailerBytes};
    if (!take_kind_and_size(cursor, entry)) {
        return broken("entry header");
    }
    if (entry.kind == EntryKind::OfsDelta && !take_base_offset(cursor, entry)) {
        return broken("delta base offset");
    }
    if (entry.kind == EntryKind::RefDelta) {
        if (cursor.end - cursor.at < kOidBytes) {
            return broken("delta base id");
        }
        entry.base_oid = oid_at_byte(pack, cursor.at);
        cursor.at += kOidBytes;
    }
    entry.data_offset = cursor.at;
    return entry;
}

Pack::Pack(std::string name, MappedFile file, PackIndex index)
    : name_(std::move(name)),
      serial_(next_serial()),
      file_(std::move(file)),
      index_(std::move(index)) {}

Result<std::shared_ptr<const Pack>> Pack::open(const std::filesystem::path& dir,
                                               const std::string& name) {
    ORIGIN_TRY(file, MappedFile::open(dir / (name + ".pack")));
    ORIGIN_TRY(index, MappedFile::open(dir / (name + ".idx")));
    return from(name, std::move(file), std::move(index));
}

Result<std::shared_ptr<const Pack>> Pack::from(std::string name,
                                               MappedFile pack,
                                               MappedFile index) {
    ORIGIN_TRY(entries, PackIndex::from(std::move(index)));
    const Bytes bytes = pack.bytes();
    if (bytes.size() < kHeaderBytes + kTrailerBytes || !text_of(bytes).starts_with("PACK") ||
        be32(bytes, 4) != 2) {
        return broken(name + ": no version 2 header");
    }
    if (be32(bytes, 8) != entries.count() ||
        oid_at_byte(bytes, bytes.size() - kTrailerBytes) != entries.pack_checksum()) {
        return broken(name + ": pack and index do not belong together");
    }
    // make_shared cannot reach a private constructor.
    struct Opened : Pack {
        Opened(std::string n, MappedFile f, PackIndex i)
            : Pack(std::move(n), std::move(f), std::move(i)) {}
    };
    return std::make_shared<const Opened>(std::move(name), std::move(pack), std::move(entries));
}

std::optional<std::uint64_t> Pack::find(const Oid& oid) const {
    const auto position = index_.find(oid);
    if (!position) {
        return std::nullopt;
    }
    const auto offset = index_.offset_at(*position);
    return offset ? std::optional(*offset) : std::nullopt;
}

const std::vector<std::uint32_t>& Pack::by_offset() const {
    std::call_once(by_offset_once_, [this] {
        std::vector<std::uint32_t> order(index_.count());
        std::iota(order.begin(), order.end(), 0U);
        const auto offset = [this](std::uint32_t position) {
            return index_.offset_at(position).value_or(0);
        };
        std::ranges::sort(order, {}, offset);
        by_offset_ = std::move(order);
    });
    return by_offset_;
}

std::optional<std::uint32_t> Pack::rank_of(std::uint64_t offset) const {
    const auto& order = by_offset();
    const auto offset_of = [this](std::uint32_t position) {
        return index_.offset_at(position).value_or(0);
    };
    const auto found = std::ranges::lower_bound(order, offset, {}, offset_of);
    if (found == order.end() || offset_of(*found) != offset) {
        return std::nullopt;
    }
    return static_cast<std::uint32_t>(found - order.begin());
}

std::optional<Oid> Pack::oid_at_offset(std::uint64_t offset) const {
    const auto rank = rank_of(offset);
    return rank ? std::optional(index_.oid_at(by_offset()[*rank])) : std::nullopt;
}

Result<PackEntry> Pack::entry_at(std::uint64_t offset) const {
    return parse_entry(file_.bytes(), offset);
}

Bytes Pack::all_entries() const {
    return file_.bytes().subspan(kHeaderBytes, file_.size() - kHeaderBytes - kTrailerBytes);
}

Result<std::uint64_t> Pack::entry_end(std::uint64_t offset) const {
    const auto rank = rank_of(offset);
    if (!rank) {
        return broken(name_ + ": no entry at this offset");
    }
    const auto& order = by_offset();
    if (*rank + 1 == order.size()) {
        return file_.size() - kTrailerBytes;
    }
    return index_.offset_at(order[*rank + 1]);
}

Result<Bytes> Pack::stored_bytes(const PackEntry& entry) const {
    ORIGIN_TRY(end, entry_end(entry.offset));
    if (end <= entry.data_offset || end > file_.size() - kTrailerBytes) {
        return broken(name_ + ": entry without data");
    }
    return file_.bytes().subspan(entry.data_offset, end - entry.data_offset);
}

Result<std::uint64_t> Pack::base_of(const PackEntry& entry) const {
    if (entry.kind == EntryKind::OfsDelta) {
        return entry.base_offset;
    }
    const auto offset = find(entry.base_oid);
    if (!offset) {
        return broken(name_ + ": delta base " + entry.base_oid.hex() + " is not in the pack");
    }
    return *offset;
}

Result<ObjectType> Pack::type_of(std::uint64_t offset) const {
    ORIGIN_TRY(entry, entry_at(offset));
    for (std::uint32_t depth = 0; is_delta(entry.kind); ++depth) {
        if (depth > kDeltaChainMax) {
            return broken(name_ + ": delta chain without end");
        }
        ORIGIN_TRY(base, base_of(entry));
        ORIGIN_TRY(next, entry_at(base));
        entry = next;
    }
    return static_cast<ObjectType>(entry.kind);
}

Result<ObjectHeader> Pack::header(std::uint64_t offset) const {
    ORIGIN_TRY(entry, entry_at(offset));
    if (!is_delta(entry.kind)) {
        return ObjectHeader{.type = static_cast<ObjectType>(entry.kind), .size = entry.size};
    }
    constexpr std::size_t kSizesBytesMax = 20;
    std::array<char, kSizesBytesMax> head{};
    Inflater inflater;
    const auto read = inflate_start(inflater, file_.bytes().subspan(entry.data_offset), head);
    const auto sizes =
        read ? parse_delta_sizes({head.data(), *read}) : std::unexpected(read.error());
    if (!sizes) {
        return std::unexpected(as_corrupt(sizes.error(), name_));
    }
    ORIGIN_TRY(type, type_of(offset));
    return ObjectHeader{.type = type, .size = sizes->result};
}

Result<std::string> Pack::inflate_entry(const PackEntry& entry) const {
    if (entry.size > kDeltaBytesMax) {
        return broken(name_ + ": entry above the size limit");
    }
    std::string data(entry.size, '\0');
    const Bytes stored =
        file_.bytes().subspan(entry.data_offset, file_.size() - kTrailerBytes - entry.data_offset);
    if (const auto status = inflate_exactly(stored, data); !status) {
        return std::unexpected(as_corrupt(status.error(), name_));
    }
    return data;
}

Result<Object> Pack::read(std::uint64_t offset, BaseCache* cache) const {
    // Down the chain, to a whole object or one in the cache; then up again, a delta at a time.
    std::vector<PackEntry> deltas;
    std::shared_ptr<const Object> base;
    ORIGIN_TRY(entry, entry_at(offset));
    while (is_delta(entry.kind) && !base) {
        if (deltas.size() > kDeltaChainMax) {
            return broken(name_ + ": delta chain without end");
        }
        deltas.push_back(entry);
        ORIGIN_TRY(base_offset, base_of(entry));
        base = cache != nullptr ? cache->find({serial_, base_offset}) : nullptr;
        ORIGIN_TRY(next, entry_at(base_offset));
        entry = next;
    }
    if (!base) {
        ORIGIN_TRY(data, inflate_entry(entry));
        Object whole{.type = static_cast<ObjectType>(entry.kind), .data = std::move(data)};
        if (deltas.empty()) {
            return whole;
        }
        base = keep(cache, {serial_, entry.offset}, std::move(whole));
    }
    while (true) {
        const PackEntry delta_entry = deltas.back();
        deltas.pop_back();
        ORIGIN_TRY(delta, inflate_entry(delta_entry));
        const auto sizes = parse_delta_sizes(delta);
        if (!sizes || sizes->result > kBlobBytesMax) {
            return broken(name_ + ": delta sizes");
        }
        Object object{.type = base->type, .data = std::string(sizes->result, '\0')};
        if (const auto status = apply_delta(base->data, delta, object.data); !status) {
            return std::unexpected(as_corrupt(status.error(), name_));
        }
        if (deltas.empty()) {
            return object;
        }
        base = keep(cache, {serial_, delta_entry.offset}, std::move(object));
    }
}

Status Pack::verify() const {
    ORIGIN_CHECK(index_.verify());
    PackHash hash;
    const Bytes bytes = file_.bytes();
    hash.update(bytes.first(bytes.size() - kTrailerBytes));
    if (hash.finish() != oid_at_byte(bytes, bytes.size() - kTrailerBytes)) {
        return broken(name_ + ": checksum");
    }
    return {};
}

}  // namespace origin::git

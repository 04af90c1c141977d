// SPDX-License-Identifier: Apache-2.0
#include "git/odb/pack_index.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/assert.h"
#include "git/odb/hash.h"
#include "git/odb/wire_numbers.h"

namespace origin::git {
namespace {

constexpr std::uint64_t kHeaderBytes = 8;
constexpr std::uint64_t kFanoutBytes = 1024;
constexpr std::uint64_t kTrailerBytes = 2 * kOidBytes;
constexpr std::uint64_t kRowBytes = kOidBytes + 4 + 4;
constexpr std::uint32_t kLargeOffset = 0x80000000;
constexpr std::string_view kMagic{"\377tOc\0\0\0\2", 8};

std::unexpected<Error> broken(std::string_view what) {
    return std::unexpected(
        Error(Code::Corrupt, "a pack index is damaged", "pack index: " + std::string(what)));
}

std::uint64_t ids_at() {
    return kHeaderBytes + kFanoutBytes;
}

}  // namespace

Result<PackIndex> PackIndex::open(const std::filesystem::path& path) {
    ORIGIN_TRY(file, MappedFile::open(path));
    return from(std::move(file));
}

Result<PackIndex> PackIndex::from(MappedFile file) {
    PackIndex index(std::move(file));
    const Bytes bytes = index.file_.bytes();
    if (bytes.size() < ids_at() + kTrailerBytes || !text_of(bytes).starts_with(kMagic)) {
        return broken("no version 2 header");
    }
    std::uint32_t before = 0;
    for (std::uint64_t i = 0; i < 256; ++i) {
        const std::uint32_t count = be32(bytes, kHeaderBytes + 4 * i);
        if (count < before) {
            return broken("fanout is not monotone");
        }
        before = count;
    }
    index.count_ = before;
    const std::uint64_t fixed = ids_at() + before * kRowBytes + kTrailerBytes;
    if (bytes.size() < fixed || (bytes.size() - fixed) % 8 != 0) {
        return broken("wrong size");
    }
    index.large_count_ = (bytes.size() - fixed) / 8;
    if (index.large_count_ > before) {
        return broken("too many large offsets");
    }
    return index;
}

std::optional<std::uint32_t> PackIndex::find(const Oid& oid) const {
    const Bytes bytes = file_.bytes();
    if (count_ == 0) {
        return std::nullopt;
    }
    const std::uint64_t first = oid.raw[0];
    std::uint32_t low = first == 0 ? 0 : be32(bytes, kHeaderBytes + 4 * (first - 1));
    std::uint32_t high = be32(bytes, kHeaderBytes + 4 * first);
    const std::byte* ids = bytes.data() + ids_at();
    while (low < high) {
        const std::uint32_t middle = low + (high - low) / 2;
        const int order = std::memcmp(ids + std::uint64_t{middle} * kOidBytes, oid.raw.data(), 20);
        if (order == 0) {
            return middle;
        }
        (order < 0 ? low : high) = order < 0 ? middle + 1 : middle;
    }
    return std::nullopt;
}

Oid PackIndex::oid_at(std::uint32_t position) const {
    ORIGIN_ASSERT(position < count_);
    return oid_at_byte(file_.bytes(), ids_at() + std::uint64_t{position} * kOidBytes);
}

std::uint32_t PackIndex::crc_at(std::uint32_t position) const {
    ORIGIN_ASSERT(position < count_);
    return be32(file_.bytes(), ids_at() + std::uint64_t{count_} * kOidBytes + position * 4ULL);
}

Result<std::uint64_t> PackIndex::offset_at(std::uint32_t position) const {
    ORIGIN_ASSERT(position < count_);
    const Bytes bytes = file_.bytes();
    const std::uint64_t table = ids_at() + std::uint64_t{count_} * (kOidBytes + 4);
    const std::uint32_t offset = be32(bytes, table + position * 4ULL);
    if ((offset & kLargeOffset) == 0) {
        return offset;
    }
    const std::uint64_t row = offset & ~kLargeOffset;
    if (row >= large_count_) {
        return broken("large offset outside its table");
    }
    return be64(bytes, table + std::uint64_t{count_} * 4 + row * 8);
}

Oid PackIndex::pack_checksum() const {
    return oid_at_byte(file_.bytes(), file_.size() - kTrailerBytes);
}

Status PackIndex::verify() const {
    const Bytes bytes = file_.bytes();
    PackHash hash;
    hash.update(bytes.first(bytes.size() - kOidBytes));
    if (hash.finish() != oid_at_byte(bytes, bytes.size() - kOidBytes)) {
        return broken("checksum");
    }
    for (std::uint32_t i = 1; i < count_; ++i) {
        if (oid_at(i - 1) >= oid_at(i)) {
            return broken("ids are not sorted");
        }
    }
    return {};
}

std::string build_index(const std::vector<IndexEntry>& entries, const Oid& pack_checksum) {
    std::string out(kMagic);
    std::array<std::uint32_t, 256> fanout{};
    for (const IndexEntry& entry : entries) {
        ++fanout[entry.oid.raw[0]];
    }
    std::uint32_t sum = 0;
    for (const std::uint32_t count : fanout) {
        sum += count;
        put_be32(out, sum);
    }
    for (const IndexEntry& entry : entries) {
        out += entry.oid.view();
    }
    for (const IndexEntry& entry : entries) {
        put_be32(out, entry.crc);
    }
    std::string large;
    for (const IndexEntry& entry : entries) {
        if (entry.offset < kLargeOffset) {
            put_be32(out, static_cast<std::uint32_t>(entry.offset));
            continue;
        }
        put_be32(out, kLargeOffset | static_cast<std::uint32_t>(large.size() / 8));
        put_be64(large, entry.offset);
    }
    out += large;
    out += pack_checksum.view();
    PackHash hash;
    hash.update(bytes_of(out));
    out += hash.finish().view();
    return out;
}

}  // namespace origin::git

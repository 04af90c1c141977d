// SPDX-License-Identifier: Apache-2.0
#include "git/odb/small_pack.h"

#include <algorithm>
#include <map>
#include <utility>

#include "git/odb/pack_text.h"
#include "git/odb/whole_zlib.h"

namespace origin::git {
namespace {

constexpr std::uint64_t kHeaderBytes = 12;
constexpr int kFastest = 1;  // Only deltas that lose their base are deflated anew.

Result<std::vector<IndexEntry>> index_of(const Pack& pack, std::uint64_t moved_by) {
    std::vector<IndexEntry> entries;
    entries.reserve(pack.count());
    for (std::uint32_t i = 0; i < pack.count(); ++i) {
        ORIGIN_TRY(offset, pack.index().offset_at(i));
        entries.push_back({.offset = offset + moved_by,
                           .crc = pack.index().crc_at(i),
                           .oid = pack.index().oid_at(i)});
    }
    return entries;
}

/// `index` is sorted by id.
Result<PackRef> assemble(std::string_view first,
                         std::string_view second,
                         const std::vector<IndexEntry>& index) {
    std::string bytes;
    bytes.reserve(kHeaderBytes + first.size() + second.size() + kOidBytes);
    put_pack_header(bytes, static_cast<std::uint32_t>(index.size()));
    bytes += first;
    bytes += second;
    bytes += Oid{}.view();  // Nobody reads the checksum of a pack without a file.
    return Pack::from(
        "in-memory", MappedFile::of(std::move(bytes)), MappedFile::of(build_index(index, Oid{})));
}

/// Copies entries one by one, in the order of their offsets.
class Shrinker {
public:
    explicit Shrinker(const Pack& pack) : pack_(pack) {}

    /// Returns: false if the result is not small any more.
    Result<bool> add(const Oid& oid, std::uint64_t offset) {
        ORIGIN_TRY(entry, pack_.entry_at(offset));
        const std::size_t begin = entries_.size();
        const auto base = moved_.find(entry.base_offset);
        inflated_ += entry.size;
        if (!is_delta(entry.kind)) {
            put_entry_header(entries_, entry.kind, entry.size);
            ORIGIN_CHECK(copy_stored(entry));
        } else if (entry.kind == EntryKind::OfsDelta && base != moved_.end()) {
            put_entry_header(entries_, EntryKind::OfsDelta, entry.size);
            put_base_distance(entries_, begin - base->second);
            ORIGIN_CHECK(copy_stored(entry));
        } else {
            ORIGIN_TRY(header, pack_.header(offset));
            inflated_ += header.size;
            if (inflated_ > kSmallPackInflatedMax) {
                return false;
            }
            ORIGIN_TRY(object, pack_.read(offset, nullptr));
            put_entry_header(entries_, static_cast<EntryKind>(object.type), object.data.size());
            entries_ += deflate_all(object.data, kFastest);
        }
        moved_.emplace(offset, begin);
        index_.push_back({.offset = kHeaderBytes + begin,
                          .crc = crc32_of(std::string_view(entries_).substr(begin)),
                          .oid = oid});
        return entries_.size() <= kSmallPackBytesMax && index_.size() <= kSmallPackObjectsMax;
    }
    Result<PackRef> finish() { return small_pack_from(entries_, std::move(index_)); }

private:
    Status copy_stored(const PackEntry& entry) {
        ORIGIN_TRY(stored, pack_.stored_bytes(entry));
        entries_ += text_of(stored);
        return {};
    }

    const Pack& pack_;
    std::string entries_;
    std::vector<IndexEntry> index_;
    std::map<std::uint64_t, std::size_t> moved_;  // From the old offset to where in entries_.
    std::uint64_t inflated_ = 0;
};

}  // namespace

Result<PackRef> small_pack_from(std::string_view entries, std::vector<IndexEntry> index) {
    std::ranges::sort(index, {}, &IndexEntry::oid);
    return assemble(entries, {}, index);
}

Result<PackRef> make_small_pack(const Pack& pack,
                                const std::function<bool(const Oid&)>& is_wanted) {
    ORIGIN_TRY(all, index_of(pack, 0));
    std::ranges::sort(all, {}, &IndexEntry::offset);
    Shrinker shrinker(pack);
    for (const IndexEntry& entry : all) {
        if (!is_wanted(entry.oid)) {
            continue;
        }
        ORIGIN_TRY(still_small, shrinker.add(entry.oid, entry.offset));
        if (!still_small) {
            return PackRef();
        }
    }
    return shrinker.finish();
}

Result<PackRef> join_small_packs(const Pack& first, const Pack& second) {
    ORIGIN_TRY(left, index_of(first, 0));
    ORIGIN_TRY(right, index_of(second, first.all_entries().size()));
    std::vector<IndexEntry> index;
    index.reserve(left.size() + right.size());
    std::ranges::merge(
        left, right, std::back_inserter(index), {}, &IndexEntry::oid, &IndexEntry::oid);
    return assemble(text_of(first.all_entries()), text_of(second.all_entries()), index);
}

}  // namespace origin::git

// SPDX-License-Identifier: Apache-2.0
// Goal: an index is read back as it was written, and a damaged one never leads outside itself.
// Method: round trips, offsets above 2^31 included; every byte changed; every length cut.
#include "git/odb/pack_index.h"

#include <algorithm>
#include <tuple>

#include <gtest/gtest.h>

namespace origin::git {
namespace {

std::vector<IndexEntry> some_entries() {
    std::vector<IndexEntry> entries;
    for (unsigned i = 0; i < 300; ++i) {
        Oid oid;
        oid.raw[0] = static_cast<unsigned char>(i / 2);
        oid.raw[1] = static_cast<unsigned char>(i);
        oid.raw[2] = static_cast<unsigned char>(i >> 8);
        const std::uint64_t offset = i % 7 == 0 ? 0x80000000ULL + i : 12 + i;
        entries.push_back({.offset = offset, .crc = i * 77, .oid = oid});
    }
    std::ranges::sort(entries, {}, &IndexEntry::oid);
    return entries;
}

TEST(PackIndex, FindsEverythingItHolds) {
    const auto entries = some_entries();
    const Oid checksum = entries[5].oid;
    const auto index = PackIndex::from(MappedFile::of(build_index(entries, checksum)));
    ASSERT_TRUE(index) << index.error().kept_in_log();
    ASSERT_EQ(index->count(), entries.size());
    EXPECT_EQ(index->pack_checksum(), checksum);
    EXPECT_TRUE(index->verify());
    for (const IndexEntry& entry : entries) {
        const auto position = index->find(entry.oid);
        ASSERT_TRUE(position);
        EXPECT_EQ(index->oid_at(*position), entry.oid);
        EXPECT_EQ(index->crc_at(*position), entry.crc);
        EXPECT_EQ(index->offset_at(*position).value(), entry.offset);
        Oid other = entry.oid;
        other.raw[19] = 1;
        EXPECT_FALSE(index->find(other));
    }
}

TEST(PackIndex, HoldsNothing) {
    const auto index = PackIndex::from(MappedFile::of(build_index({}, Oid{})));
    ASSERT_TRUE(index);
    EXPECT_EQ(index->count(), 0U);
    EXPECT_FALSE(index->find(Oid{}));
}

TEST(PackIndex, RefusesEveryWrongLength) {
    const std::string bytes = build_index(some_entries(), Oid{});
    for (std::size_t length = 0; length < bytes.size(); length += 3) {
        const auto index = PackIndex::from(MappedFile::of(bytes.substr(0, length)));
        EXPECT_TRUE(!index || !index->verify()) << length;
    }
}

TEST(PackIndex, SurvivesEveryChangedByte) {
    const auto entries = some_entries();
    const std::string bytes = build_index(entries, Oid{});
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        std::string damaged = bytes;
        damaged[at] = static_cast<char>(damaged[at] ^ 0xff);
        const auto index = PackIndex::from(MappedFile::of(damaged));
        if (!index) {
            continue;
        }
        EXPECT_FALSE(index->verify()) << at;
        for (std::size_t i = 0; i < entries.size(); i += 13) {
            if (const auto position = index->find(entries[i].oid)) {
                std::ignore = index->offset_at(*position);
            }
        }
    }
}

}  // namespace
}  // namespace origin::git

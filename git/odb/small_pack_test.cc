// SPDX-License-Identifier: Apache-2.0
// Goal: small packs lose nothing: not when they are made, not when they are joined, in any order.
// Method: packs made by hand, with both kinds of delta, across objects that two packs share.
#include "git/odb/small_pack.h"

#include <gtest/gtest.h>

#include "git/odb/hash.h"
#include "git/odb/intake.h"
#include "git/odb/test_git.h"
#include "git/odb/test_pack.h"

namespace origin::git {
namespace {

const std::string kLong(2000, 'x');

Oid blob_id(std::string_view data) {
    return *hash_object(ObjectType::Blob, data);
}

/// `long text` + one more letter, as a delta on it.
std::string delta_to(std::string_view end) {
    return test::delta(kLong.size(),
                       kLong.size() + end.size(),
                       test::copy_command(0, 2000) + test::insert_command(end));
}

class SmallPack : public ::testing::Test {
protected:
    PackRef take(const test::PackMaker& maker, ObjectStoreRef base = nullptr) {
        PackIntake intake(dir_.path(), std::move(base));
        EXPECT_TRUE(intake.feed(bytes_of(maker.bytes())));
        const auto finished = intake.finish();
        EXPECT_TRUE(finished) << finished.error().told_to_peer();
        auto small = intake.small();
        EXPECT_TRUE(small);
        EXPECT_EQ(dir_.file_count(), 0U);  // A small push never touches the disk.
        return *small;
    }

    ObjectStoreRef store_with(const std::vector<PackRef>& packs) {
        ObjectStoreRef store = ObjectStore::empty(dir_.path());
        for (const PackRef& pack : packs) {
            auto next = store->with_small(pack);
            EXPECT_TRUE(next);
            store = *next;
        }
        return store;
    }

    static void expect_blob(const ObjectStore& store, const std::string& data) {
        const auto read = store.read_as(blob_id(data), ObjectType::Blob);
        ASSERT_TRUE(read) << read.error().told_to_peer() << read.error().kept_in_log();
        EXPECT_EQ(*read, data);
    }

    test::TempDir dir_;
};

TEST_F(SmallPack, keeps_deltas_at_a_distance_and_makes_deltas_on_an_id_whole) {
    test::PackMaker maker;
    const auto base = maker.add(EntryKind::Blob, kLong);
    maker.add_ofs(base, delta_to("a"));
    maker.add_ref(blob_id(kLong), delta_to("b"));
    const PackRef small = take(maker);
    ASSERT_NE(small, nullptr);
    std::map<EntryKind, int> kinds;
    for (std::uint32_t i = 0; i < small->count(); ++i) {
        kinds[small->entry_at(*small->index().offset_at(i))->kind] += 1;
    }
    EXPECT_EQ(kinds[EntryKind::Blob], 2);
    EXPECT_EQ(kinds[EntryKind::OfsDelta], 1);
    EXPECT_EQ(kinds[EntryKind::RefDelta], 0);
    for (const char* end : {"", "a", "b"}) {
        expect_blob(*store_with({small}), kLong + end);
    }
}

TEST_F(SmallPack, leaves_out_the_bases_that_completed_a_thin_pack) {
    test::PackMaker first;
    first.add(EntryKind::Blob, kLong);
    const PackRef base = take(first);
    test::PackMaker second;
    second.add_ref(blob_id(kLong), delta_to("a"));
    const PackRef thin = take(second, store_with({base}));
    ASSERT_NE(thin, nullptr);
    EXPECT_EQ(thin->count(), 1U);
    expect_blob(*store_with({thin}), kLong + "a");
}

TEST_F(SmallPack, two_packs_that_are_each_others_bases_make_no_circle) {
    test::PackMaker first;
    first.add(EntryKind::Blob, kLong);
    first.add_ref(blob_id(kLong), delta_to("a"));
    test::PackMaker second;
    second.add(EntryKind::Blob, kLong + "a");
    second.add_ref(blob_id(kLong + "a"), test::delta(2001, 2000, test::copy_command(0, 2000)));
    for (const bool swapped : {false, true}) {
        std::vector<PackRef> packs = {take(first), take(second)};
        if (swapped) {
            std::swap(packs[0], packs[1]);
        }
        const ObjectStoreRef store = store_with(packs);
        expect_blob(*store, kLong);
        expect_blob(*store, kLong + "a");
    }
}

TEST_F(SmallPack, many_are_joined_into_few_and_each_object_is_found) {
    constexpr int kMany = 300;
    std::vector<PackRef> packs;
    for (int i = 0; i < kMany; ++i) {
        test::PackMaker maker;
        const auto base = maker.add(EntryKind::Blob, kLong);  // In every one of them.
        maker.add_ofs(base, delta_to(std::to_string(i)));
        packs.push_back(take(maker));
    }
    const ObjectStoreRef store = store_with(packs);
    EXPECT_LT(store->packs().size(), 12U);
    for (int i = 0; i < kMany; ++i) {
        expect_blob(*store, kLong + std::to_string(i));
    }
    EXPECT_EQ(store->memory_objects(), 2U * kMany);
}

TEST_F(SmallPack, what_is_not_small_is_none) {
    test::PackMaker many;
    for (std::uint32_t i = 0; i <= kSmallPackObjectsMax; ++i) {
        many.add(EntryKind::Blob, std::to_string(i));
    }
    EXPECT_EQ(take(many), nullptr);

    // A few bytes that become much: each delta would have to be made whole.
    test::PackMaker bomb;
    const std::string zeros(1000 * 1000, '\0');
    const Oid base = blob_id(zeros);
    bomb.add(EntryKind::Blob, zeros);
    for (int i = 0; i < 9; ++i) {
        bomb.add_ref(base,
                     test::delta(zeros.size(),
                                 zeros.size() + 1,
                                 test::copy_command(0, 1000 * 1000) +
                                     test::insert_command(std::to_string(i))));
    }
    EXPECT_EQ(take(bomb), nullptr);
}

}  // namespace
}  // namespace origin::git

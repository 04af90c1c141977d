// SPDX-License-Identifier: Apache-2.0
// Goal: a blob read in pieces of any size is the blob, however it is stored.
// Method: git makes packs with whole blobs and deltas below and above what the heap holds; the
// oracle is the reader of whole objects. Damage: a byte of the stored stream is changed.
#include "git/odb/blob_reader.h"

#include "base/limits.h"
#include "git/odb/test_git.h"

namespace origin::git {
namespace {

using test::must;

class BlobReaderTest : public testing::Test {
protected:
    void SetUp() override {
        test::put_file(repo() / "readme", "hello");
        must(repo(), "git init -q . && git config core.compression 0 && : > empty");
        // The larger one becomes the base, the other its delta.
        for (const std::size_t size : {kObjectHeapBytesMax, 2 * kObjectHeapBytesMax}) {
            std::string noise;
            std::uint32_t seed = static_cast<std::uint32_t>(size);
            while (noise.size() < size) {
                seed = seed * 1664525 + 1013904223;
                noise += static_cast<char>(seed >> 24);
            }
            test::put_file(repo() / ("b" + std::to_string(size)), noise);
            test::put_file(repo() / ("c" + std::to_string(size)), noise + "and more");
        }
        must(repo(), "git add . && git commit -q -m all && git repack -adq");
    }

    std::filesystem::path repo() const { return dir_ / "repo"; }
    std::filesystem::path packs() const { return repo() / ".git/objects/pack"; }
    ObjectStoreRef objects() {
        const auto name = must(packs(), "basename pack-*.pack .pack");
        auto store = ObjectStore::open(packs(), {name});
        EXPECT_TRUE(store);
        return *store;
    }
    Oid blob(const std::string& path) {
        return *Oid::from_hex(must(repo(), "git rev-parse HEAD:" + path));
    }

    test::TempDir dir_;
};

TEST_F(BlobReaderTest, RefusesWhatIsNoBlob) {
    const auto tree = Oid::from_hex(must(repo(), "git rev-parse HEAD^{tree}"));
    EXPECT_EQ(BlobReader::open(objects(), *tree).error().reason(), "wrong_type");
    EXPECT_EQ(BlobReader::open(objects(), Oid()).error().code(), Code::NotFound);
}

TEST_F(BlobReaderTest, GivesTheWholeBlobInPieces) {
    const auto store = objects();
    std::size_t deltas = 0;
    for (const std::string& path : {std::string("empty"),
                                    std::string("readme"),
                                    "b" + std::to_string(kObjectHeapBytesMax),
                                    "c" + std::to_string(kObjectHeapBytesMax),
                                    "b" + std::to_string(2 * kObjectHeapBytesMax),
                                    "c" + std::to_string(2 * kObjectHeapBytesMax)}) {
        const Oid oid = blob(path);
        const auto place = store->locate(oid);
        deltas += is_delta(store->packs()[place->pack]->entry_at(place->offset)->kind) ? 1 : 0;
        const auto whole = store->read_as(oid, ObjectType::Blob);
        ASSERT_TRUE(whole);
        for (const std::size_t piece : {std::size_t{1'000}, kStepBytes, 3 * kObjectHeapBytesMax}) {
            auto reader = BlobReader::open(store, oid);
            ASSERT_TRUE(reader);
            EXPECT_EQ(reader->size_bytes(), whole->size());
            EXPECT_LE(reader->heap_bytes(), kObjectHeapBytesMax) << path;
            std::string all;
            while (reader->left_bytes() > 0) {
                const std::size_t before = all.size();
                ASSERT_TRUE(reader->read(all, piece));
                EXPECT_EQ(all.size() - before, std::min(piece, whole->size() - before));
            }
            ASSERT_TRUE(reader->read(all, piece));
            EXPECT_TRUE(all == *whole) << path << " in pieces of " << piece;
        }
    }
    EXPECT_GE(deltas, 2U) << "else deltas are not tried";
}

TEST_F(BlobReaderTest, NamesDamage) {
    const Oid oid = blob("c" + std::to_string(2 * kObjectHeapBytesMax));
    const auto store = objects();
    const auto place = store->locate(oid);
    const auto entry = store->packs()[place->pack]->entry_at(place->offset);
    ASSERT_TRUE(entry && !is_delta(entry->kind));
    const auto pack = packs() / (store->packs()[place->pack]->name() + ".pack");
    std::filesystem::permissions(pack, std::filesystem::perms::owner_all);
    std::string bytes = test::get_file(pack);
    bytes[entry->data_offset + 2] = '\x7f';  // The first block's head: no such kind of block.
    test::put_file(pack, bytes);
    auto reader = BlobReader::open(objects(), oid);
    ASSERT_TRUE(reader);
    std::string all;
    Status read;
    while (read && reader->left_bytes() > 0) {
        read = reader->read(all, kStepBytes);
    }
    EXPECT_EQ(read ? Code::Internal : read.error().code(), Code::Corrupt);
}

}  // namespace
}  // namespace origin::git

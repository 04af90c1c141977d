// SPDX-License-Identifier: Apache-2.0
// Goal: a pack that git made comes in and git agrees with what is stored; a refused one leaves
// nothing behind.
// Method: real repositories, packed by the real git in every way it can; fsck as the oracle.
#include "git/odb/intake.h"

#include <fstream>

#include "git/odb/pack_builder.h"
#include "git/odb/test_git.h"
#include "git/odb/test_pack.h"

namespace origin::git {
namespace {

using test::get_file;
using test::must;
using test::run;

class IntakeTest : public testing::Test {
protected:
    void SetUp() override {
        std::filesystem::create_directories(quarantine());
        std::filesystem::create_directories(packs());
        test::make_repository(source());
    }

    std::filesystem::path source() const { return dir_ / "source"; }
    std::filesystem::path quarantine() const { return dir_ / "quarantine"; }
    std::filesystem::path packs() const { return dir_ / "bare.git/objects/pack"; }

    /// `revs`: what to pack, one a line, with ^ for what the other side has.
    std::string pack(const std::string& revs, const std::string& options = "--delta-base-offset") {
        must(source(),
             "printf \"" + revs + "\" | git pack-objects --revs --stdout -q " + options +
                 " > ../out.pack");
        return get_file(dir_ / "out.pack");
    }

    Result<IntakeResult> take(PackIntake& intake, std::string_view pack, std::size_t piece) {
        for (; !pack.empty(); pack.remove_prefix(std::min(piece, pack.size()))) {
            ORIGIN_CHECK(intake.feed(bytes_of(pack.substr(0, piece))));
        }
        return intake.finish();
    }

    /// git's opinion of the folder of packs, as a repository with main at the source's main.
    void expect_good_repository(const std::string& ref = "main") {
        must(dir_.path(), "test -f bare.git/HEAD || git init -q --bare -b main bare.git");
        const std::string oid = must(source(), "git rev-parse " + ref);
        must(dir_ / "bare.git", "git update-ref refs/heads/main " + oid);
        const auto fsck = run(dir_ / "bare.git", "git fsck --full --strict");
        EXPECT_EQ(fsck.status, 0) << fsck.output;
    }

    /// Flips a byte of the one pack in quarantine that is a file.
    void damage_pack(std::size_t offset) {
        for (const auto& file : std::filesystem::directory_iterator(quarantine())) {
            std::fstream pack(file.path(), std::ios::in | std::ios::out | std::ios::binary);
            pack.seekg(static_cast<std::streamoff>(offset));
            const int byte = pack.get();
            pack.seekp(static_cast<std::streamoff>(offset));
            pack.put(static_cast<char>(byte ^ 1));
        }
    }

    test::TempDir dir_;
};

TEST_F(IntakeTest, TakesAWholeRepositoryInPiecesOfAnySize) {
    const std::string bytes = pack("main\\nv1\\nv2\\n");
    for (const std::size_t piece : {1UL, 7UL, 4096UL, bytes.size()}) {
        PackIntake intake(quarantine(), nullptr);
        const auto result = take(intake, bytes, piece);
        ASSERT_TRUE(result) << result.error().told_to_peer();
        EXPECT_TRUE(intake.check_connectivity());
        EXPECT_EQ(result->bases_added, 0U);
        EXPECT_EQ(result->pack_bytes, bytes.size());
        ASSERT_TRUE(intake.make_durable(packs()));
    }
    EXPECT_TRUE(std::filesystem::is_empty(quarantine()));
    expect_good_repository();
}

TEST_F(IntakeTest, StoresAnIndexEqualToGits) {
    const std::string bytes = pack("main\\nv1\\n");
    PackIntake intake(quarantine(), nullptr);
    const auto result = take(intake, bytes, 1000);
    ASSERT_TRUE(result) << result.error().told_to_peer();
    ASSERT_TRUE(intake.make_durable(packs()));
    must(dir_.path(), "git index-pack -o git.idx out.pack");
    EXPECT_EQ(get_file(dir_ / "git.idx"), get_file(packs() / (result->pack_name + ".idx")));
}

TEST_F(IntakeTest, CompletesAThinPack) {
    std::string name;
    {
        PackIntake first(quarantine(), nullptr);
        const auto result = take(first, pack("main~8\\n"), 999);
        ASSERT_TRUE(result) << result.error().told_to_peer();
        name = result->pack_name;
        ASSERT_TRUE(first.make_durable(packs()));
    }
    const auto base = ObjectStore::open(packs(), {name});
    ASSERT_TRUE(base) << base.error().kept_in_log();
    for (const char* options : {"--thin --delta-base-offset", "--thin"}) {
        PackIntake intake(quarantine(), *base);
        const auto result = take(intake, pack("main\\nv2\\n^main~8\\n", options), 999);
        ASSERT_TRUE(result) << result.error().told_to_peer();
        EXPECT_GT(result->bases_added, 0U);
        const auto connected = intake.check_connectivity();
        EXPECT_TRUE(connected) << connected.error().told_to_peer();
        ASSERT_TRUE(intake.make_durable(packs()));
        const auto whole = (*base)->with_pack(result->pack_name);
        ASSERT_TRUE(whole);
        EXPECT_TRUE((*whole)->packs().back()->verify());
    }
    expect_good_repository();
}

// The middle object is known here, and comes again as a delta, with another one on it.
TEST_F(IntakeTest, CompletesAThinPackThatBringsAKnownObjectAgain) {
    const std::array<std::string, 2> texts{"some text to lean on\n", "another text to lean on\n"};
    test::PackMaker known;
    for (const std::string& text : texts) {
        known.add(EntryKind::Blob, text);
    }
    PackIntake first(quarantine(), nullptr);
    const auto taken = take(first, known.bytes(), 999);
    ASSERT_TRUE(taken && first.make_durable(packs()));
    const auto base = ObjectStore::open(packs(), {taken->pack_name});
    ASSERT_TRUE(base);
    for (const bool is_reversed : {false, true}) {  // Whichever id is the lower one.
        const std::string& root = texts[is_reversed ? 1 : 0];
        const std::string& middle = texts[is_reversed ? 0 : 1];
        const auto on = [](const std::string& from, const std::string& text) {
            return test::delta(from.size(), text.size(), test::insert_command(text));
        };
        test::PackMaker maker;
        maker.add_ref(*hash_object(ObjectType::Blob, root), on(root, middle));
        maker.add_ref(*hash_object(ObjectType::Blob, middle), on(middle, "a third"));
        PackIntake intake(quarantine(), *base);
        const auto result = take(intake, maker.bytes(), 999);
        ASSERT_TRUE(result) << result.error().told_to_peer();
        EXPECT_EQ(result->bases_added, 1U);
    }
}

// The blob came under a harmless name first; the tree that gives it a meaning comes later.
TEST_F(IntakeTest, JudgesAKnownBlobWhenATreeMakesItGitmodules) {
    const std::string bad = "[submodule \"a\"]\n\tpath = -a\n\turl = ../a\n";
    const std::string unclear = "[submodule\n";  // Forgiven: an import lets it in.
    test::PackMaker known;
    known.add(EntryKind::Blob, bad);
    known.add(EntryKind::Blob, unclear);
    PackIntake first(quarantine(), nullptr);
    const auto taken = take(first, known.bytes(), 999);
    ASSERT_TRUE(taken && first.make_durable(packs()));
    const auto base = ObjectStore::open(packs(), {taken->pack_name});
    ASSERT_TRUE(base);
    const auto tree_of = [](const Oid& blob) {
        return "100644 .gitmodules" + std::string(1, '\0') + std::string(blob.view());
    };
    const std::string bad_tree = tree_of(*hash_object(ObjectType::Blob, bad));
    const std::string tree_of_tree =
        tree_of(*hash_object(ObjectType::Tree, tree_of(*hash_object(ObjectType::Blob, unclear))));
    const auto reason_of = [&](std::string_view tree) {
        test::PackMaker maker;
        maker.add(EntryKind::Tree, tree_of(*hash_object(ObjectType::Blob, unclear)));
        maker.add(EntryKind::Tree, tree);
        PackIntake intake(quarantine(), *base);
        const auto result = take(intake, maker.bytes(), 999);
        return result ? std::string("taken") : std::string(result.error().reason());
    };
    EXPECT_EQ(reason_of(bad_tree), "gitmodules_path");
    EXPECT_EQ(reason_of(tree_of_tree), "gitmodules_blob");
    EXPECT_EQ(reason_of(""), "taken");

    PackBuilder builder(*base);
    ASSERT_TRUE(builder.add(ObjectType::Tree, bad_tree));
    const auto built = builder.write(quarantine());
    ASSERT_FALSE(built);
    EXPECT_EQ(built.error().reason(), "gitmodules_path");
}

TEST_F(IntakeTest, RefusesAThinPackWithoutItsBases) {
    PackIntake intake(quarantine(), nullptr);
    const auto result = take(intake, pack("main\\n^main~8\\n", "--thin --delta-base-offset"), 999);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().reason(), "missing_delta_base");
}

TEST_F(IntakeTest, NamesAnObjectThatIsMissing) {
    PackIntake intake(quarantine(), nullptr);
    const auto result = take(intake, pack("main\\n^main~8\\n"), 999);
    ASSERT_TRUE(result) << result.error().told_to_peer();
    const auto connected = intake.check_connectivity();
    ASSERT_FALSE(connected);
    EXPECT_EQ(connected.error().reason(), "missing_object");
}

TEST_F(IntakeTest, ReadsEveryObjectAsGitDoes) {
    PackIntake intake(quarantine(), nullptr);
    ASSERT_TRUE(take(intake, pack("main\\nv1\\nv2\\n"), 999));
    const auto view = intake.view();
    ASSERT_TRUE(view);
    must(source(),
         "git rev-list --objects main v1 v2 | cut -c1-40 | git cat-file --batch > ../all.txt");
    const std::string all = get_file(dir_ / "all.txt");
    std::size_t count = 0;
    for (std::size_t at = 0; at < all.size(); ++count) {
        const std::size_t line_end = all.find('\n', at);
        std::istringstream line(all.substr(at, line_end - at));
        std::string hex;
        std::string type;
        std::size_t size = 0;
        line >> hex >> type >> size;
        const auto oid = Oid::from_hex(hex);
        ASSERT_TRUE(oid) << hex;
        const auto object = (*view)->read(*oid);
        ASSERT_TRUE(object) << hex;
        EXPECT_EQ(name_of(object->type), type);
        EXPECT_EQ(object->data, all.substr(line_end + 1, size));
        const auto header = (*view)->header(*oid);
        ASSERT_TRUE(header);
        EXPECT_EQ(header->size, size);
        at = line_end + 1 + size + 1;
    }
    EXPECT_EQ(count, intake.result().object_count);
}

TEST_F(IntakeTest, RefusesAPackCutOffAnywhereAndLeavesNothing) {
    const std::string bytes = pack("main\\n");
    for (std::size_t length = 0; length < bytes.size(); length += 64) {
        PackIntake intake(quarantine(), nullptr);
        EXPECT_FALSE(take(intake, std::string_view(bytes).substr(0, length), 999)) << length;
    }
    EXPECT_TRUE(std::filesystem::is_empty(quarantine()));
}

TEST_F(IntakeTest, NeverTakesADamagedPack) {
    const std::string bytes = pack("main~6\\n");
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        std::string damaged = bytes;
        damaged[at] = static_cast<char>(damaged[at] ^ (1 << (at % 8)));
        PackIntake intake(quarantine(), nullptr);
        EXPECT_FALSE(take(intake, damaged, 999)) << at;
    }
    EXPECT_TRUE(std::filesystem::is_empty(quarantine()));
}

TEST_F(IntakeTest, NeverTakesAFileThatIsNotWhatCameIn) {
    must(source(),
         "head -c 3000000 /dev/urandom > noise && git add noise && git commit -q -m noise");
    for (const std::string& revs : {"main\\n", "main\\n^main~1\\n"}) {
        const std::string bytes = pack(revs, "--thin");
        for (const auto offset : {bytes.size() / 2, bytes.size() - 21}) {
            PackIntake known(quarantine(), nullptr);
            ASSERT_TRUE(take(known, pack("main~1\\n"), 4096));
            PackIntake intake(quarantine(), *known.view());
            ASSERT_TRUE(intake.feed(bytes_of(bytes)));
            damage_pack(offset);
            const auto result = intake.finish();
            ASSERT_FALSE(result) << offset;
            EXPECT_EQ(result.error().reason(), "pack_changed");
        }
    }
    EXPECT_TRUE(std::filesystem::is_empty(quarantine()));
}

TEST_F(IntakeTest, TakesDeltasThatNameTheirBasesById) {
    // What clients send that do not know `ofs-delta`; half of the bases are deltas themselves.
    const std::string bytes = pack("main\\nv1\\nv2\\n", "--no-reuse-delta --depth=50");
    PackIntake intake(quarantine(), nullptr);
    const auto result = take(intake, bytes, 4096);
    ASSERT_TRUE(result) << result.error().told_to_peer();
    EXPECT_EQ(result->bases_added, 0U);
    EXPECT_TRUE(intake.check_connectivity());
    ASSERT_TRUE(intake.make_durable(packs()));
    expect_good_repository();
}

TEST_F(IntakeTest, WhateverIsChangedInAPackGitAgreesWithWhatIsTaken) {
    std::string bytes = pack("main~9\\n");
    bytes.resize(bytes.size() - kOidBytes);
    must(dir_.path(), "git init -q --bare judge.git");
    int taken = 0;
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        std::string changed = bytes;
        changed[at] = static_cast<char>(changed[at] ^ (1 << (at * 7 % 8)));
        PackHash hash;
        hash.update(bytes_of(changed));
        changed += hash.finish().view();  // Without this every change is found by the checksum.
        PackIntake intake(quarantine(), nullptr);
        if (!take(intake, changed, 999)) {
            continue;
        }
        ++taken;
        test::put_file(dir_ / "judge.git/in.pack", changed);
        const auto git =
            run(dir_ / "judge.git", "git index-pack --fsck-objects in.pack; rm -f in.idx");
        EXPECT_EQ(git.output.find("fatal"), std::string::npos) << at << git.output;
    }
    EXPECT_LT(taken, 100);  // Bits that zlib does not care about, and the like.
    EXPECT_TRUE(std::filesystem::is_empty(quarantine()));
}

TEST_F(IntakeTest, AnObjectUsedAsAnotherTypeIsNamed) {
    const Oid blob = *hash_object(ObjectType::Blob, "x");
    test::PackMaker maker;
    maker.add(EntryKind::Blob, "x");
    maker.add(EntryKind::Tree, serialize_tree({{kModeTree, "folder", blob}}));
    PackIntake intake(quarantine(), nullptr);
    ASSERT_TRUE(take(intake, maker.bytes(), 999));
    EXPECT_EQ(intake.check_connectivity().error().reason(), "object_type_mismatch");
}

TEST_F(IntakeTest, ASubmodulesCommitNeedNotBeThere) {
    test::PackMaker maker;
    maker.add(EntryKind::Tree, serialize_tree({{kModeGitlink, "sub", Oid{{7}}}}));
    PackIntake intake(quarantine(), nullptr);
    ASSERT_TRUE(take(intake, maker.bytes(), 999));
    EXPECT_TRUE(intake.check_connectivity());
}

TEST_F(IntakeTest, TakesWhatIsHereAlreadyAndSaysWhatItBrought) {
    PackIntake first(quarantine(), nullptr);
    const auto result = take(first, pack("main~8\\n"), 999);
    ASSERT_TRUE(result);
    ASSERT_TRUE(first.make_durable(packs()));
    const auto base = ObjectStore::open(packs(), {result->pack_name});
    ASSERT_TRUE(base);
    PackIntake again(quarantine(), *base);
    ASSERT_TRUE(take(again, pack("main~8\\n"), 999));
    EXPECT_EQ(again.result().pack_name, result->pack_name);
    EXPECT_TRUE(again.brought((*base)->packs()[0]->index().oid_at(0)));
    EXPECT_FALSE(again.brought(Oid{}));
    EXPECT_TRUE(again.make_durable(packs()));  // The same pack twice is the same pack.
    expect_good_repository("main~8");
}

TEST_F(IntakeTest, AnErrorStays) {
    PackIntake intake(quarantine(), nullptr);
    EXPECT_FALSE(intake.feed(bytes_of("KCAP")));
    EXPECT_EQ(intake.feed(bytes_of("PACK")).error().reason(), "bad_pack_magic");
    EXPECT_EQ(intake.resolve_some().error().reason(), "bad_pack_magic");
    EXPECT_EQ(intake.finish().error().reason(), "bad_pack_magic");
}

TEST_F(IntakeTest, TakesAnEmptyPackAndStoresNothing) {
    must(source(), "git pack-objects --stdout -q < /dev/null > ../out.pack");
    PackIntake intake(quarantine(), nullptr);
    const auto result = take(intake, get_file(dir_ / "out.pack"), 5);
    ASSERT_TRUE(result) << result.error().told_to_peer();
    EXPECT_EQ(result->object_count, 0U);
    EXPECT_EQ(result->pack_name, "");
    EXPECT_TRUE(intake.check_connectivity());
    EXPECT_TRUE(intake.make_durable(packs()));
    EXPECT_TRUE(std::filesystem::is_empty(packs()));
    EXPECT_TRUE(std::filesystem::is_empty(quarantine()));
}

}  // namespace
}  // namespace origin::git

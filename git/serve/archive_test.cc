// SPDX-License-Identifier: Apache-2.0
// Goal: an archive is, byte for byte, the one that `git archive` makes of the same commit.
// Method: a real repository with every kind of entry and every length of name; git as the oracle.
#include "git/serve/archive.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "git/odb/libgit2_init.h"
#include "git/odb/pack_builder.h"
#include "git/odb/test_git.h"
#include "git/odb/test_pack.h"

namespace origin::git {
namespace {

using test::get_file;
using test::must;
using test::put_file;

class ArchiveTest : public testing::Test {
protected:
    void SetUp() override {
        use_libgit2();
        test::make_repository(source());
        put_file(source() / "empty", "");
        put_file(source() / "block", std::string(512, 'b'));
        put_file(source() / "large", std::string(700'000, 'l'));
        // Above what a piece and what the heap holds, one of them stored as a delta of the other.
        const std::string noise = noise_of(3'000'000);
        put_file(source() / "noise", noise);
        put_file(source() / "noise2", noise.substr(0, 2'000'000) + "changed" + noise.substr(5));
        // Around the 100 bytes of a name and the 155 of its prefix.
        for (const std::size_t length : {94UL, 95UL, 96UL, 97UL, 150UL, 200UL}) {
            put_file(source() / "n" / std::string(length, 'n'), "n");
        }
        const std::string deep = std::string(80, 'd') + "/" + std::string(70, 'e');
        put_file(source() / deep / "file", "deep");
        put_file(source() / deep / std::string(90, 'f') / "g", "deeper");
        put_file(source() / deep / std::string(120, 'h') / std::string(120, 'i'), "deepest");
        must(source(),
             "ln -s " + std::string(100, 't') + " link100 && ln -s " + std::string(101, 't') +
                 " link101 && ln -s ../.. up && git add -A . && git commit -q -m names");
    }

    /// The same each time, and nothing to compress.
    static std::string noise_of(std::size_t count) {
        std::string noise;
        std::uint32_t seed = 1;
        while (noise.size() < count) {
            seed = seed * 1664525 + 1013904223;
            noise += static_cast<char>(seed >> 24);
        }
        return noise;
    }

    /// A commit of `tree` in the repository, whatever git would say to its trees.
    ArchiveWish commit_of(PackBuilder& builder, const Oid& tree) {
        const Ident ident{.name = "A", .email = "a@example.com", .seconds = 1'700'000'000};
        const Commit commit{.tree = tree,
                            .parents = {},
                            .author = ident,
                            .committer = ident,
                            .encoding = {},
                            .message = "odd\n"};
        const auto oid = builder.add(ObjectType::Commit, serialize(commit));
        auto built = builder.write(source() / ".git/objects/pack");
        EXPECT_TRUE(oid && built && built->make_durable(source() / ".git/objects/pack"));
        odd_pack_ = built->result.pack_name;
        return {.tree = tree, .commit = *oid, .seconds = 1'700'000'000};
    }
    ObjectStoreRef odd_objects() {
        auto store = ObjectStore::open(source() / ".git/objects/pack", {odd_pack_});
        EXPECT_TRUE(store);
        return *store;
    }

    std::filesystem::path source() const { return dir_ / "source"; }

    /// The objects of the repository as it is now, in one pack.
    ObjectStoreRef objects() {
        must(source(), "git repack -adfq");
        const std::string name = must(source(), "basename .git/objects/pack/pack-*.pack .pack");
        auto store = ObjectStore::open(source() / ".git/objects/pack", {name});
        EXPECT_TRUE(store);
        return *store;
    }

    ArchiveWish wish(const std::string& commit = "HEAD") {
        return {.tree = *Oid::from_hex(must(source(), "git rev-parse " + commit + "^{tree}")),
                .commit = Oid::from_hex(must(source(), "git rev-parse " + commit + "^{commit}")),
                .seconds = std::stol(must(source(), "git show -s --format=%ct " + commit + "^{}"))};
    }

    std::string ours(const ArchiveWish& wish) { return ours(wish, objects()); }
    static std::string ours(const ArchiveWish& wish, const ObjectStoreRef& objects) {
        auto archive = Archive::of(objects, wish);
        if (!archive) {
            return "refused: " + std::string(archive.error().reason());
        }
        std::string out;
        for (bool is_all = false; !is_all;) {
            const auto step = archive->step(out);
            if (!step) {
                return "failed: " + std::string(step.error().told_to_peer());
            }
            is_all = *step == Archive::Progress::Done;
        }
        return out;
    }

    std::string gits(const std::string& arguments) {
        must(source(), "git archive --format=tar -o ../git.tar " + arguments);
        return get_file(dir_ / "git.tar");
    }

    void expect_same(const std::string& ours, const std::string& arguments) {
        const std::string gits = this->gits(arguments);
        const auto differs = std::ranges::mismatch(ours, gits);
        EXPECT_TRUE(ours == gits) << arguments << ": " << ours.size() << " and " << gits.size()
                                  << " bytes, different from "
                                  << std::distance(ours.begin(), differs.in1);
    }

    test::TempDir dir_;
    std::string odd_pack_;
};

TEST_F(ArchiveTest, RefusesWhatIsNotThereOrClimbsOut) {
    const auto refused = [&](std::string prefix, std::vector<std::string> paths) {
        ArchiveWish asked = wish();
        asked.prefix = std::move(prefix);
        asked.paths = std::move(paths);
        return ours(asked);
    };
    EXPECT_EQ(refused("", {"no-such"}), "refused: path_not_found");
    EXPECT_EQ(refused("", {"src", "src/no-such"}), "refused: path_not_found");
    for (const std::string& bad :
         std::vector<std::string>{"../", "a/../../b", "..", "/etc", "a/.."}) {
        EXPECT_EQ(refused(bad, {}), "refused: bad_path") << bad;
        EXPECT_EQ(refused("", {bad}), "refused: bad_path") << bad;
    }
    EXPECT_EQ(refused(std::string(10'000, 'a'), {}), "refused: bad_path");
    EXPECT_EQ(refused(std::string("a\0b", 3), {}), "refused: bad_path");
}

TEST_F(ArchiveTest, FoldersAThousandDeepAreNoTrouble) {
    PackBuilder builder(nullptr);
    const Oid blob = *builder.add(ObjectType::Blob, "deep");
    Oid tree = *builder.add(ObjectType::Tree, serialize_tree({{kModeFile, "file", blob}}));
    for (int depth = 0; depth < 1000; ++depth) {
        tree = *builder.add(ObjectType::Tree,
                            serialize_tree({{kModeTree, "d", tree}, {kModeFile, "f", blob}}));
    }
    const ArchiveWish wish = commit_of(builder, tree);
    expect_same(ours(wish, odd_objects()), wish.commit->hex());
}

// Ten trees of ten entries each are ten thousand million folders, and not one file.
TEST_F(ArchiveTest, FoldersWithoutAnEndTakeTurnsWithOthers) {
    PackBuilder builder(nullptr);
    Oid tree = *builder.add(ObjectType::Tree, "");
    for (int depth = 0; depth < 10; ++depth) {
        std::vector<TreeItem> entries;
        for (const char name : std::string_view("0123456789")) {
            entries.push_back({kModeTree, std::string(1, name), tree});
        }
        tree = *builder.add(ObjectType::Tree, serialize_tree(entries));
    }
    ArchiveWish wish = commit_of(builder, tree);
    wish.commit.reset();
    auto archive = Archive::of(odd_objects(), wish);
    ASSERT_TRUE(archive);
    std::string out;
    for (int i = 0; i < 100; ++i) {
        const auto step = archive->step(out);
        ASSERT_TRUE(step);
        EXPECT_EQ(*step, Archive::Progress::Pause);
    }
    EXPECT_EQ(out, "");
}

/// Objects as no push would bring them: nothing is judged.
class Odd {
public:
    Oid blob(const std::string& data) { return add(EntryKind::Blob, ObjectType::Blob, data); }
    Oid tree(const std::vector<TreeItem>& items) {
        return add(EntryKind::Tree, ObjectType::Tree, serialize_tree(items));
    }
    ObjectStoreRef objects(const std::filesystem::path& dir) const {
        const std::string name = "pack-" + std::string(40, '0');
        put_file(dir / (name + ".pack"), pack_.bytes());
        must(dir, "git index-pack " + name + ".pack");
        auto store = ObjectStore::open(dir, {name});
        EXPECT_TRUE(store);
        return *store;
    }

private:
    Oid add(EntryKind kind, ObjectType type, const std::string& data) {
        pack_.add(kind, data);
        return *hash_object(type, data);
    }

    test::PackMaker pack_;
};

TEST_F(ArchiveTest, WhatNobodyCouldUnpackIsRefused) {
    int count = 0;
    const auto failure = [&](const std::function<Oid(Odd&)>& make) {
        Odd odd;
        const Oid tree = make(odd);
        const auto dir = dir_ / ("odd" + std::to_string(++count));
        std::filesystem::create_directories(dir);
        return ours({.tree = tree}, odd.objects(dir));
    };
    EXPECT_EQ(failure([](Odd& odd) {
                  const Oid link = odd.blob(std::string(kArchiveNameBytesMax + 1, 'l'));
                  return odd.tree({{kModeSymlink, "link", link}});
              }),
              "failed: a link's target is too long for an archive");
    EXPECT_EQ(failure([](Odd& odd) {
                  Oid tree = odd.tree({{kModeFile, "f", odd.blob("")}});
                  for (std::size_t length = 0; length <= kArchiveNameBytesMax; length += 4001) {
                      tree = odd.tree({{kModeTree, std::string(4000, 'd'), tree}});
                  }
                  return tree;
              }),
              "failed: a path is too long for an archive");
    EXPECT_EQ(failure([](Odd& odd) {
                  Oid tree = odd.tree({});
                  for (int depth = 0; depth < 3; ++depth) {
                      const TreeItem item{kModeTree, std::string(30'000, 'd'), tree};
                      std::vector<TreeItem> items(1600, item);
                      items.front().name = "a";
                      tree = odd.tree(items);
                  }
                  return tree;
              }),
              "failed: its folders are too large for an archive");
}

TEST_F(ArchiveTest, IsGitsOwn) {
    expect_same(ours(wish()), "HEAD");
    expect_same(ours(wish("v1")), "v1");
}

TEST_F(ArchiveTest, WithAPrefixAndOfPathsOnly) {
    for (const std::string& prefix :
         std::vector<std::string>{"app/", "app-", "a/b/c/", std::string(101, 'p') + "/"}) {
        ArchiveWish asked = wish();
        asked.prefix = prefix;
        expect_same(ours(asked), "--prefix=" + prefix + " HEAD");
        asked.paths = {"src/deep"};
        expect_same(ours(asked), "--prefix=" + prefix + " HEAD src/deep");
    }
    for (const std::string& path :
         std::vector<std::string>{"src", "src/deep/file.txt", "sub", "link", "n"}) {
        ArchiveWish asked = wish();
        asked.paths = {path};
        expect_same(ours(asked), "HEAD " + path);
    }
    ArchiveWish two = wish();
    two.paths = {"src/n1.txt", "empty"};
    expect_same(ours(two), "HEAD src/n1.txt empty");
}

// A header has room for times until the year 2242.
TEST_F(ArchiveTest, OfADistantFuture) {
    must(source(),
         "GIT_COMMITTER_DATE=\"@9000000000 +0000\" git commit -q --allow-empty -m future && "
         "test $(git show -s --format=%ct) = 9000000000");
    expect_same(ours(wish()), "HEAD");
}

// The end of a tar file is two empty blocks and then up to a whole record.
TEST_F(ArchiveTest, EndsAsATarFileDoesWhateverItsLength) {
    must(source(), "git checkout -q --orphan ends && git rm -rfq --cached . && git clean -fdxq");
    for (int blocks = 0; blocks < 21; ++blocks) {
        put_file(source() / "file", std::string(static_cast<std::size_t>(blocks) * 512, 'x'));
        must(source(), "git add file && git commit -q -m more");
        expect_same(ours(wish()), "HEAD");
    }
}

TEST_F(ArchiveTest, CompressedItIsTheSame) {
    ArchiveWish asked = wish();
    asked.format = *archive_format_of("tar.gz");
    put_file(dir_ / "ours.tar.gz", ours(asked));
    must(dir_.path(), "gzip -t ours.tar.gz && gzip -d ours.tar.gz");
    expect_same(get_file(dir_ / "ours.tar"), "HEAD");
    EXPECT_EQ(archive_format_of("tgz"), ArchiveFormat::TarGz);
    EXPECT_FALSE(archive_format_of("zip"));
}

}  // namespace
}  // namespace origin::git

// SPDX-License-Identifier: Apache-2.0
// Goal: a store shows exactly the objects of the packs it was given, and damage is named.
// Method: packs built by PackBuilder in a temporary folder; files removed and changed.
#include "git/odb/object_store.h"

#include "git/odb/pack_builder.h"
#include "git/odb/test_git.h"

namespace origin::git {
namespace {

class ObjectStoreTest : public testing::Test {
protected:
    /// A pack of one commit with one file, "a/b/<name>", on top of `store`.
    std::string add_pack(const ObjectStoreRef& store, const std::string& name) {
        PackBuilder builder(store);
        const Oid blob = *builder.add(ObjectType::Blob, "contents of " + name);
        const Oid inner = *builder.add(ObjectType::Tree, serialize_tree({{kModeFile, name, blob}}));
        const Oid middle =
            *builder.add(ObjectType::Tree, serialize_tree({{kModeTree, "b", inner}}));
        root_ = *builder.add(ObjectType::Tree, serialize_tree({{kModeTree, "a", middle}}));
        Commit commit;
        commit.tree = root_;
        commit_ = *builder.add(ObjectType::Commit, serialize(commit));
        auto built = builder.write(dir_.path());
        EXPECT_TRUE(built);
        EXPECT_TRUE(built->make_durable(dir_.path()));
        return built->result.pack_name;
    }

    test::TempDir dir_;
    Oid root_;
    Oid commit_;
};

TEST_F(ObjectStoreTest, ShowsThePacksItWasGivenAndNoOthers) {
    const auto empty = ObjectStore::empty(dir_.path());
    const std::string first = add_pack(empty, "one");
    const Oid first_commit = commit_;
    const std::string second = add_pack(empty, "two");
    EXPECT_FALSE(empty->contains(commit_));
    const auto one = ObjectStore::open(dir_.path(), {first});
    ASSERT_TRUE(one);
    EXPECT_TRUE((*one)->contains(first_commit));
    EXPECT_FALSE((*one)->contains(commit_));
    EXPECT_EQ((*one)->read(commit_).error().code(), Code::NotFound);
    const auto two = (*one)->with_pack(second);
    ASSERT_TRUE(two);
    EXPECT_TRUE((*two)->contains(first_commit));
    EXPECT_TRUE((*two)->contains(commit_));
    EXPECT_EQ((*two)->packs()[0], (*one)->packs()[0]);  // Shared, not opened again.
    const auto only_second = (*two)->with_packs({second});
    ASSERT_TRUE(only_second);
    EXPECT_FALSE((*only_second)->contains(first_commit));
    EXPECT_EQ((*only_second)->packs()[0], (*two)->packs()[1]);
    EXPECT_EQ((*two)->object_count(), 10U);
}

TEST_F(ObjectStoreTest, WritesOnlyWhatIsNew) {
    const std::string first = add_pack(nullptr, "one");
    const auto store = ObjectStore::open(dir_.path(), {first});
    ASSERT_TRUE(store);
    PackBuilder builder(*store);
    EXPECT_TRUE(builder.add(ObjectType::Blob, "contents of one"));
    EXPECT_TRUE(builder.is_empty());
    const auto built = builder.write(dir_.path());
    ASSERT_TRUE(built);
    EXPECT_EQ(built->result.pack_name, "");
    EXPECT_EQ(dir_.file_count(), 2U);
}

TEST_F(ObjectStoreTest, RefusesToWriteWhatPointsNowhere) {
    PackBuilder builder(nullptr);
    ASSERT_TRUE(builder.add(ObjectType::Tree, serialize_tree({{kModeFile, "a", Oid{{1}}}})));
    const auto built = builder.write(dir_.path());
    ASSERT_FALSE(built);
    EXPECT_EQ(built.error().reason(), "missing_object");
    EXPECT_EQ(dir_.file_count(), 0U);
    EXPECT_EQ(builder.add(ObjectType::Tree, serialize_tree({{kModeFile, ".git", Oid{{1}}}}))
                  .error()
                  .reason(),
              "has_dotgit");
}

TEST_F(ObjectStoreTest, FindsPathsAndPeelsTags) {
    const std::string name = add_pack(nullptr, "one");
    const auto base = ObjectStore::open(dir_.path(), {name});
    ASSERT_TRUE(base);
    const auto find = [&](std::string_view path) {
        return (*base)->find_path(root_, path).value();
    };
    EXPECT_EQ(find("")->oid, root_);
    EXPECT_TRUE(find("a")->is_tree());
    EXPECT_EQ((*base)->read_as(find("a/b/one")->oid, ObjectType::Blob).value(), "contents of one");
    for (const char* path : {"b", "a/b/two", "a/b/one/more", "/a", "a/", "a//b", "."}) {
        EXPECT_FALSE(find(path)) << path;
    }
    EXPECT_EQ((*base)->read_as(root_, ObjectType::Blob).error().reason(), "wrong_type");
    EXPECT_EQ((*base)->commit_links(commit_)->tree, root_);

    PackBuilder tags(*base);
    Tag tag;
    tag.target = commit_;
    tag.name = "t";
    Oid last;
    for (std::size_t i = 0; i <= kTagChainMax; ++i) {
        last = *tags.add(ObjectType::Tag, serialize(tag));
        tag.target = last;
        tag.target_type = ObjectType::Tag;
    }
    auto built = tags.write(dir_.path());
    ASSERT_TRUE(built);
    ASSERT_TRUE(built->make_durable(dir_.path()));
    const auto store = (*base)->with_pack(built->result.pack_name);
    ASSERT_TRUE(store);
    EXPECT_EQ((*store)->peel(last).error().code(), Code::LimitExceeded);
    const auto inner = parse_tag((*store)->read_as(last, ObjectType::Tag).value());
    EXPECT_EQ((*store)->peel(inner->target).value(), commit_);
}

TEST_F(ObjectStoreTest, NamesDamage) {
    const std::string name = add_pack(nullptr, "one");
    const std::string pack = test::get_file(dir_ / (name + ".pack"));
    EXPECT_EQ(ObjectStore::open(dir_.path(), {"pack-none"}).error().code(), Code::Corrupt);
    const auto code_with = [&](const std::string& bytes) {
        test::put_file(dir_ / (name + ".pack"), bytes);
        const auto store = ObjectStore::open(dir_.path(), {name});
        return store ? std::optional<Code>() : store.error().code();
    };
    EXPECT_EQ(code_with(pack.substr(0, pack.size() - 1)), Code::Corrupt);
    EXPECT_EQ(code_with(""), Code::Corrupt);
    EXPECT_EQ(code_with("KCAP" + pack.substr(4)), Code::Corrupt);
    EXPECT_EQ(code_with(pack), std::nullopt);
    // Inside an entry: found when the object is read, or when the pack is verified.
    for (std::size_t at = 12; at + 20 < pack.size(); ++at) {
        std::string damaged = pack;
        damaged[at] = static_cast<char>(damaged[at] ^ 0x20);
        test::put_file(dir_ / (name + ".pack"), damaged);
        const auto store = ObjectStore::open(dir_.path(), {name});
        ASSERT_TRUE(store);
        EXPECT_EQ((*store)->packs()[0]->verify().error().code(), Code::Corrupt);
        for (std::uint32_t i = 0; i < (*store)->packs()[0]->count(); ++i) {
            const auto object = (*store)->read((*store)->packs()[0]->index().oid_at(i));
            EXPECT_TRUE(object || object.error().code() == Code::Corrupt);
        }
    }
}

TEST_F(ObjectStoreTest, AFailedWriteLeavesNothing) {
    {
        PackBuilder builder(nullptr);
        ASSERT_TRUE(builder.add(ObjectType::Blob, "x"));
        auto built = builder.write(dir_.path());
        ASSERT_TRUE(built);
        EXPECT_FALSE(built->make_durable(dir_ / "no such folder"));
        EXPECT_EQ(dir_.file_count(), 2U);
    }
    EXPECT_EQ(dir_.file_count(), 0U);
}

}  // namespace
}  // namespace origin::git

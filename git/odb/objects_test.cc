// SPDX-License-Identifier: Apache-2.0
// Goal: commits, trees and tags are read as git means them, however old or odd, and what we write
// passes the strictest check.
// Method: tables; every prefix of a good object; known ids.
#include "git/odb/objects.h"

#include <fstream>
#include <iterator>

#include <dlfcn.h>
#include <git2.h>
#include <gtest/gtest.h>

#include "git/odb/fsck.h"
#include "git/odb/hash.h"

namespace origin::git {
namespace {

const Oid kTree = *Oid::from_hex("4b825dc642cb6eb9a060e54bf8d69288fbee4904");
const Oid kOther = *Oid::from_hex("00112233445566778899aabbccddeeff00112233");

TEST(Objects, HashesAsGitDoes) {
    EXPECT_EQ(hash_object(ObjectType::Tree, "")->hex(), kTree.hex());
    EXPECT_EQ(hash_object(ObjectType::Blob, "hello\n")->hex(),
              "ce013625030ba8dba906f756967f9e9ca394464a");
}

TEST(Objects, HashesWithCollisionDetection) {
    // No colliding object is known that could be hashed here; the library says what it was built
    // with by carrying this message.
    Dl_info library{};
    ASSERT_NE(::dladdr(reinterpret_cast<const void*>(&git_libgit2_init), &library), 0);
    std::ifstream file(library.dli_fname, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    EXPECT_NE(bytes.find("SHA1 collision attack detected"), std::string::npos);
}

TEST(Objects, HashesInPiecesAsInOne) {
    const std::string data(300'000, 'x');
    auto hasher = ObjectHasher::start(ObjectType::Blob, data.size());
    ASSERT_TRUE(hasher);
    for (std::size_t at = 0; at < data.size(); at += 7777) {
        ASSERT_TRUE(hasher->update(bytes_of(std::string_view(data).substr(at, 7777))));
    }
    EXPECT_EQ(hasher->finish()->hex(), hash_object(ObjectType::Blob, data)->hex());

    auto too_long = ObjectHasher::start(ObjectType::Blob, 3);
    ASSERT_TRUE(too_long);
    EXPECT_FALSE(too_long->update(bytes_of("four")));
    auto too_short = ObjectHasher::start(ObjectType::Blob, 3);
    ASSERT_TRUE(too_short);
    EXPECT_TRUE(too_short->update(bytes_of("tw")));
    EXPECT_FALSE(too_short->finish());
}

TEST(Objects, ReadsWhatItWrites) {
    Commit commit;
    commit.tree = kTree;
    commit.parents = {kOther, kTree};
    commit.author = {.name = "A", .email = "a@x", .seconds = 1, .offset_minutes = -330};
    commit.committer = {.name = "C D", .email = "", .seconds = 1700000000, .offset_minutes = 60};
    commit.message = "subject\n\nbody\n";
    const std::string text = serialize(commit);
    EXPECT_TRUE(check_object(ObjectType::Commit, text));
    const auto read = parse_commit(text);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->tree, commit.tree);
    EXPECT_EQ(read->parents, commit.parents);
    EXPECT_EQ(read->author, commit.author);
    EXPECT_EQ(read->committer, commit.committer);
    EXPECT_EQ(read->message, commit.message);
    EXPECT_NE(text.find("author A <a@x> 1 -0530\n"), std::string::npos);
    const auto links = parse_commit_links(text);
    ASSERT_TRUE(links);
    EXPECT_EQ(links->committed_seconds, 1700000000);

    Tag tag;
    tag.target = kOther;
    tag.target_type = ObjectType::Tag;
    tag.name = "v1";
    tag.tagger = commit.author;
    tag.message = "m\n";
    EXPECT_TRUE(check_object(ObjectType::Tag, serialize(tag)));
    const auto read_tag = parse_tag(serialize(tag));
    ASSERT_TRUE(read_tag);
    EXPECT_EQ(read_tag->target, kOther);
    EXPECT_EQ(read_tag->target_type, ObjectType::Tag);
    EXPECT_EQ(read_tag->name, "v1");
    EXPECT_EQ(read_tag->tagger, tag.tagger);
    EXPECT_EQ(read_tag->message, "m\n");
}

TEST(Objects, CleansWhatPeopleType) {
    Commit commit;
    commit.tree = kTree;
    commit.author = {.name = std::string(" <A>\n\0x ", 8),
                     .email = "a@x>\ncommitter evil <e@x",
                     .seconds = -5,
                     .offset_minutes = 1'000'000};
    commit.message = std::string("a\0b\n\n\n", 6);
    const std::string text = serialize(commit);
    const auto checked = check_object(ObjectType::Commit, text);
    EXPECT_TRUE(checked) << checked.error().told_to_peer() << text;
    EXPECT_EQ(parse_commit(text)->message, "ab\n");
    EXPECT_EQ(parse_commit(text)->author.seconds, 0);
    commit.message.clear();
    EXPECT_TRUE(check_object(ObjectType::Commit, serialize(commit)));
}

TEST(Objects, ReadsOldAndOddCommits) {
    const std::string head = "tree " + kTree.hex() + "\n";
    const auto bare = parse_commit(head + "\n");
    ASSERT_TRUE(bare);
    EXPECT_EQ(bare->message, "");
    const auto odd = parse_commit(head + "author who?\ncommitter A <a<b>> 12 -0000\nencoding X\n" +
                                  "gpgsig -----\n x\n author no\n\ntext");
    ASSERT_TRUE(odd);
    EXPECT_EQ(odd->author.name, "who?");
    EXPECT_EQ(odd->committer.email, "a<b>");
    EXPECT_EQ(odd->committer.seconds, 12);
    EXPECT_EQ(odd->encoding, "X");
    EXPECT_TRUE(odd->has_signature);
    EXPECT_EQ(odd->message, "text");
    EXPECT_EQ(parse_commit("").error().reason(), "missing_tree");
    EXPECT_EQ(parse_commit(head + "parent x\n").error().reason(), "bad_parent_sha1");
}

TEST(Objects, SortsTreesAsGitDoes) {
    const std::string tree = serialize_tree({{kModeTree, "a", kTree},
                                             {kModeFile, "a.c", kTree},
                                             {kModeFile, "a0", kTree},
                                             {kModeFile, "B", kTree}});
    EXPECT_TRUE(check_object(ObjectType::Tree, tree));
    TreeReader reader(tree);
    std::string names;
    while (true) {
        const auto entry = reader.next();
        ASSERT_TRUE(entry);
        if (!*entry) {
            break;
        }
        names += std::string((*entry)->name) + " ";
    }
    EXPECT_EQ(names, "B a.c a a0 ");
    EXPECT_EQ(find_entry(tree, "a0")->value().oid, kTree);
    EXPECT_FALSE(find_entry(tree, "a1")->has_value());
}

TEST(Objects, NoPrefixOfATreeIsMistakenForMore) {
    const std::string tree = serialize_tree({{kModeFile, "a", kOther}, {kModeFile, "bb", kOther}});
    const std::size_t first = serialize_tree({{kModeFile, "a", kOther}}).size();
    for (std::size_t length = 0; length <= tree.size(); ++length) {
        const bool is_whole = length == 0 || length == first || length == tree.size();
        EXPECT_EQ(check_object(ObjectType::Tree, tree.substr(0, length)).has_value(), is_whole)
            << length;
    }
}

}  // namespace
}  // namespace origin::git

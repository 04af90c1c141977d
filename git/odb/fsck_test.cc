// SPDX-License-Identifier: Apache-2.0
// Goal: nothing that git's fsck refuses is accepted, and ordinary objects are.
// Method: a table of objects, each judged by check_object and by git index-pack --fsck-objects; a
// row says so where we are stricter on purpose.
#include "git/odb/fsck.h"

#include "git/odb/dot_names.h"
#include "git/odb/gitmodules.h"
#include "git/odb/intake.h"
#include "git/odb/test_git.h"
#include "git/odb/test_pack.h"

namespace origin::git {
namespace {

using std::string_literals::operator""s;

const std::string kTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
const std::string kWho = "A U Thor <a@example.com> 1700000000 +0000";

std::string entry(const std::string& mode, const std::string& name, char id = 'a') {
    return mode + " " + name + "\0"s + std::string(kOidBytes, id);
}

struct Case {
    std::string data;
    std::string reason;          // Empty: accepted.
    bool is_ours_alone = false;  // We refuse, git does not.
};

class FsckTest : public testing::Test {
protected:
    void SetUp() override { test::must(dir_.path(), "git init -q --bare bare.git"); }

    std::string ours(ObjectType type, std::string_view data, FsckLevel level = FsckLevel::Push) {
        const auto checked = check_object(type, data, level);
        return checked ? std::string() : std::string(checked.error().reason());
    }

    bool does_git_take(ObjectType type, std::string_view data, std::string_view more = {}) {
        test::PackMaker maker;
        maker.add(static_cast<EntryKind>(type), data);
        if (!more.empty()) {
            maker.add(EntryKind::Blob, more);
        }
        test::put_file(dir_ / "bare.git/in.pack", maker.bytes());
        const auto git = test::run(dir_ / "bare.git", "git index-pack --fsck-objects in.pack");
        test::run(dir_ / "bare.git", "rm -f in.*");
        return git.status == 0;
    }

    void expect_agreement(ObjectType type, const std::vector<Case>& cases) {
        for (const Case& c : cases) {
            EXPECT_EQ(ours(type, c.data), c.reason) << testing::PrintToString(c.data);
            EXPECT_EQ(does_git_take(type, c.data), c.reason.empty() || c.is_ours_alone)
                << testing::PrintToString(c.data);
        }
    }

    test::TempDir dir_;
};

TEST_F(FsckTest, Commits) {
    const std::string tree = "tree " + kTree + "\n";
    const std::string people = "author " + kWho + "\ncommitter " + kWho + "\n";
    const auto with_author = [&](const std::string& who) {
        return tree + "author " + who + "\ncommitter " + kWho + "\n\nm\n";
    };
    expect_agreement(
        ObjectType::Commit,
        {
            {tree + people + "\nmessage\n", ""},
            {tree + people + "\n", ""},
            {tree + people, ""},
            {tree + "parent " + std::string(40, '1') + "\n" + people + "\nm\n", ""},
            {tree + people + "gpgsig -----BEGIN\n more\n -----END\nencoding X\n\nm\n", ""},
            {tree + "author  <> 0 +0000\ncommitter " + kWho + "\n\nm\n", ""},
            {"", "unterminated_header"},
            {"\n", "missing_tree"},
            {people + "\nm\n", "missing_tree"},
            {"tree 1234\n" + people + "\nm\n", "bad_tree_sha1"},
            {"tree " + kTree + "0\n" + people + "\nm\n", "bad_tree_sha1"},
            {tree + "parent 12\n" + people + "\nm\n", "bad_parent_sha1"},
            {tree + "parent " + kTree + " \n" + people + "\nm\n", "bad_parent_sha1"},
            {tree + "committer " + kWho + "\n\nm\n", "missing_author"},
            {tree + "author " + kWho + "\n\nm\n", "missing_committer"},
            {tree + "author " + kWho + "\n" + people + "\nm\n", "multiple_authors"},
            {tree + people.substr(0, people.size() - 1), "unterminated_header"},
            {tree + people + "x\0y\n\nm\n"s, "nul_in_header"},
            {tree + people + "\nm\0m\n"s, "nul_in_commit"},
            {with_author("<a@b> 1 +0000"), "missing_name_before_email"},
            {with_author("A a@b 1 +0000"), "missing_email"},
            {with_author("A> <a@b> 1 +0000"), "bad_name"},
            {with_author("A<a@b> 1 +0000"), "missing_space_before_email"},
            {with_author("A <a@b 1 +0000"), "bad_email"},
            {with_author("A <a<b> 1 +0000"), "bad_email"},
            {with_author("A <a@b>1 +0000"), "missing_space_before_date"},
            {with_author("A <a@b> x +0000"), "bad_date"},
            {with_author("A <a@b> -1 +0000"), "bad_date"},
            {with_author("A <a@b> "), "bad_date"},
            {with_author("A <a@b> 01 +0000"), "zero_padded_date"},
            {with_author("A <a@b> 99999999999999999999 +0000"), "bad_date_overflow"},
            {with_author("A <a@b> 9223372036854775807 +0000"), ""},
            {with_author("A <a@b> 9223372036854775808 +0000"), "bad_date_overflow"},
            {with_author("A <a@b> 1x +0000"), "bad_date"},
            {with_author("A <a@b> 1 0000"), "bad_timezone"},
            {with_author("A <a@b> 1 +000"), "bad_timezone"},
            {with_author("A <a@b> 1 +00000"), "bad_timezone"},
            {with_author("A <a@b> 1 +99x9"), "bad_timezone"},
            {with_author("A <a@b> 1 +9999"), ""},
        });
}

TEST_F(FsckTest, Tags) {
    const std::string head = "object " + kTree + "\ntype tree\ntag v1\n";
    const std::string tagger = "tagger " + kWho + "\n";
    expect_agreement(
        ObjectType::Tag,
        {
            {head + tagger + "\nmessage\n", ""},
            {head + tagger, ""},
            {head + "\nmessage\n", ""},
            {"object " + kTree + "\ntype tree\ntag a..b\n" + tagger + "\nm\n", ""},
            {"", "unterminated_header"},
            {"type tree\ntag v1\n" + tagger + "\nm\n", "missing_object"},
            {"object 12\ntype tree\ntag v1\n" + tagger + "\nm\n", "bad_object_sha1"},
            {"object " + kTree + "\ntag v1\n" + tagger + "\nm\n", "missing_type_entry"},
            {"object " + kTree + "\ntype trees\ntag v1\n" + tagger + "\nm\n", "bad_type"},
            {"object " + kTree + "\ntype tree\n" + tagger + "\nm\n", "missing_tag_entry"},
            {head + "tagger A a@b 1 +0000\n\nm\n", "missing_email"},
            {head + "tagger A <a@b> 1 +00\n\nm\n", "bad_timezone"},
            {head + tagger + "x\0\n\nm\n"s, "nul_in_header"},
        });
}

TEST_F(FsckTest, TreeShapes) {
    const std::string a = entry("100644", "a");
    expect_agreement(ObjectType::Tree,
                     {
                         {"", ""},
                         {a, ""},
                         {a + entry("100755", "b") + entry("120000", "c") + entry("40000", "d") +
                              entry("160000", "e"),
                          ""},
                         {entry("100664", "a"), ""},
                         {entry("100644", "a.c") + entry("40000", "a") + entry("100644", "a0"), ""},
                         {a.substr(0, a.size() - 1), "bad_tree"},
                         {"100644 a", "bad_tree"},
                         {"100644a\0"s + std::string(kOidBytes, 'a'), "bad_tree"},
                         {entry("", "a"), "bad_tree"},
                         {entry("100648", "a"), "bad_tree"},
                         {entry("040000", "a"), "zero_padded_filemode"},
                         {entry("777777", "a"), "bad_filemode", true},
                         {entry("30644", "a"), "bad_filemode", true},
                         {entry("100644", "a", '\0'), "null_sha1"},
                         {entry("100644", "b") + a, "tree_not_sorted"},
                         {entry("40000", "a") + entry("100644", "a.c"), "tree_not_sorted"},
                         {a + a, "duplicate_entries"},
                         {a + entry("40000", "a"), "duplicate_entries"},
                         {a + entry("100644", "a.c") + entry("40000", "a"), "duplicate_entries"},
                         {a + entry("100644", "a-") + entry("100644", "a--") +
                              entry("40000", "a-") + entry("100644", "a.c") + entry("40000", "a"),
                          "duplicate_entries"},
                     });
}

TEST_F(FsckTest, TreeNames) {
    const std::vector<std::pair<std::string, std::string>> names{
        {"con", ""},
        {"a\\b", ""},
        {"...", ""},
        {".gi", ""},
        {".gitx", ""},
        {".git-", ""},
        {"git~2", ""},
        {"\xff\xfe", ""},
        {".g\xe2\x80\x8bit", ""},  // A zero-width space is kept by HFS+.
        {".", "has_dot"},
        {"..", "has_dotdot"},
        {"a/b", "full_pathname"},
        {".git", "has_dotgit"},
        {".GIT", "has_dotgit"},
        {".Git", "has_dotgit"},
        {"git~1", "has_dotgit"},
        {"GIT~1", "has_dotgit"},
        {".git ", "has_dotgit"},
        {".git.", "has_dotgit"},
        {".git. . ", "has_dotgit"},
        {"git~1.", "has_dotgit"},
        {".git::$INDEX_ALLOCATION", "has_dotgit"},
        {".git:x", "has_dotgit"},
        {".git\\x", "has_dotgit"},
        {"x\\.git", "has_dotgit"},
        {"x\\y\\.git\\z", "has_dotgit"},
        {"x\\git~1", "has_dotgit"},
        {".g\xe2\x80\x8cit", "has_dotgit"},
        {"\xe2\x80\x8d.git", "has_dotgit"},
        {".git\xe2\x80\x8e", "has_dotgit"},
        {".\xe2\x80\x8fGIT", "has_dotgit"},
        {".gi\xe2\x80\xaat", "has_dotgit"},
        {".gi\xe2\x80\xaet", "has_dotgit"},
        {".gi\xe2\x81\xaat", "has_dotgit"},
        {".gi\xe2\x81\xaft", "has_dotgit"},
        {".g\xef\xbb\xbfit", "has_dotgit"},
    };
    for (const auto& [name, reason] : names) {
        const std::string tree = entry("40000", name);
        EXPECT_EQ(ours(ObjectType::Tree, tree), reason) << name;
        EXPECT_EQ(does_git_take(ObjectType::Tree, tree), reason.empty()) << name;
    }
    EXPECT_EQ(ours(ObjectType::Tree, entry("100644", "")), "empty_name");
    EXPECT_FALSE(does_git_take(ObjectType::Tree, entry("100644", "")));
    EXPECT_EQ(ours(ObjectType::Tree, entry("100644", std::string(4096, 'x'))), "");
    EXPECT_EQ(ours(ObjectType::Tree, entry("100644", std::string(4097, 'x'))), "large_pathname");
}

TEST_F(FsckTest, GitmodulesInAllItsDisguises) {
    for (const char* name : {".gitmodules",
                             ".GitModules",
                             ".gitmodules ",
                             ".gitmodules.",
                             ".gitmodules:x",
                             "gitmod~1",
                             "GITMOD~4",
                             "gi7eba~1",
                             "gi7eb~12",
                             "gi~12345",
                             "~1234567",
                             "x\\.gitmodules",
                             ".git\xe2\x80\x8cmodules"}) {
        EXPECT_TRUE(is_dot_name(name, DotName::Gitmodules)) << name;
        EXPECT_EQ(ours(ObjectType::Tree, entry("120000", name)), "gitmodules_symlink") << name;
        EXPECT_FALSE(does_git_take(ObjectType::Tree, entry("120000", name))) << name;
    }
    for (const char* name : {".gitmodule",
                             ".gitmodulesx",
                             "gitmod~5",
                             "gi7eba~0",
                             "gi7ebx~1",
                             "gi7eba~",
                             "gi7eb~1",
                             "gitmodules"}) {
        EXPECT_FALSE(is_dot_name(name, DotName::Gitmodules)) << name;
        EXPECT_TRUE(does_git_take(ObjectType::Tree, entry("120000", name))) << name;
    }
    SpecialBlobs special;
    EXPECT_TRUE(
        check_object(ObjectType::Tree,
                     entry("100644", ".gitattributes", 'b') + entry("100644", ".gitmodules"),
                     FsckLevel::Push,
                     &special));
    EXPECT_EQ(special.gitmodules.size(), 1U);
    EXPECT_EQ(special.gitattributes.size(), 1U);
}

TEST_F(FsckTest, GitmodulesContents) {
    const auto sub = [](const std::string& rest) {
        return "[submodule \"s\"]\n" + rest;
    };
    const std::vector<Case> cases{
        {"", ""},
        {"# nothing\n", ""},
        {sub("path = s\nurl = ../s.git\n"), ""},
        {sub("path = s\nurl = https://user:p@example.com:8080/s.git?x#y\n"), ""},
        {sub("url = git@example.com:s.git\n"), ""},
        {sub("url = ssh://example.com/s.git\n"), ""},
        {sub("url = http://[::1]:80/s\n"), ""},
        {sub("update = rebase\n"), ""},
        {"\xef\xbb\xbf[submodule \"s\"]\r\n\tpath = s\r\n", ""},
        {sub("path = \"a b\" ; comment\n"), ""},
        {sub("url = -u./x\n"), "gitmodules_url"},
        {sub("url = \"-u./x\"\n"), "gitmodules_url"},
        {sub("URL = -x\n"), "gitmodules_url"},
        {sub("url = \\\n-x\n"), "gitmodules_url"},
        {"[submodule.s]\nurl = -x\n", "gitmodules_url"},
        {"[Submodule \"s\"]url = -x\n", "gitmodules_url"},
        {sub("path = -x\n"), "gitmodules_path"},
        {sub("update = !sh\n"), "gitmodules_update"},
        {"[submodule \"../s\"]\npath = s\n", "gitmodules_name"},
        {"[submodule \"a/../s\"]\npath = s\n", "gitmodules_name"},
        {"[submodule \"a\\\\..\\\\s\"]\npath = s\n", "gitmodules_name"},
        {"[submodule \"\"]\npath = s\n", "gitmodules_name"},
        {sub("url = ../%0ahost=x\n"), "gitmodules_url"},
        {sub("url = git://x/%0a\n"), "gitmodules_url"},
        {sub("url = https://example.com/%0a\n"), "gitmodules_url"},
        {sub("url = \"https://example.com/\\nx\"\n"), "gitmodules_url"},
        {sub("url = https:///s.git\n"), "gitmodules_url"},
        {sub("url = https::example.com/s\n"), "gitmodules_url"},
        {sub("url = http::https:///s\n"), "gitmodules_url"},
        {sub("url = ../../:x/s\n"), "gitmodules_url"},
        {sub("url = ./..//x/s\n"), "gitmodules_url"},
        {sub("url = ..\\\\../:x\n"), "gitmodules_url"},
        {sub("url = ext::sh -c x\n"), "gitmodules_url", true},
        {sub("path = ../../x\n"), "gitmodules_path", true},
        {sub("path = \"x\r\"\n"), "gitmodules_path", true},
        {"[submodule \"s\"\npath = s\n", "gitmodules_parse", true},
        {sub("path = \"s\n"), "gitmodules_parse", true},
        {sub("path = \\x\n"), "gitmodules_parse", true},
    };
    for (const Case& c : cases) {
        const auto checked = check_gitmodules(c.data, FsckLevel::Push);
        EXPECT_EQ(checked ? "" : std::string(checked.error().reason()), c.reason) << c.data;
        if (c.data.empty()) {
            continue;
        }
        const Oid oid = *hash_object(ObjectType::Blob, c.data);
        const std::string tree = "100644 .gitmodules\0"s + std::string(oid.view());
        EXPECT_EQ(does_git_take(ObjectType::Tree, tree, c.data),
                  c.reason.empty() || c.is_ours_alone)
            << c.data;
        test::PackMaker maker;
        maker.add(EntryKind::Tree, tree);
        maker.add(EntryKind::Blob, c.data);
        PackIntake intake(dir_.path(), nullptr);
        EXPECT_TRUE(intake.feed(bytes_of(maker.bytes())));
        const auto result = intake.finish();
        EXPECT_EQ(result ? "" : std::string(result.error().reason()), c.reason) << c.data;
    }
}

TEST_F(FsckTest, GitmodulesMustBeThereAndBeABlob) {
    test::PackMaker missing;
    missing.add(EntryKind::Tree, entry("100644", ".gitmodules"));
    PackIntake intake(dir_.path(), nullptr);
    EXPECT_TRUE(intake.feed(bytes_of(missing.bytes())));
    EXPECT_EQ(intake.finish().error().reason(), "gitmodules_missing");

    const Oid empty = *hash_object(ObjectType::Tree, "");
    test::PackMaker folder;
    folder.add(EntryKind::Tree, "");
    folder.add(EntryKind::Tree, "40000 .gitmodules\0"s + std::string(empty.view()));
    PackIntake second(dir_.path(), nullptr);
    EXPECT_TRUE(second.feed(bytes_of(folder.bytes())));
    EXPECT_EQ(second.finish().error().reason(), "gitmodules_blob");
}

TEST_F(FsckTest, GitattributesLines) {
    EXPECT_TRUE(check_gitattributes(std::string(2047, 'a') + "\n*.x binary\n"));
    EXPECT_EQ(check_gitattributes("*.x binary\n" + std::string(2048, 'a')).error().reason(),
              "gitattributes_line_length");
}

TEST_F(FsckTest, ImportForgivesWhatHurtsNobody) {
    const std::string commit = "tree " + kTree + "\nauthor A <a@b>\ncommitter A\n\nm\0\n"s;
    EXPECT_NE(ours(ObjectType::Commit, commit), "");
    EXPECT_EQ(ours(ObjectType::Commit, commit, FsckLevel::Import), "");
    EXPECT_EQ(ours(ObjectType::Tree, entry("040000", "a"), FsckLevel::Import), "");
    EXPECT_EQ(ours(ObjectType::Tree, entry("40000", ".GIT"), FsckLevel::Import), "has_dotgit");
    EXPECT_TRUE(check_gitmodules("[broken", FsckLevel::Import));
    EXPECT_FALSE(check_gitmodules("[submodule \"s\"]\nurl=-x\n[broken", FsckLevel::Import));
}

}  // namespace
}  // namespace origin::git

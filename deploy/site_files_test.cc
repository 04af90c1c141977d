// SPDX-License-Identifier: Apache-2.0
// Goal: what a site is made of follows the stated rules, and what cannot be deployed is named.
// Method: trees of one commit over a real project; the bad ones first.
#include "deploy/site_files.h"

#include "deploy/digests.h"
#include "git/serve/test_project.h"

namespace origin::deploy {
namespace {

using git::FileEdit;
using git::kModeFile;
using git::kModeSymlink;

class SiteFilesTest : public git::TestProject {
protected:
    /// Of a commit of exactly these files.
    Result<SiteFiles> list(const git::TreeEdits& files, std::string_view root = "") {
        ORIGIN_TRY(draft, git::Draft::open(service(), permit()));
        ORIGIN_TRY(tree, draft->repository().edit_tree(std::nullopt, files));
        git::Commit commit;
        commit.tree = tree;
        commit.author = commit.committer = git::server_ident(clock_.now());
        commit.message = "files";
        ORIGIN_TRY(oid, draft->add_commit(commit));
        ORIGIN_CHECK(draft->push(
            {.via = "api", .refs = {{"refs/heads/b" + std::to_string(++branches_), {}, oid}}}));
        ORIGIN_TRY(again, git::Draft::open(service(), permit()));
        objects_ = again->objects();
        return list_site(*objects_, oid, root);
    }
    std::string refused(const git::TreeEdits& files, std::string_view root = "") {
        const auto listed = list(files, root);
        return listed ? "" : std::string(listed.error().reason());
    }
    static FileEdit file(const std::string& content) { return {kModeFile, content}; }
    static FileEdit link(const std::string& to) { return {kModeSymlink, to}; }

    git::ObjectStoreRef objects_;
    int branches_ = 0;
};

std::vector<std::string> paths_of(const Result<SiteFiles>& site) {
    std::vector<std::string> paths;
    for (const SiteFile& one : site->files) {
        paths.push_back(one.path);
    }
    return paths;
}

using Paths = std::vector<std::string>;

TEST_F(SiteFilesTest, WhatCannotBeDeployedIsRefused) {
    EXPECT_EQ(refused({{".gitignore", file("x")}}), "empty_site");
    EXPECT_EQ(refused({{"a", file("x")}}, "public"), "no_publish_root");
    EXPECT_EQ(refused({{"public", file("x")}}, "public"), "no_publish_root");
    EXPECT_EQ(refused({{"a\xff", file("x")}}), "bad_file_name");
    EXPECT_EQ(refused({{"a\nb", file("x")}}), "bad_file_name");
    EXPECT_EQ(refused({{"a", link("/etc/passwd")}, {"b", file("x")}}), "link_leaves_site");
    EXPECT_EQ(refused({{"a", link("../b")}, {"b", file("x")}}), "link_leaves_site");
    EXPECT_EQ(refused({{"d/a", link("../../b")}, {"b", file("x")}}), "link_leaves_site");
    EXPECT_EQ(refused({{"a", link("nothing")}, {"b", file("x")}}), "link_leaves_site");
    EXPECT_EQ(refused({{"a", link("b")}, {"b", link("a")}, {"c", file("x")}}), "link_leaves_site");
    EXPECT_EQ(refused({{"public/a", link("../secret")}, {"secret", file("x")}}, "public"),
              "link_leaves_site");
}

TEST_F(SiteFilesTest, ALinkInsideIsTheFileItLeadsTo) {
    const auto site = list({{"a/b.txt", file("text")},
                            {"c.txt", link("a/./b.txt")},
                            {"d/e.txt", link("../c.txt")},
                            {"folder", link("a")}});
    ASSERT_TRUE(site) << site.error().told_to_peer();
    EXPECT_EQ(paths_of(site), (Paths{"a/b.txt", "c.txt", "d/e.txt"}));
    EXPECT_EQ(site->files[0].blob, site->files[1].blob);
    EXPECT_EQ(site->files[0].blob, site->files[2].blob);
    ASSERT_EQ(site->notes.size(), 1U);
    EXPECT_EQ(site->notes[0], "1 link to a folder is left out");
}

TEST_F(SiteFilesTest, DottedNamesStayAtHome) {
    const auto site = list({{".env", file("SECRET=1")},
                            {"a/.htpasswd", file("x")},
                            {".well-known/security.txt", file("mail")},
                            {"a/.well-known/x", file("x")},
                            {"index.html", file("hi")}});
    ASSERT_TRUE(site);
    EXPECT_EQ(paths_of(site), (Paths{".well-known/security.txt", "index.html"}));
    ASSERT_EQ(site->notes.size(), 1U);
    EXPECT_EQ(site->notes[0], "3 names that begin with a dot are left out");
}

TEST_F(SiteFilesTest, ThePublishRootIsTheSite) {
    const auto site =
        list({{"public/a/b", file("1")}, {"public/z", file("2")}, {"c", file("3")}}, "public");
    ASSERT_TRUE(site);
    EXPECT_EQ(paths_of(site), (Paths{"a/b", "z"}));
}

TEST_F(SiteFilesTest, NamesThatDifferInCaseAloneAreTold) {
    const auto site = list({{"Read.txt", file("1")}, {"read.txt", file("2")}});
    ASSERT_TRUE(site);
    EXPECT_EQ(site->files.size(), 2U);
    ASSERT_EQ(site->notes.size(), 1U);
    EXPECT_EQ(site->notes[0], "'read.txt' and 'Read.txt' differ in case alone");
}

TEST_F(SiteFilesTest, DigestsAreMadeOnce) {
    const auto site = list(
        {{"a", file("abc")}, {"b", file("version https://git-lfs.github.com/spec/v1\noid x\n")}});
    ASSERT_TRUE(site);
    const std::vector<Oid> blobs = {site->files[0].blob, site->files[1].blob};
    const std::vector<WantedDigest> wanted = {{blobs[0], {}}, {blobs[1], {}}};
    const auto made = digests_of(*store_, *objects_, wanted);
    ASSERT_TRUE(made);
    // SHA-1 of "abc": FIPS 180-2, appendix A.1.
    EXPECT_EQ(made->at(blobs[0]).sha1,
              "\xa9\x99\x3e\x36\x47\x06\x81\x6a\xba\x3e\x25\x71\x78\x50\xc2\x6c\x9c\xd0\xd8\x9d");
    EXPECT_EQ(made->at(blobs[0]).size, 3U);
    EXPECT_FALSE(made->at(blobs[0]).is_lfs_pointer);
    EXPECT_TRUE(made->at(blobs[1]).is_lfs_pointer);
    EXPECT_EQ(rows(store::Table::BlobDigests), 2U);
    // Nothing is read again: a store without the objects answers the same.
    const auto again = digests_of(*store_, *git::ObjectStore::empty(folder_), wanted);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->at(blobs[0]).sha1, made->at(blobs[0]).sha1);
}

}  // namespace
}  // namespace origin::deploy

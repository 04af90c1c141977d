// SPDX-License-Identifier: Apache-2.0
// Goal: merges, diffs, tree edits and ancestry give what git gives.
// Method: real histories taken in through the intake; the real git as the oracle.
#include "git/odb/repository.h"

#include <algorithm>

#include "git/odb/test_source.h"

namespace origin::git {
namespace {

using test::get_file;
using test::must;
using test::put_file;

class RepositoryTest : public test::SourceTest {
protected:
    void load() {
        const ObjectStoreRef store = take_in();
        ASSERT_NE(store, nullptr);
        builder_.emplace(store);
        repository_.emplace(*builder_);
    }

    /// The builder's pack and the source together satisfy git.
    void expect_git_likes_new_objects() {
        auto built = builder_->write(dir_.path());
        ASSERT_TRUE(built) << built.error().told_to_peer();
        if (built->result.object_count > 0) {
            ASSERT_TRUE(built->make_durable(source() / ".git/objects/pack"));
        }
        const auto fsck = test::run(source(), "git fsck --full --strict");
        EXPECT_EQ(fsck.status, 0) << fsck.output;
    }

    std::optional<PackBuilder> builder_;
    std::optional<Repository> repository_;
};

TEST_F(RepositoryTest, MergesAsGitDoes) {
    must(source(),
         "git checkout -q -f -b left main~2 && sed -i s/line/LINE/ src/n1.txt && echo l "
         ">> src/deep/file.txt && git commit -q -a -m left");
    must(source(),
         "git checkout -q -f -b right main~2 && echo new > new.txt && git mv src/n2.txt "
         "src/n2b.txt && git add -A && git commit -q -m right");
    must(source(), "git checkout -q left && git merge -q --no-edit right");
    load();
    const auto outcome =
        repository_->merge_trees(rev("main~2^{tree}"), rev("left~1^{tree}"), rev("right^{tree}"));
    ASSERT_TRUE(outcome) << outcome.error().kept_in_log();
    ASSERT_TRUE(outcome->tree);
    EXPECT_EQ(outcome->tree->hex(), rev("left^{tree}").hex());
}

TEST_F(RepositoryTest, ListsConflicts) {
    must(source(),
         "git checkout -q -f -b left main && echo left > src/n1.txt && git commit -q -a "
         "-m left && git checkout -q -f -b right main && echo right > src/n1.txt && git "
         "rm -q src/n2.txt && git commit -q -a -m right");
    load();
    const auto outcome =
        repository_->merge_trees(rev("main^{tree}"), rev("left^{tree}"), rev("right^{tree}"));
    ASSERT_TRUE(outcome) << outcome.error().kept_in_log();
    EXPECT_FALSE(outcome->tree);
    ASSERT_EQ(outcome->conflicts.size(), 1U);
    EXPECT_EQ(outcome->conflicts[0].path, "src/n1.txt");
    EXPECT_EQ(outcome->conflicts[0].ours->hex(), rev("left:src/n1.txt").hex());
    EXPECT_EQ(outcome->conflicts[0].theirs->hex(), rev("right:src/n1.txt").hex());
    EXPECT_EQ(outcome->conflicts[0].base->hex(), rev("main:src/n1.txt").hex());
}

TEST_F(RepositoryTest, WritesAMergeThatIsNewAsObjects) {
    must(source(),
         "git checkout -q -f -b left main && echo 1 > l.txt && git add -A && git commit "
         "-q -m left && git checkout -q -f -b right main && echo 2 > r.txt && git add -A "
         "&& git commit -q -m right");
    load();
    const auto outcome =
        repository_->merge_trees(rev("main^{tree}"), rev("left^{tree}"), rev("right^{tree}"));
    ASSERT_TRUE(outcome) << outcome.error().kept_in_log();
    ASSERT_TRUE(outcome->tree);
    EXPECT_EQ(builder_->count(), 1U);
    EXPECT_NE(builder_->find(*outcome->tree), nullptr);
    expect_git_likes_new_objects();
    EXPECT_NE(must(source(), "git ls-tree --name-only " + outcome->tree->hex()).find("r.txt"),
              std::string::npos);
}

TEST_F(RepositoryTest, FindsMergeBasesAsGitDoes) {
    must(source(),
         "git checkout -q -f -b x main~4 && git commit -q --allow-empty -m x1 && git "
         "checkout -q -b y main~4 && git commit -q --allow-empty -m y1");
    must(source(),
         "git checkout -q -b x2 x && git merge -q --no-edit y && git checkout -q -b y2 y "
         "&& git merge -q --no-edit x && git checkout -q --orphan z && git commit -q -m z");
    load();
    const std::vector<std::string> names{"main", "side", "main~5", "x", "y", "x2", "y2", "z"};
    for (const std::string& a : names) {
        for (const std::string& b : names) {
            std::istringstream lines(
                test::run(source(), "git merge-base --all " + a + " " + b).output);
            std::vector<std::string> expected;
            for (std::string line; std::getline(lines, line);) {
                expected.push_back(line);
            }
            const auto found = repository_->merge_bases(rev(a), rev(b));
            ASSERT_TRUE(found);
            std::vector<std::string> actual;
            for (const Oid& oid : *found) {
                actual.push_back(oid.hex());
            }
            std::ranges::sort(expected);
            std::ranges::sort(actual);
            EXPECT_EQ(actual, expected) << a << " " << b;
            const auto is_below = repository_->is_ancestor(rev(a), rev(b));
            ASSERT_TRUE(is_below);
            const auto git = test::run(source(), "git merge-base --is-ancestor " + a + " " + b);
            EXPECT_EQ(*is_below, git.status == 0) << a << " " << b;
        }
    }
}

TEST_F(RepositoryTest, DiffsAsGitDoes) {
    must(source(),
         "git checkout -q -f -b d main && git mv src/n3.txt src/moved.txt && git rm -q "
         "link && echo x >> src/n4.txt && echo new > new.txt && chmod +x src/n5.txt && "
         "git add -A && git commit -q -m d");
    load();
    DiffOptions options;
    options.count_lines = true;
    const auto diff = repository_->diff(rev("main^{tree}"), rev("d^{tree}"), options);
    ASSERT_TRUE(diff) << diff.error().kept_in_log();
    std::string raw;
    for (const DiffEntry& entry : diff->files) {
        raw += std::string(1, static_cast<char>(entry.status)) + "\t" + entry.path + "\n";
    }
    EXPECT_EQ(raw, must(source(), "git diff --no-renames --name-status main d") + "\n");
    const auto patch = repository_->patch(rev("main^{tree}"), rev("d^{tree}"));
    ASSERT_TRUE(patch);
    EXPECT_FALSE(patch->is_truncated);
    put_file(dir_ / "our.patch", patch->text);
    must(source(), "git checkout -q -f --detach main && git apply --index ../our.patch");
    EXPECT_EQ(must(source(), "git write-tree"), rev("d^{tree}").hex());
    options.find_renames = true;
    const auto renamed = repository_->diff(rev("main^{tree}"), rev("d^{tree}"), options);
    ASSERT_TRUE(renamed);
    EXPECT_TRUE(std::ranges::any_of(renamed->files, [](const DiffEntry& entry) {
        return entry.status == DiffStatus::Renamed && entry.old_path == "src/n3.txt" &&
               entry.path == "src/moved.txt";
    }));
    options.files_max = 2;
    EXPECT_TRUE(repository_->diff(rev("main^{tree}"), rev("d^{tree}"), options)->is_truncated);
    options.path_prefix = "src";
    options.files_max = 100;
    for (const DiffEntry& entry :
         repository_->diff(rev("main^{tree}"), rev("d^{tree}"), options)->files) {
        EXPECT_TRUE(entry.path.starts_with("src/")) << entry.path;
    }
}

TEST_F(RepositoryTest, EditsTrees) {
    load();
    TreeEdits edits;
    edits["src/n1.txt"] = FileEdit{.mode = kModeFile, .content = "changed\n"};
    edits["a/b/c.txt"] = FileEdit{.mode = kModeExecutable, .content = "new\n"};
    edits["link"] = std::nullopt;
    edits["src/deep"] = std::nullopt;
    const auto tree = repository_->edit_tree(rev("main^{tree}"), edits);
    ASSERT_TRUE(tree) << tree.error().told_to_peer();
    must(source(),
         "git checkout -q -f main && echo changed > src/n1.txt && mkdir -p a/b && echo "
         "new > a/b/c.txt && chmod +x a/b/c.txt && git rm -q -r link src/deep && git "
         "add a src/n1.txt");
    EXPECT_EQ(tree->hex(), must(source(), "git write-tree"));
    expect_git_likes_new_objects();

    EXPECT_EQ(repository_->edit_tree(rev("main^{tree}"), {})->hex(), rev("main^{tree}").hex());
    EXPECT_EQ(repository_->edit_tree(std::nullopt, {})->hex(),
              "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
}

TEST_F(RepositoryTest, RefusesEditsThatMakeNoSense) {
    load();
    const auto reason = [&](const TreeEdits& edits) {
        const auto tree = repository_->edit_tree(rev("main^{tree}"), edits);
        return tree ? std::string("none") : std::string(tree.error().reason());
    };
    const FileEdit file{.mode = kModeFile, .content = "x"};
    EXPECT_EQ(reason({{"", file}}), "bad_path");
    EXPECT_EQ(reason({{"/a", file}}), "bad_path");
    EXPECT_EQ(reason({{"a/", file}}), "bad_path");
    EXPECT_EQ(reason({{"a//b", file}}), "bad_path");
    EXPECT_EQ(reason({{std::string(kPathBytesMax + 1, 'a'), file}}), "bad_path");
    EXPECT_EQ(reason({{"../a", file}}), "has_dotdot");
    EXPECT_EQ(reason({{"a/.git/config", file}}), "has_dotgit");
    EXPECT_EQ(reason({{"a/.GiT/config", file}}), "has_dotgit");
    EXPECT_EQ(reason({{"a", file}, {"a/b", file}}), "path_conflict");
    EXPECT_EQ(reason({{"nothing", std::nullopt}}), "missing_path");
    EXPECT_EQ(reason({{"a", FileEdit{.mode = 0100777, .content = "x"}}}), "bad_mode");
    EXPECT_EQ(reason({{"a", FileEdit{.mode = kModeFile, .content = Oid{}}}}), "missing_object");
    EXPECT_EQ(reason({{"a", FileEdit{.mode = kModeFile, .content = rev("main^{tree}")}}}),
              "missing_object");
}

}  // namespace
}  // namespace origin::git

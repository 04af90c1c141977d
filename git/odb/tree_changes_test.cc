// SPDX-License-Identifier: Apache-2.0
// Goal: exactly the files that differ are told, whatever stands at their places before and after.
// Method: random and odd trees made by the real git; `git diff-tree` as the oracle.
#include "git/odb/tree_changes.h"

#include <algorithm>
#include <set>

#include "git/odb/test_source.h"

namespace origin::git {
namespace {

using test::must;

class TreeChangesTest : public test::SourceTest {
protected:
    void load() {
        objects_ = take_in();
        ASSERT_NE(objects_, nullptr);
    }
    /// "M path" or "D path" for each.
    std::set<std::string> changes(const std::vector<std::string>& bases, const std::string& tree) {
        std::vector<Oid> ids;
        for (const std::string& base : bases) {
            ids.push_back(rev(base + "^{tree}"));
        }
        std::set<std::string> told;
        ChangeBudget budget;
        const Status walked = tree_changes(
            *objects_, ids, rev(tree + "^{tree}"), budget, [&](const FileChange& change) {
                const bool is_new =
                    told.insert((change.oid.is_zero() ? "D " : "M ") + change.path).second;
                EXPECT_TRUE(is_new) << change.path << " told twice";
                return true;
            });
        EXPECT_TRUE(walked);
        return told;
    }
    /// The same by git, of two trees.
    std::set<std::string> by_git(const std::string& base, const std::string& tree) {
        std::istringstream lines(
            must(source(), "git diff-tree -r --no-renames --name-status " + base + " " + tree));
        std::set<std::string> told;
        for (std::string line; std::getline(lines, line);) {
            if (!line.empty()) {
                told.insert((line[0] == 'D' ? "D " : "M ") + line.substr(2));
            }
        }
        return told;
    }

    ObjectStoreRef objects_;
};

TEST_F(TreeChangesTest, FilesThatBecomeFoldersAndBack) {
    must(source(),
         "git checkout -q -f -b a main && rm -rf x && echo 1 > x && mkdir y && echo 1 > y/1 "
         "&& echo 2 > y/2 && git add -A && git commit -q -m a");
    must(source(),
         "git checkout -q -f -b b a && rm x && mkdir -p x/deep && echo 1 > x/deep/1 && rm -rf "
         "y && echo 1 > y && ln -s nowhere z && chmod +x src/n1.txt && git add -A && git commit -q "
         "-m b");
    load();
    EXPECT_EQ(changes({"a"}, "b"), by_git("a", "b"));
    EXPECT_EQ(changes({"b"}, "a"), by_git("b", "a"));
    EXPECT_EQ(changes({"a"}, "a"), std::set<std::string>());
    EXPECT_TRUE(changes({"a"}, "b").contains("D x"));
    EXPECT_TRUE(changes({"a"}, "b").contains("M x/deep/1"));
}

TEST_F(TreeChangesTest, RandomTreesAreComparedAsGitDoes) {
    std::uint32_t state = 7;
    const auto random = [&state](std::uint32_t below) {
        state = state * 1664525 + 1013904223;
        return (state >> 16) % below;
    };
    constexpr int kTrees = 12;
    for (int i = 0; i < kTrees; ++i) {
        std::string script = "git checkout -q -f --orphan t" + std::to_string(i) +
                             " && git rm -rfq . && rm -rf d0 d1 d2 f0 f1 f2";
        for (int n = 0; n < 12; ++n) {
            const std::string folder =
                "d" + std::to_string(random(3)) + "/" +
                (random(2) == 0 ? "d" + std::to_string(random(2)) + "/" : "");
            const std::string path = folder + "f" + std::to_string(random(3));
            script +=
                " && mkdir -p " + folder + " && echo " + std::to_string(random(3)) + " > " + path;
        }
        must(source(), script + " && git add -A && git commit -q -m t");
    }
    load();
    for (int a = 0; a < kTrees; ++a) {
        for (int b = 0; b < kTrees; ++b) {
            const std::string from = "t" + std::to_string(a);
            const std::string to = "t" + std::to_string(b);
            ASSERT_EQ(changes({from}, to), by_git(from, to)) << from << " " << to;
        }
    }
}

TEST_F(TreeChangesTest, OfAMergeWhatItChangedItself) {
    must(source(),
         "git checkout -q -f -b left main && echo left > left.txt && echo l >> src/n1.txt && "
         "git add -A && git commit -q -m left");
    must(source(),
         "git checkout -q -f -b right main && echo right > right.txt && git rm -q src/n2.txt && "
         "git add -A && git commit -q -m right");
    must(source(), "git checkout -q -f left && git merge -q --no-edit right");
    must(source(),
         "git checkout -q -f -b evil left && echo evil > evil.txt && git rm -q left.txt "
         "src/n3.txt && echo new > right.txt && git add -A && git commit -q --amend -m evil");
    load();
    EXPECT_EQ(changes({"left^1", "left^2"}, "left"), std::set<std::string>());
    EXPECT_EQ(changes({"evil^1", "evil^2"}, "evil"),
              (std::set<std::string>{"M evil.txt", "M right.txt", "D src/n3.txt"}))
        << "left.txt: as on the right, where it never was";
    EXPECT_EQ(changes({}, "left").size(),
              by_git("4b825dc642cb6eb9a060e54bf8d69288fbee4904", "left").size());
}

TEST_F(TreeChangesTest, EndsWhenItIsToldTo) {
    load();
    int seen = 0;
    ChangeBudget budget;
    ASSERT_TRUE(tree_changes(*objects_, {}, rev("main^{tree}"), budget, [&](const FileChange&) {
        ++seen;
        return false;
    }));
    EXPECT_EQ(seen, 1);
}

TEST_F(TreeChangesTest, ABombOfTreesEnds) {
    // 10 folders in each of 8 levels, one tree object a level: 10^8 files.
    must(source(),
         "t=$(printf \"100644 blob %s\\tf\\n\" $(git hash-object -w --stdin < /dev/null) | git "
         "mktree); "
         "for level in 1 2 3 4 5 6 7 8; do t=$(for i in 0 1 2 3 4 5 6 7 8 9; do printf \"040000 "
         "tree "
         "%s\\td%s\\n\" $t $i; done | git mktree); done; git update-ref refs/heads/bomb $(git "
         "commit-tree -m bomb $t)");
    load();
    ChangeBudget budget;
    const Status walked = tree_changes(
        *objects_, {}, rev("bomb^{tree}"), budget, [](const FileChange&) { return true; });
    ASSERT_FALSE(walked);
    EXPECT_EQ(walked.error().reason(), "too_many_changes");
    EXPECT_EQ(budget.entries, 0U);
    const Status again = tree_changes(
        *objects_, {}, rev("main^{tree}"), budget, [](const FileChange&) { return true; });
    EXPECT_FALSE(again) << "the budget is used up";
}

TEST_F(TreeChangesTest, AMergeOfManyIsRefusedBeforeItIsLookedAt) {
    load();
    const std::vector<Oid> bases(kTreeChangeBasesMax + 1, rev("main~1^{tree}"));
    ChangeBudget budget;
    const Status walked = tree_changes(
        *objects_, bases, rev("main^{tree}"), budget, [](const FileChange&) { return true; });
    ASSERT_FALSE(walked);
    EXPECT_EQ(walked.error().reason(), "too_many_changes");
}

}  // namespace
}  // namespace origin::git

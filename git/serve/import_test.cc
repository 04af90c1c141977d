// SPDX-License-Identifier: Apache-2.0
// Goal: a repository made by git goes in and comes out with every ref and object; what we refuse is
// refused before anything of it is to be seen.
// Method: the real git makes repositories and is the oracle for what was exported: `git fsck --full
// --strict`, and `git for-each-ref` byte for byte before and after.
#include "git/serve/import.h"

#include <fstream>

#include "git/odb/test_git.h"
#include "git/serve/export.h"
#include "git/serve/test_project.h"
#include "git/serve/upkeep.h"

namespace origin::git {
namespace {

namespace fs = std::filesystem;
using test::must;
using test::put_file;

class ImportExport : public TestProject {
protected:
    Result<Imported> import(const fs::path& source, const std::string& slug) {
        const fs::path staged = folder_ / "staged" / slug;
        fs::remove_all(staged);
        fs::create_directories(staged);
        ORIGIN_CHECK(stage_import(source, staged, {}));
        return import_staged_files(staged, slug);
    }
    Result<Imported> import_staged_files(const fs::path& staged, const std::string& slug) {
        return import_staged({service(), gatekeeper_, random_},
                             {.staged = staged, .owner = identity(), .slug = slug});
    }
    std::string reason_of(const Result<Imported>& imported) {
        return imported ? "imported" : std::string(imported.error().reason());
    }
    std::vector<ExportedProject> export_all() {
        auto exported = export_projects(*store_, storage(), folder_ / "out");
        EXPECT_TRUE(exported) << exported.error().told_to_peer();
        return exported ? std::move(*exported) : std::vector<ExportedProject>();
    }
    static std::string refs_of(const fs::path& repository) {
        return must(
            repository,
            "git for-each-ref --format=\"%(objectname) %(objecttype) %(refname) %(*objectname)\"");
    }
    static void expect_sound(const fs::path& repository, const std::string& options = "--strict") {
        const auto fsck = test::run(repository, "git fsck --full --no-dangling " + options);
        EXPECT_EQ(fsck.status, 0) << fsck.output;
        EXPECT_EQ(fsck.output, "");
    }
    /// Nothing but the fixture's own project is there, in the store and on the disk.
    void expect_no_trace() {
        EXPECT_EQ(rows(store::Table::Projects), 1U);
        EXPECT_EQ(rows(store::Table::Packs), 0U);
        EXPECT_EQ(rows(store::Table::Pushes), 0U);
        std::error_code none;
        for (const auto& entry : fs::recursive_directory_iterator(folder_ / "projects", none)) {
            ADD_FAILURE() << "left behind: " << entry.path();
        }
    }
};

TEST_F(ImportExport, ARepositoryComesOutAsItWentIn) {
    const fs::path work = folder_ / "work";
    test::make_repository(work);
    must(work,
         "git notes add -m note && git tag -a nested -m nested v1 && git tag plain && git tag blob "
         "HEAD:run.sh && git branch feature/deep/er side && git branch ümlaut && git branch "
         "with.dots_and-dashes && git checkout -q side && git pack-refs --all && git branch -f "
         "loose HEAD~1");
    const auto imported = import(work, "copy");
    ASSERT_TRUE(imported) << imported.error().told_to_peer() << imported.error().kept_in_log();
    EXPECT_TRUE(imported->left_out.empty());
    EXPECT_EQ(imported->name, "ann/copy");

    const auto exported = export_all();
    ASSERT_EQ(exported.size(), 2U);
    const fs::path out = folder_ / "out/ann/copy.git";
    EXPECT_EQ(exported[1].folder, out);
    EXPECT_EQ(exported[1].refs, imported->refs);
    EXPECT_EQ(refs_of(out), refs_of(work));
    EXPECT_EQ(must(out, "git symbolic-ref HEAD"), "refs/heads/side");
    EXPECT_EQ(must(out, "git rev-parse --is-bare-repository"), "true");
    expect_sound(out);

    // As git would have written it; git itself reads and rewrites it to the same bytes.
    const std::string packed = test::get_file(out / "packed-refs");
    must(folder_, "cp -r out/ann/copy.git again.git && git -C again.git pack-refs --all --prune");
    EXPECT_EQ(test::get_file(folder_ / "again.git/packed-refs"), packed);
    must(folder_, "git clone -q out/ann/copy.git clone && cmp clone/side.txt work/side.txt");

    // And through once more.
    const auto again = import(out, "copy-2");
    ASSERT_TRUE(again) << again.error().told_to_peer();
    export_all();
    EXPECT_EQ(refs_of(folder_ / "out/ann/copy-2.git"), refs_of(work));
    EXPECT_EQ(test::get_file(folder_ / "out/ann/copy-2.git/packed-refs"), packed);
}

TEST_F(ImportExport, ExportingAgainReplacesTheOldOne) {
    Oid first;
    Oid second;
    ASSERT_TRUE(commit_file("refs/heads/main", {}, "a", "1", &first));
    export_all();
    const fs::path out = folder_ / "out/ann/shop.git";
    EXPECT_EQ(must(out, "git rev-parse main"), first.hex());
    put_file(out / "hooks/post-update", "old");
    ASSERT_TRUE(commit_file("refs/heads/main", first, "a", "2", &second));
    export_all();
    EXPECT_EQ(must(out, "git rev-parse main"), second.hex());
    EXPECT_FALSE(fs::exists(out / "hooks"));
    expect_sound(out);
    EXPECT_EQ(must(folder_ / "out/ann", "ls -A"), "shop.git");

    // The packs are the server's own files, not copies.
    Log log(2, LogFormat::Text, Level::Error, clock_);
    Upkeep upkeep({*store_, storage(), clock_, schedule_, log, metrics_});
    ASSERT_TRUE(upkeep.run(project_, {.everything = true}));
    export_all();
    expect_sound(out);
    const fs::path pack = must(out, "ls $PWD/objects/pack/*.pack | head -1");
    EXPECT_EQ(fs::hard_link_count(pack), 2U);
    EXPECT_TRUE(fs::equivalent(pack, storage().pack_dir(project_) / pack.filename()));
}

TEST_F(ImportExport, ExportDoesNotTouchWhatIsNotItsOwn) {
    Oid first;
    ASSERT_TRUE(commit_file("refs/heads/main", {}, "a", "1", &first));
    const fs::path place = folder_ / "out/ann/shop.git";
    put_file(place / "config", "[core]\n\tbare = true\n");
    const auto refused = export_projects(*store_, storage(), folder_ / "out");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason(), "export_in_the_way");
    EXPECT_EQ(must(folder_ / "out/ann", "ls -A"), "shop.git");
    EXPECT_EQ(test::get_file(place / "config"), "[core]\n\tbare = true\n");
    put_file(folder_ / "file", "x");
    EXPECT_FALSE(export_projects(*store_, storage(), folder_ / "file/below"));
}

TEST_F(ImportExport, ExportLeavesOutHiddenRefsAndDeletedProjects) {
    Oid first;
    ASSERT_TRUE(commit_file("refs/heads/main", {}, "a", "1", &first));
    auto draft = Draft::open(service(), permit());
    ASSERT_TRUE(draft);
    const auto hidden = (*draft)->push(
        {.via = "run",
         .refs = {{"refs/origind/pristine", {}, first}, {"refs/requirements/one", {}, first}},
         .may_write_hidden = true});
    ASSERT_TRUE(hidden && hidden->all_ok());
    export_all();
    const std::string refs = refs_of(folder_ / "out/ann/shop.git");
    EXPECT_EQ(refs.find("origind"), std::string::npos);
    EXPECT_NE(refs.find("refs/requirements/one"), std::string::npos);
    fs::remove_all(folder_ / "out");
    ASSERT_TRUE(store_->write([&](store::Writer& writer) {
        return delete_project(writer, permit(auth::Action::Admin), clock_.now());
    }));
    EXPECT_TRUE(export_all().empty());
}

TEST_F(ImportExport, AnEmptyRepositoryBecomesAnEmptyProject) {
    must(folder_, "git init -q --bare -b trunk empty.git");
    const auto imported = import(folder_ / "empty.git", "empty");
    ASSERT_TRUE(imported) << imported.error().told_to_peer();
    export_all();
    const fs::path out = folder_ / "out/ann/empty.git";
    EXPECT_EQ(must(out, "git symbolic-ref HEAD"), "refs/heads/trunk");
    EXPECT_EQ(refs_of(out), "");
    EXPECT_EQ(test::run(out, "git fsck --full --strict").status, 0);
}

TEST_F(ImportExport, MoreRefsThanOnePushMoves) {
    const fs::path work = folder_ / "work";
    test::make_repository(work);
    const std::string tip = must(work, "git rev-parse HEAD");
    std::string packed;
    for (std::size_t i = 0; i < 2 * kImportRefsPerPush + 5; ++i) {
        packed += tip + " refs/tags/t" + std::to_string(i) + "\n";
    }
    must(work, "git pack-refs --all");
    std::ofstream(work / ".git/packed-refs", std::ios::app) << packed;
    must(work, "sed -i 1d .git/packed-refs");  // Not sorted any more: the header would lie.
    const auto imported = import(work, "many");
    ASSERT_TRUE(imported) << imported.error().told_to_peer();
    EXPECT_EQ(rows(store::Table::Pushes), 3U);
    export_all();
    EXPECT_EQ(refs_of(folder_ / "out/ann/many.git"), refs_of(work));
}

TEST_F(ImportExport, HistoryOfOldToolsIsForgiven) {
    const fs::path work = folder_ / "work";
    test::make_repository(work);
    // A tree of a sub-folder as tools of 2005 wrote it: mode 040000 instead of 40000.
    const auto sub = Oid::from_hex(must(work, "git rev-parse HEAD:src"));
    std::string tree = "040000 src";
    tree.push_back('\0');
    tree += sub->view();
    put_file(folder_ / "tree", tree);
    const std::string id =
        must(work, "git hash-object -w --literally -t tree " + (folder_ / "tree").string());
    must(work, "git update-ref refs/heads/old $(git commit-tree -m old " + id + ")");
    const auto imported = import(work, "old");
    ASSERT_TRUE(imported) << imported.error().told_to_peer();
    export_all();
    EXPECT_EQ(refs_of(folder_ / "out/ann/old.git"), refs_of(work));
    must(folder_ / "out/ann/old.git", "git config fsck.zeroPaddedFilemode ignore");
    expect_sound(folder_ / "out/ann/old.git");
}

TEST_F(ImportExport, RefsThatBreakOurRulesAreReportedAndTheRestArrives) {
    const fs::path work = folder_ / "work";
    test::make_repository(work);
    const std::string tip = must(work, "git rev-parse HEAD");
    put_file(work / ".git/refs/heads/-dash", tip + "\n");
    must(work, "git tag Same && git tag same && git update-ref refs/heads/tree.ish HEAD");
    put_file(work / ".git/refs/heads/tree.ish", must(work, "git rev-parse HEAD^{tree}") + "\n");
    const auto imported = import(work, "odd");
    ASSERT_TRUE(imported) << imported.error().told_to_peer();
    std::string left;
    for (const LeftOut& each : imported->left_out) {
        EXPECT_FALSE(each.reason.empty());
        left += each.name + " ";
    }
    EXPECT_EQ(left, "refs/heads/-dash refs/heads/tree.ish refs/tags/same ");
    EXPECT_EQ(imported->refs, 5U);
}

TEST_F(ImportExport, DangerousTreesAndBrokenPacksLeaveNoTrace) {
    const fs::path work = folder_ / "work";
    test::make_repository(work);
    const auto blob = Oid::from_hex(must(work, "git rev-parse HEAD:run.sh"));
    std::string tree = "100644 .GIT";
    tree.push_back('\0');
    tree += blob->view();
    put_file(folder_ / "tree", tree);
    const std::string id =
        must(work, "git hash-object -w --literally -t tree " + (folder_ / "tree").string());
    must(work, "git update-ref refs/heads/evil $(git commit-tree -m evil " + id + ")");
    EXPECT_EQ(reason_of(import(work, "evil")), "has_dotgit");
    expect_no_trace();
    must(work, "git branch -D evil && git gc -q --prune=now");

    const fs::path staged = folder_ / "staged/evil";
    fs::remove_all(staged);
    fs::create_directories(staged);
    ASSERT_TRUE(stage_import(work, staged, {}));
    const std::string pack = test::get_file(staged / "objects.pack");
    const std::string refs = test::get_file(staged / "refs");
    std::string bent = pack;
    bent[bent.size() / 2] = static_cast<char>(bent[bent.size() / 2] ^ 1);
    for (const std::string& bytes :
         {bent, pack.substr(0, pack.size() / 2), pack + "x", std::string()}) {
        put_file(staged / "objects.pack", bytes);
        EXPECT_FALSE(import_staged_files(staged, "evil")) << bytes.size();
        expect_no_trace();
    }
    put_file(staged / "objects.pack", pack);
    put_file(staged / "refs", refs.substr(0, refs.size() - 4));
    EXPECT_EQ(reason_of(import_staged_files(staged, "evil")), "bad_refs_text");
    put_file(staged / "refs", "ref " + std::string(40, 'a') + " refs/heads/x\nend\n");
    EXPECT_EQ(reason_of(import_staged_files(staged, "evil")), "no_usable_refs");
    expect_no_trace();
    put_file(staged / "refs", refs);
    EXPECT_EQ(reason_of(import_staged_files(staged, "shop")), "slug_taken");
    EXPECT_EQ(reason_of(import_staged_files(staged, "No Slug")), "bad_slug");
    expect_no_trace();
    EXPECT_EQ(reason_of(import_staged_files(staged, "good")), "imported");
}

}  // namespace
}  // namespace origin::git

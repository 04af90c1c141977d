// SPDX-License-Identifier: Apache-2.0
// Goal: a repository that somebody else made gives its refs and one good pack, or a clear refusal;
// nothing outside its folder is read and nothing in it is obeyed.
// Method: repositories made by the real git in a temporary folder, then bent by hand; the packs go
// through the streaming intake.
#include "git/odb/foreign_repository.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "git/odb/intake.h"
#include "git/odb/test_git.h"

namespace origin::git {
namespace {

using test::must;
using test::put_file;
using test::TempDir;

std::string reason_of(const std::filesystem::path& folder) {
    const auto opened = ForeignRepository::open(folder);
    return opened ? "opened" : std::string(opened.error().reason());
}

/// What `git for-each-ref` says of heads, tags and notes.
std::string listing(const std::filesystem::path& folder) {
    std::string out = must(folder,
                           "git for-each-ref --format=\"%(objectname) %(refname)\" refs/heads "
                           "refs/notes refs/tags");
    return out.empty() ? out : out + "\n";
}

std::string listing(const ForeignRefs& refs) {
    std::string out;
    for (const ForeignRef& ref : refs.refs) {
        out += ref.oid.hex() + " " + ref.name + "\n";
    }
    return out;
}

struct Packed {
    Status written;
    std::string bytes;
    std::string intake;  // "ok", or the reason it was refused for.
};

Packed pack_of(const std::filesystem::path& folder, const std::filesystem::path& quarantine) {
    const auto opened = ForeignRepository::open(folder);
    if (!opened) {
        return {std::unexpected(opened.error()), {}, {}};
    }
    Packed packed;
    packed.written = opened->write_pack(
        [&](Bytes bytes) {
            packed.bytes += text_of(bytes);
            return Status();
        },
        {});
    if (!packed.written) {
        return packed;
    }
    std::filesystem::create_directories(quarantine);
    PackIntake intake(quarantine, nullptr, {.fsck = FsckLevel::Import});
    Status status = intake.feed(bytes_of(packed.bytes));
    if (status) {
        const auto finished = intake.finish();
        status = finished ? intake.check_connectivity() : Status(std::unexpected(finished.error()));
    }
    packed.intake = status ? "ok" : std::string(status.error().reason());
    return packed;
}

TEST(ForeignRepository, GivesTheRefsThatGitLists) {
    const TempDir dir;
    test::make_repository(dir / "work");
    must(dir / "work",
         "git notes add -m note && git update-ref refs/heads/a/b/c HEAD~1 && git pack-refs --all "
         "&& git update-ref refs/heads/a/b/c HEAD~2 && git symbolic-ref refs/heads/alias "
         "refs/heads/side && git update-ref refs/pull/1/head HEAD && git update-ref "
         "refs/pull/2/head HEAD");
    const auto opened = ForeignRepository::open(dir / "work");
    ASSERT_TRUE(opened) << opened.error().told_to_peer();
    EXPECT_EQ(listing(opened->refs()), listing(dir / "work"));
    EXPECT_EQ(opened->refs().head, "refs/heads/main");
    ASSERT_EQ(opened->refs().left_out.size(), 1U);
    EXPECT_EQ(opened->refs().left_out.front().name, "refs/pull/");

    must(dir.path(), "git clone -q --mirror work bare.git");
    const auto bare = ForeignRepository::open(dir / "bare.git");
    ASSERT_TRUE(bare) << bare.error().told_to_peer();
    EXPECT_EQ(listing(bare->refs()), listing(dir / "bare.git"));
}

TEST(ForeignRepository, RefsSurviveTheWayToAnotherProcess) {
    const ForeignRefs refs{.head = "refs/heads/main",
                           .refs = {{"refs/heads/main", *Oid::from_hex(std::string(40, 'a'))},
                                    {"refs/tags/v1", *Oid::from_hex(std::string(40, 'b'))}},
                           .left_out = {{"refs/heads/x\\x1b", "because of it"}}};
    const std::string text = serialize(refs);
    const auto back = parse_foreign_refs(text);
    ASSERT_TRUE(back) << back.error().told_to_peer();
    EXPECT_EQ(back->head, refs.head);
    EXPECT_EQ(back->refs, refs.refs);
    for (std::size_t cut = 0; cut < text.size(); ++cut) {
        EXPECT_FALSE(parse_foreign_refs(text.substr(0, cut)) && cut + 1 < text.size()) << cut;
    }
    const std::string oid(40, 'a');
    for (const std::string& bad : {std::string("ref " + oid + " refs/../x\nend\n"),
                                   std::string("ref 123 refs/heads/x\nend\n"),
                                   std::string("ref " + std::string(40, '0') + " refs/a\nend\n"),
                                   std::string("head -x\nend\n"),
                                   std::string("what\nend\n"),
                                   std::string("end\nend\n")}) {
        EXPECT_FALSE(parse_foreign_refs(bad)) << bad;
    }
}

TEST(ForeignRepository, ThePackHoldsWhatTheRefsReachAndNothingElse) {
    const TempDir dir;
    test::make_repository(dir / "work");
    put_file(dir / "work/secret.txt", "never committed to a ref");
    must(dir / "work",
         "git add secret.txt && git commit -q -m secret && git reset -q --hard HEAD~1 && git notes "
         "add -m note && git tag -a nested -m nested v1 && git tag blob HEAD:run.sh");
    const std::string reachable = must(dir / "work",
                                       "git rev-list --objects --no-object-names --branches "
                                       "--tags --glob=refs/notes | sort -u | wc -l");
    const auto count = [](const std::string& pack) {
        return std::to_string(static_cast<unsigned char>(pack[10]) * 256U +
                              static_cast<unsigned char>(pack[11]));
    };
    const Packed loose = pack_of(dir / "work", dir / "q1");
    ASSERT_TRUE(loose.written) << loose.written.error().kept_in_log();
    EXPECT_EQ(loose.intake, "ok");
    EXPECT_EQ(count(loose.bytes), reachable);

    // One pack with garbage in it is not handed on as it is.
    must(dir / "work", "git repack -q -a -d -k && git prune-packed");
    const Packed with_garbage = pack_of(dir / "work", dir / "q2");
    ASSERT_TRUE(with_garbage.written) << with_garbage.written.error().kept_in_log();
    EXPECT_EQ(with_garbage.intake, "ok");
    EXPECT_EQ(count(with_garbage.bytes), reachable);

    // One clean pack is.
    must(dir.path(), "git clone -q --mirror --no-local work clean.git");
    const Packed clean = pack_of(dir / "clean.git", dir / "q3");
    ASSERT_TRUE(clean.written) << clean.written.error().kept_in_log();
    EXPECT_EQ(clean.intake, "ok");
    EXPECT_EQ(clean.bytes,
              test::get_file(must(dir.path(), "ls $PWD/clean.git/objects/pack/*.pack")));
}

TEST(ForeignRepository, AnEmptyRepositoryHasNoRefs) {
    const TempDir dir;
    must(dir.path(), "git init -q --bare -b trunk empty.git");
    const auto opened = ForeignRepository::open(dir / "empty.git");
    ASSERT_TRUE(opened) << opened.error().told_to_peer();
    EXPECT_TRUE(opened->refs().refs.empty());
    EXPECT_EQ(opened->refs().head, "refs/heads/trunk");
    EXPECT_EQ(pack_of(dir / "empty.git", dir / "q").intake, "ok");
}

TEST(ForeignRepository, WhatIsNoRepositoryOfItsOwnIsRefused) {
    const TempDir dir;
    test::make_repository(dir / "work");
    const auto copy = [&](const std::string& name) {
        must(dir.path(), "cp -r work " + name);
        return dir / name;
    };
    EXPECT_EQ(reason_of(dir / "nothing"), "not_a_repository");
    EXPECT_EQ(reason_of(dir.path()), "not_a_repository");
    EXPECT_EQ(reason_of("/etc/passwd"), "not_a_repository");

    const auto borrower = copy("borrower");
    put_file(borrower / ".git/objects/info/alternates", "/etc\n");
    EXPECT_EQ(reason_of(borrower), "has_alternates");

    must(dir.path(), "git clone -q --depth 1 file://$PWD/work shallow");
    EXPECT_EQ(reason_of(dir / "shallow"), "shallow_repository");

    must(dir / "work", "git worktree add -q ../tree");
    EXPECT_EQ(reason_of(dir / "tree"), "unsupported_repository");

    must(copy("linked_objects"), "mv .git/objects .git/o && ln -s o .git/objects");
    EXPECT_EQ(reason_of(dir / "linked_objects/.git"), "has_links");
    must(copy("linked_pack"), "git gc -q && cd .git/objects && mv pack p && ln -s p pack");
    EXPECT_EQ(reason_of(dir / "linked_pack"), "has_links");
    must(copy("linked_head"), "mv .git/HEAD .git/H && ln -s H .git/HEAD");
    EXPECT_EQ(reason_of(dir / "linked_head"), "has_links");
    must(copy("linked_git"), "mv .git g && ln -s g .git");
    EXPECT_EQ(reason_of(dir / "linked_git"), "not_a_repository");

    if (test::run(dir.path(),
                  "git init -q --object-format=sha256 new && cd new && git commit -q "
                  "--allow-empty -m x")
            .status == 0) {
        EXPECT_EQ(reason_of(dir / "new"), "unsupported_repository");
    }
    put_file(copy("bad_packed") / ".git/packed-refs", "what is this\n");
    EXPECT_EQ(reason_of(dir / "bad_packed"), "bad_packed_refs");
}

TEST(ForeignRepository, RefsThatCannotBeTakenAreNamedAndTheOthersAreTaken) {
    const TempDir dir;
    test::make_repository(dir / "work");
    const std::string tip = must(dir / "work", "git rev-parse HEAD");
    const auto heads = dir / "work/.git/refs/heads";
    must(dir / "work",
         "ln -s /etc/passwd .git/refs/heads/stolen && ln -s side "
         ".git/refs/heads/linked && ln -s /etc .git/refs/heads/folder");
    put_file(heads / "junk", "not an id\n");
    put_file(heads / "dangling", "ref: refs/heads/nowhere\n");
    put_file(heads / "loop", "ref: refs/heads/loop\n");
    put_file(heads / "-dash", tip + "\n");
    put_file(heads / ("long" + std::string(240, 'x')), tip + "\n");
    put_file(heads / "bad\x1bname", tip + "\n");
    put_file(heads / "huge", std::string(kForeignRefFileBytesMax + 1, 'a'));
    const auto opened = ForeignRepository::open(dir / "work");
    ASSERT_TRUE(opened) << opened.error().told_to_peer();
    std::string names;
    for (const ForeignRef& ref : opened->refs().refs) {
        names += ref.name + " ";
    }
    EXPECT_EQ(names, "refs/heads/main refs/heads/side refs/tags/v1 refs/tags/v2 ");
    EXPECT_EQ(opened->refs().left_out.size(), 10U);
    for (const LeftOut& left : opened->refs().left_out) {
        EXPECT_TRUE(left.name.starts_with("refs/heads/")) << left.name;
        EXPECT_FALSE(left.reason.empty());
        EXPECT_EQ(left.name.find('\x1b'), std::string::npos);
    }
}

TEST(ForeignRepository, ItsConfigurationIsNotObeyed) {
    const TempDir dir;
    test::make_repository(dir / "work");
    put_file(dir / "work/.git/config",
             "[include]\n\tpath = /dev/full\n[core]\n\trepositoryformatversion = 99\n\tworktree = "
             "/etc\n[pack]\n\tthreads = nonsense\n");
    const Packed packed = pack_of(dir / "work", dir / "q");
    ASSERT_TRUE(packed.written) << packed.written.error().kept_in_log();
    EXPECT_EQ(packed.intake, "ok");
}

TEST(ForeignRepository, MissingAndDamagedObjectsAreFound) {
    const TempDir dir;
    test::make_repository(dir / "work");
    const auto object_file = [&](const std::string& name) {
        const std::string id = must(dir / "work", "git rev-parse " + name);
        return dir / ("work/.git/objects/" + id.substr(0, 2) + "/" + id.substr(2));
    };
    for (const char* name : {"HEAD~3", "HEAD~2^{tree}", "HEAD:run.sh", "v1"}) {
        const auto file = object_file(name);
        const std::string before = test::get_file(file);
        std::filesystem::remove(file);
        EXPECT_FALSE(pack_of(dir / "work", dir / "q").written) << name;
        // Another object's bytes in its place: the intake sees the true id, and misses this one.
        std::filesystem::copy_file(object_file("HEAD:.gitmodules"), file);
        const Packed swapped = pack_of(dir / "work", dir / "q");
        EXPECT_TRUE(!swapped.written || swapped.intake != "ok") << name;
        std::filesystem::remove(file);
        put_file(file, before);
    }
    EXPECT_EQ(pack_of(dir / "work", dir / "q").intake, "ok");
    EXPECT_TRUE(std::filesystem::is_empty(dir / "q"));

    must(dir / "work", "git gc -q --prune=now && chmod u+w .git/objects/pack/*");
    const std::string pack = must(dir / "work", "ls $PWD/.git/objects/pack/*.pack");
    const std::string whole = test::get_file(pack);
    std::string bent = whole;
    bent[bent.size() / 2] = static_cast<char>(bent[bent.size() / 2] ^ 0x40);
    for (const std::string& bytes : {bent, whole.substr(0, whole.size() / 2), std::string()}) {
        put_file(pack, bytes);
        const Packed packed = pack_of(dir / "work", dir / "q");
        EXPECT_TRUE(!packed.written || packed.intake != "ok") << bytes.size();
    }
}

}  // namespace
}  // namespace origin::git

// SPDX-License-Identifier: Apache-2.0
// Goal: the doctor names every kind of damage it is there for, and nothing that is sound.
// Method: a sound project first; then one thing is broken at a time.
#include "origind/doctor.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "git/odb/test_git.h"
#include "git/serve/test_project.h"
#include "git/serve/upkeep.h"
#include "store/key.h"
#include "store/rows/access.h"
#include "store/rows/identity.h"
#include "store/rows/keys.h"

namespace origin {
namespace {

namespace fs = std::filesystem;
using store::Table;

std::string problems_of(const Findings& findings) {
    std::string text;
    for (const Finding& each : findings) {
        text += each.verdict == Verdict::Problem ? each.check + ": " + each.text + "\n" : "";
    }
    return text;
}

class Doctor : public git::TestProject {
protected:
    void SetUp() override {
        TestProject::SetUp();
        ASSERT_TRUE(commit_file("refs/heads/main", {}, "a", std::string(5000, 'a'), &first_));
        Log log(2, LogFormat::Text, Level::Error, clock_);
        git::Upkeep upkeep({*store_, storage(), clock_, clock_, log, metrics_});
        ASSERT_TRUE(upkeep.run(project_, {.everything = true}));  // From the journal to a file.
        pack_ = git::test::must(storage().pack_dir(project_), "ls $PWD/*.pack");
    }
    std::string rows_now() { return problems_of(check_rows(*store_)); }
    Findings projects_now() {
        git::Storage fresh(folder_ / "projects");
        return check_projects(*store_, fresh, folder_ / "projects");
    }
    void put(Table table, const std::string& key, const std::string& value) {
        ASSERT_TRUE(
            store_->write([&](store::Writer& writer) { return writer.put(table, key, value); }));
    }

    Oid first_;
    fs::path pack_;
};

TEST_F(Doctor, FindsNothingWrongWithASoundFolder) {
    EXPECT_EQ(rows_now(), "");
    EXPECT_EQ(problems_of(projects_now()), "");
    EXPECT_TRUE(std::ranges::none_of(
        projects_now(), [](const Finding& each) { return each.verdict == Verdict::Note; }));
}

TEST_F(Doctor, NamesKeysThatEndSoon) {
    constexpr UnixMillis kDay = 24L * 60 * 60 * 1000;
    constexpr UnixMillis kNow = 1'800'000'000'000;
    const auto named =
        [&](UnixMillis created, UnixMillis expires, UnixMillis revoked, bool replaced) {
            store::KeyRow row;
            row.client = client_;
            row.created_at = created;
            row.expires_at = expires;
            row.revoked_at = revoked;
            const KeyId id = KeyId::make(clock_, random_);
            if (replaced) {
                row.replaced_by = id;
            }
            put(Table::Keys, std::string(id.view()), store::encode(row));
            const Findings findings = check_keys(*store_, kNow);
            return std::ranges::any_of(findings, [&](const Finding& each) {
                EXPECT_EQ(each.verdict, Verdict::Note);
                return each.text.contains(id.str());
            });
        };
    EXPECT_TRUE(named(kNow - 351 * kDay, kNow + 14 * kDay, 0, false));
    EXPECT_TRUE(named(kNow - 365 * kDay, kNow + 1, 0, false));
    EXPECT_FALSE(named(kNow - 350 * kDay, kNow + 14 * kDay + 1, 0, false)) << "later";
    EXPECT_FALSE(named(kNow - 365 * kDay, kNow, 0, false)) << "it has ended";
    EXPECT_FALSE(named(kNow - 350 * kDay, 0, 0, false)) << "never";
    EXPECT_FALSE(named(kNow - 350 * kDay, kNow + kDay, kNow, false)) << "revoked";
    EXPECT_FALSE(named(kNow - 350 * kDay, kNow + kDay, 0, true)) << "it has a successor";
    EXPECT_FALSE(named(kNow, kNow + kDay, 0, false)) << "made to be short-lived";
    for (int i = 0; i < 40; ++i) {
        named(kNow - 351 * kDay, kNow + 14 * kDay, 0, false);
    }
    const Findings many = check_keys(*store_, kNow);
    EXPECT_EQ(many.size(), 21U);
    EXPECT_TRUE(many.back().text.contains("more"));
}

TEST_F(Doctor, NamesADamagedRowOfEveryTable) {
    for (std::size_t i = 0; i < store::kTables; ++i) {
        const auto table = static_cast<Table>(i);
        // RefFolds holds any text; all others refuse these bytes. Meta's own key has four.
        const std::string junk = table == Table::RefFolds ? "" : "\xff\xff\xff";
        put(table, "zz-damaged\x01", junk);
        const std::string found = rows_now();
        EXPECT_NE(found.find("store: " + std::string(store::name_of(table)) + ": "),
                  std::string::npos)
            << store::name_of(table) << "\n"
            << found;
        EXPECT_NE(found.find("zz-damaged\\x01"), std::string::npos) << found;
        EXPECT_EQ(std::ranges::count(found, '\n'), 1) << found;
        ASSERT_TRUE(store_->write(
            [&](store::Writer& writer) { return writer.erase(table, "zz-damaged\x01"); }));
    }
    EXPECT_EQ(rows_now(), "");
}

TEST_F(Doctor, CountsDamagedRowsPastTheOnesItNames) {
    for (int i = 0; i < 30; ++i) {
        put(Table::Runs, "bad" + std::to_string(i), "\xff");
    }
    const std::string found = rows_now();
    EXPECT_EQ(std::ranges::count(found, '\n'), 21);
    EXPECT_NE(found.find("and 10 more"), std::string::npos) << found;
}

TEST_F(Doctor, NamesMissingCutAndBentPacks) {
    const std::string whole = git::test::get_file(pack_);
    std::string bent = whole;
    bent[bent.size() / 2] = static_cast<char>(bent[bent.size() / 2] ^ 1);
    ::chmod(pack_.c_str(), 0600);
    for (const std::string& bytes : {bent, whole.substr(0, whole.size() - 1), std::string()}) {
        git::test::put_file(pack_, bytes);
        EXPECT_NE(problems_of(projects_now()).find("packs: ann/shop: pack-"), std::string::npos)
            << bytes.size();
    }
    git::test::put_file(pack_, whole);
    EXPECT_EQ(problems_of(projects_now()), "");
    fs::path index = pack_;
    index.replace_extension(".idx");
    fs::rename(index, folder_ / "idx");
    EXPECT_NE(problems_of(projects_now()).find("packs: ann/shop: pack-"), std::string::npos);
    fs::rename(folder_ / "idx", index);
    fs::remove(pack_);
    EXPECT_NE(problems_of(projects_now()).find("packs: ann/shop: pack-"), std::string::npos);
}

TEST_F(Doctor, NamesRefsWithoutObjects) {
    const store::RefRow lost{.oid = *Oid::from_hex(std::string(40, 'd')), .peeled = {}};
    put(Table::Refs, store::ref_key(project_, "refs/heads/lost"), store::encode(lost));
    const std::string found = problems_of(projects_now());
    EXPECT_NE(found.find("refs: ann/shop: refs/heads/lost at dddd"), std::string::npos) << found;
    EXPECT_EQ(std::ranges::count(found, '\n'), 1) << found;
    const store::RefRow wrong{.oid = first_, .peeled = lost.oid};
    put(Table::Refs, store::ref_key(project_, "refs/heads/lost"), store::encode(wrong));
    EXPECT_NE(problems_of(projects_now()).find("peeled"), std::string::npos);
}

TEST_F(Doctor, NotesFilesOfNoPush) {
    git::test::put_file(pack_.parent_path() / ("pack-" + std::string(40, 'a') + ".pack"), "x");
    git::test::put_file(storage().quarantine_dir(project_) / "incoming-1-1.pack", "x");
    const Findings found = projects_now();
    EXPECT_EQ(problems_of(found), "");
    EXPECT_EQ(std::ranges::count(found, Verdict::Note, &Finding::verdict), 2);
    fs::create_directories(folder_ / "projects" / git::kWrittenFolder);
    const Findings unlisted = projects_now();
    ASSERT_EQ(std::ranges::count(unlisted, Verdict::Note, &Finding::verdict), 2);
    const auto note = std::ranges::find(unlisted, Verdict::Note, &Finding::verdict);
    EXPECT_NE(note->text.find("written is removed, the next start"), std::string::npos)
        << "a start would not look there: " << note->text;
}

TEST_F(Doctor, NamesModesThatLetOthersIn) {
    const fs::path data = folder_ / "data";
    fs::create_directories(data);
    git::test::put_file(data / "master.key", std::string(32, 'k'));
    ::chmod(data.c_str(), 0700);
    ::chmod((data / "master.key").c_str(), 0600);
    EXPECT_EQ(problems_of(check_folder(data)), "");
    ::chmod((data / "master.key").c_str(), 0640);
    EXPECT_NE(problems_of(check_folder(data)).find("mode 0640; make it 0600"), std::string::npos);
    ::chmod((data / "master.key").c_str(), 0600);
    ::chmod(data.c_str(), 0750);
    EXPECT_NE(problems_of(check_folder(data)).find("mode 0750; make it 0700"), std::string::npos);
    git::test::put_file(data / "master.key.old", std::string(32, 'k'));
    ::chmod((data / "master.key.old").c_str(), 0644);
    EXPECT_NE(problems_of(check_folder(data)).find("mode 0644; make it 0600"), std::string::npos);
    fs::remove(data / "master.key.old");
    fs::remove(data / "master.key");  // It may come from outside.
    EXPECT_EQ(problems_of(check_folder(data)).find("master key"), std::string::npos);
    fs::create_symlink("/etc/passwd", data / "master.key");
    EXPECT_NE(problems_of(check_folder(data)).find("wrong kind"), std::string::npos);
}

TEST(DebianVersions, AreOrderedAsDpkgOrdersThem) {
    const std::vector<std::string> rising = {"0.9~~",
                                             "0.9~",
                                             "0.9",
                                             "0.9-0",
                                             "0.9-1~bpo1",
                                             "0.9-1",
                                             "0.9-1+b1",
                                             "0.9-2",
                                             "0.9-10",
                                             "0.9a",
                                             "0.9+ds-1",
                                             "0.10.6-0+deb12u1",
                                             "0.10.6-0+deb12u3",
                                             "1.0~rc1-1",
                                             "1.0-1",
                                             "3.0.22-1~deb12u2",
                                             "3.0.22-1",
                                             "1:0.1-1"};
    for (std::size_t i = 0; i < rising.size(); ++i) {
        for (std::size_t j = 0; j < rising.size(); ++j) {
            const int wanted = i < j ? -1 : i > j ? 1 : 0;
            const int got = compare_debian_versions(rising[i], rising[j]);
            // "0.9" and "0.9-0" are equal to dpkg.
            if ((rising[i] == "0.9" && rising[j] == "0.9-0") ||
                (rising[j] == "0.9" && rising[i] == "0.9-0")) {
                EXPECT_EQ(got, 0);
                continue;
            }
            EXPECT_EQ((got > 0) - (got < 0), wanted) << rising[i] << " " << rising[j];
        }
    }
}

Library libgit2_of(const std::string& status, const std::string& loaded) {
    const auto libraries =
        check_libraries({.dpkg_status = status, .loaded = [&](std::string_view name) {
                             return name == "libgit2" ? loaded : std::string();
                         }});
    return *std::ranges::find(libraries, "libgit2", &Library::name);
}

TEST(Libraries, AreHeldAgainstTheirFloors) {
    const auto status = [](const std::string& version, const std::string& state = "installed") {
        return "Package: libgit2-1.5-x\nStatus: install ok installed\nVersion: 9\n\n"
               "Package: libgit2-1.5\nStatus: install ok " +
               state + "\nArchitecture: amd64\nVersion: " + version +
               "\nDescription: x\n\nPackage: other\nVersion: 1\n";
    };
    EXPECT_EQ(libgit2_of(status("1.5.1+ds-1+deb12u2"), "1.5.1").verdict, Verdict::Ok);
    EXPECT_EQ(libgit2_of(status("1.5.1+ds-1+deb12u1"), "1.5.1").verdict, Verdict::Problem);
    EXPECT_EQ(libgit2_of(status("1.5.1+ds-1"), "1.5.1").verdict, Verdict::Problem);
    EXPECT_EQ(libgit2_of(status("1.5.1+ds-1+deb12u2"), "1.4.0").verdict, Verdict::Problem);
    EXPECT_EQ(libgit2_of(status("1.5.1+ds-1+deb12u2"), "1.7.2").verdict, Verdict::Note);
    EXPECT_EQ(libgit2_of("", "1.7.2").verdict, Verdict::Note);
    EXPECT_EQ(libgit2_of("", "1.5.0").verdict, Verdict::Problem);
    EXPECT_EQ(libgit2_of("", "").text, "not used");
    EXPECT_EQ(libgit2_of(status("1.5.1+ds-1", "half-configured"), "1.5.1").package, "");
}

TEST(Libraries, ThisMachineTellsWhatIsLoaded) {
    const auto libraries = check_libraries(library_sources());
    for (const char* name : {"libgit2", "openssl", "lmdb", "curl", "libssh2"}) {
        const auto found = std::ranges::find(libraries, name, &Library::name);
        ASSERT_NE(found, libraries.end());
        EXPECT_FALSE(found->loaded.empty()) << name;
    }
}

}  // namespace
}  // namespace origin

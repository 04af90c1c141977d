// SPDX-License-Identifier: Apache-2.0
// Goal: a kept pack is what a walk would make now, whatever happened since: refs that moved, went
// or were hidden, tags, garbage collection, a deleted project.
// Method: fetches over a real project; each is compared with that of a server that keeps nothing.
#include "git/serve/pack_cache.h"
#include "git/serve/reachable.h"
#include "git/serve/test_project.h"
#include "git/serve/upkeep.h"
#include "git/serve/upload_pack.h"
#include "git/wire/pkt_line.h"
#include "net/worker_pool.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::git {
namespace {

class KeptPacks : public TestProject {
protected:
    void SetUp() override {
        TestProject::SetUp();
        uploads_ = std::make_unique<UploadPack>(*store_, storage(), metrics_, "test");
        ASSERT_TRUE(commit_file("refs/heads/main", {}, "a.txt", "one\n", &main_));
    }

    static std::string read(Result<std::unique_ptr<Answer>> answer) {
        std::string out;
        while (answer) {
            const auto progress = (*answer)->step(out);
            EXPECT_TRUE(progress);
            if (!progress || *progress == Answer::Progress::Done) {
                return out;
            }
        }
        return "refused: " + answer.error().told_to_peer();
    }

    static std::string request_of(const std::vector<std::string>& lines) {
        std::string body;
        append_pkt(body, "command=fetch\n");
        append_delim(body);
        for (const std::string& line : lines) {
            append_pkt(body, line + "\n");
        }
        append_flush(body);
        return body;
    }

    std::string fetch_from(const UploadPack& uploads, const std::vector<std::string>& lines) {
        return read(
            uploads.answer(permit(auth::Action::Read), ProtocolVersion::V2, request_of(lines)));
    }

    /// Over what is kept; the same as from somebody who keeps nothing yet.
    std::string fetch(const std::vector<std::string>& lines) {
        Metrics none;
        const std::string kept = fetch_from(*uploads_, lines);
        EXPECT_EQ(kept, fetch_from(UploadPack(*store_, storage(), none, "test"), lines));
        return kept;
    }
    std::string clone(const Oid& want) { return fetch({"want " + want.hex(), "done"}); }

    /// In the answer's pack; 0: there is no pack.
    static std::uint32_t objects_in(const std::string& answer) {
        const std::size_t at = answer.find("PACK");
        std::uint32_t count = 0;
        for (std::size_t i = 0; at != std::string::npos && i < 4; ++i) {
            count = count << 8 | static_cast<std::uint8_t>(answer[at + 8 + i]);
        }
        return count;
    }
    static bool is_refused(const std::string& answer) {
        return answer.contains("not our ref") && objects_in(answer) == 0;
    }

    void move(const std::string& ref, const Oid& from, const Oid& to) {
        auto draft = Draft::open(service(), permit());
        ASSERT_TRUE(draft);
        const auto moved = (*draft)->push({.via = "api", .refs = {{ref, from, to}}});
        ASSERT_TRUE(moved);
        EXPECT_TRUE(need_all_ok(*moved));
    }
    std::uint64_t hits() {
        return metrics_.counter("fetch_kept_packs_total{result=\"hit\"}").value();
    }
    std::uint64_t misses() {
        return metrics_.counter("fetch_kept_packs_total{result=\"miss\"}").value();
    }

    std::unique_ptr<UploadPack> uploads_;
    Oid main_;
};

TEST_F(KeptPacks, TheSecondCloneIsTheFirstAgain) {
    const std::string first = clone(main_);
    EXPECT_EQ(objects_in(first), 3U);
    EXPECT_EQ(hits(), 0U);
    EXPECT_EQ(clone(main_), first);
    EXPECT_EQ(hits(), 1U);
    EXPECT_EQ(misses(), 1U);
    EXPECT_FALSE(fetch({"want " + main_.hex(), "no-progress", "done"}).contains("Enumerating"));
    EXPECT_EQ(hits(), 2U);
}

TEST_F(KeptPacks, AMovedRefIsClonedAsItIsNow) {
    clone(main_);
    Oid next;
    ASSERT_TRUE(commit_file("refs/heads/main", main_, "b.txt", "two\n", &next));
    EXPECT_EQ(objects_in(clone(next)), 6U);
    EXPECT_EQ(objects_in(clone(main_)), 3U);  // Still reached: an old commit may be asked for.
    Oid other;
    ASSERT_TRUE(commit_file("refs/heads/other", {}, "c.txt", "three\n", &other));
    move("refs/heads/main", next, {});
    EXPECT_TRUE(is_refused(clone(next)));
    EXPECT_TRUE(is_refused(clone(main_)));
    EXPECT_EQ(objects_in(clone(other)), 3U);
}

TEST_F(KeptPacks, ARefThatWasHiddenIsHidden) {
    Oid side;
    ASSERT_TRUE(commit_file("refs/heads/side", {}, "b.txt", "two\n", &side));
    EXPECT_EQ(objects_in(clone(side)), 3U);
    move("refs/heads/side", side, {});
    const std::string hidden = std::string(kHiddenPrefix) + "pristine/side";
    ASSERT_TRUE(store_->write([&](store::Writer& writer) {
        return store::put_row(writer,
                              store::Table::Refs,
                              store::ref_key(project_, hidden),
                              store::RefRow{.oid = side, .peeled = {}});
    }));
    EXPECT_TRUE(is_refused(clone(side)));
    EXPECT_EQ(objects_in(clone(main_)), 3U);
}

TEST_F(KeptPacks, TagsThatFollowAreThoseOfToday) {
    const std::vector<std::string> lines = {"want " + main_.hex(), "include-tag", "done"};
    EXPECT_EQ(objects_in(fetch(lines)), 3U);
    auto draft = Draft::open(service(), permit());
    ASSERT_TRUE(draft);
    const auto tag = (*draft)->builder().add(ObjectType::Tag,
                                             serialize(Tag{.target = main_,
                                                           .target_type = ObjectType::Commit,
                                                           .name = "v1",
                                                           .tagger = server_ident(clock_.now()),
                                                           .message = "one\n"}));
    ASSERT_TRUE(tag);
    ASSERT_TRUE((*draft)->push({.via = "api", .refs = {{"refs/tags/v1", {}, *tag}}}));
    EXPECT_EQ(objects_in(fetch(lines)), 4U);
    EXPECT_EQ(objects_in(clone(main_)), 3U);  // Did not ask for tags.
    move("refs/tags/v1", *tag, {});
    EXPECT_EQ(objects_in(fetch(lines)), 3U);
}

TEST_F(KeptPacks, AShallowCloneIsNoWholeOne) {
    Oid next;
    ASSERT_TRUE(commit_file("refs/heads/main", main_, "a.txt", "two\n", &next));
    EXPECT_EQ(objects_in(clone(next)), 6U);
    const std::vector<std::string> shallow = {"want " + next.hex(), "deepen 1", "done"};
    EXPECT_EQ(objects_in(fetch(shallow)), 3U);
    EXPECT_EQ(objects_in(fetch(shallow)), 3U);
    EXPECT_EQ(hits(), 1U);
    EXPECT_EQ(objects_in(clone(next)), 6U);
}

// Haves of v0 come after the wants were taken: their pack must not become that of a clone.
TEST_F(KeptPacks, WhoHasSomethingLeavesNothingForOthers) {
    Oid next;
    ASSERT_TRUE(commit_file("refs/heads/main", main_, "a.txt", "two\n", &next));
    std::string v0;
    append_pkt(v0, "want " + next.hex() + " no-progress\n");
    append_flush(v0);
    std::string whole = v0;
    append_pkt(v0, "have " + main_.hex() + "\n");
    for (std::string* body : {&v0, &whole}) {
        append_pkt(*body, "done\n");
    }
    const auto fetch_v0 = [&](const std::string& body) {
        return read(uploads_->answer(permit(auth::Action::Read), ProtocolVersion::V0, body));
    };
    EXPECT_EQ(objects_in(fetch_v0(v0)), 3U);
    EXPECT_EQ(objects_in(fetch({"want " + next.hex(), "have " + main_.hex(), "done"})), 3U);
    EXPECT_EQ(objects_in(fetch_v0(whole)), 6U);
    EXPECT_EQ(objects_in(clone(next)), 6U);
    EXPECT_EQ(objects_in(fetch_v0(v0)), 3U);
}

TEST_F(KeptPacks, GarbageThatWasCollectedIsGone) {
    Oid side;
    ASSERT_TRUE(commit_file("refs/heads/side", {}, "s.txt", "side\n", &side));
    EXPECT_EQ(objects_in(clone(side)), 3U);
    clone(main_);
    const std::uint64_t before = misses();
    move("refs/heads/side", side, {});
    EXPECT_TRUE(is_refused(clone(side)));
    Log log(2, LogFormat::Text, Level::Error, clock_);
    Upkeep upkeep({*store_, storage(), clock_, clock_, log, metrics_});
    ASSERT_TRUE(upkeep.run(project_, {.everything = true}));
    clock_.advance(kHistoryKept + std::chrono::hours(24));
    const auto report = upkeep.run(project_, {.everything = true});
    ASSERT_TRUE(report);
    EXPECT_TRUE(is_refused(clone(side)));
    EXPECT_EQ(objects_in(clone(main_)), 3U);
    EXPECT_GT(misses(), before);  // Another generation: it was made anew.
}

TEST_F(KeptPacks, ADeletedProjectAnswersNobody) {
    const auth::Permit given_before = permit(auth::Action::Read);
    const auth::Permit admin = permit(auth::Action::Admin);
    clone(main_);
    ASSERT_TRUE(store_->write(
        [&](store::Writer& writer) { return delete_project(writer, admin, clock_.now()); }));
    const auto answer = uploads_->answer(
        given_before, ProtocolVersion::V2, request_of({"want " + main_.hex(), "done"}));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), Code::NotFound);
    EXPECT_EQ(hits(), 0U);
}

TEST_F(KeptPacks, PushesAndClonesAtOnceGetWhatTheyAskFor) {
    std::vector<Oid> tips = {main_};
    for (int i = 1; i < 6; ++i) {
        ASSERT_TRUE(
            commit_file("refs/heads/main", tips.back(), "a.txt", std::to_string(i), &main_));
        tips.push_back(main_);
    }
    const auth::Permit reader = permit(auth::Action::Read);
    net::WorkerPool threads(4, clock_);
    for (std::size_t thread = 0; thread < 4; ++thread) {
        ASSERT_TRUE(threads.submit([&, thread] {
            for (std::size_t i = 0; i < 60; ++i) {
                const std::size_t wanted = (i + thread) % tips.size();
                const std::string got =
                    read(uploads_->answer(reader,
                                          ProtocolVersion::V2,
                                          request_of({"want " + tips[wanted].hex(), "done"})));
                ASSERT_EQ(objects_in(got), 3 * (wanted + 1));
            }
        }));
    }
    for (int i = 0; i < 10; ++i) {
        ASSERT_TRUE(commit_file("refs/heads/main", main_, "b.txt", std::to_string(i), &main_));
    }
}

}  // namespace
}  // namespace origin::git

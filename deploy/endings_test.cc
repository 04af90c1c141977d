// SPDX-License-Identifier: Apache-2.0
// Goal: however a deployment ends, early, late or twice, what is written down is what its provider
// shows. Method: a provider that does what the test says, and things that happen while it works.
#include <algorithm>
#include <atomic>

#include "deploy/worker_fixture.h"

namespace origin::deploy {
namespace {

using store::DeploymentState;

const std::string kMain = "refs/heads/main";

class EndingsTest : public WorkerTest {
protected:
    void work_on(int minutes = 40) {
        for (int i = 0; i < minutes && open() > 0; ++i) {
            while (work()) {
            }
            pass(std::chrono::minutes(1));
        }
    }
    std::ptrdiff_t times(std::string_view call) {
        return std::ranges::count(provider_->calls, call);
    }
    /// A push that is with its provider.
    DeploymentId processing() {
        provider_->polls.insert(provider_->polls.begin(),
                                Poll{.wait = Milliseconds(600'000), .text = "thinking"});
        const auto id = push(kMain, "1");
        work();
        EXPECT_EQ(state(id), DeploymentState::Processing);
        return id;
    }
};

TEST_F(EndingsTest, ACancelWaitsUntilWhatIsPublishedIsPublished) {
    DeploymentId id;
    provider_->meanwhile = [&] {
        EXPECT_TRUE(cancel(id));
    };
    id = push(kMain, "1");
    work_on();
    EXPECT_EQ(state(id), DeploymentState::Live);
    EXPECT_EQ(times("cancel"), 0);
}

TEST_F(EndingsTest, ACancelBeforeItIsPublishedIsInTime) {
    DeploymentId id;
    provider_->during_upload = [&] {
        EXPECT_TRUE(cancel(id));
    };
    id = push(kMain, "1");
    work_on();
    EXPECT_EQ(state(id), DeploymentState::Cancelled);
    EXPECT_EQ(times("publish"), 0);
}

TEST_F(EndingsTest, WhatWentLiveWhileNobodyLookedIsARelease) {
    provider_->polls = {Poll{.wait = std::chrono::minutes(50), .text = "thinking"}};
    const auto id = push(kMain, "1");
    work();
    pass(std::chrono::minutes(51));
    work();
    EXPECT_EQ(state(id), DeploymentState::Live) << "it has been for long";
    EXPECT_EQ(times("cancel"), 0);
}

TEST_F(EndingsTest, WhatNobodyCanStopMayBeLate) {
    provider_->polls = {Poll{.wait = std::chrono::minutes(46), .text = "thinking"},
                        Poll{.wait = std::chrono::minutes(1), .text = "promoted", .is_late = true}};
    const auto id = push(kMain, "1");
    work();
    pass(std::chrono::minutes(46));
    work();
    EXPECT_EQ(state(id), DeploymentState::Processing);
    work_on();
    EXPECT_EQ(state(id), DeploymentState::Live);
}

TEST_F(EndingsTest, WhatIsDamagedEndsWhenItsTimeIsOver) {
    provider_->publishes = {passing()};
    const auto id = push(kMain, "1");
    work();
    pass(std::chrono::minutes(121));
    provider_->plans = {std::unexpected(Error(Code::Corrupt, "a pack is damaged"))};
    work();
    EXPECT_EQ(state(id), DeploymentState::Failed);
    EXPECT_EQ(times("cancel"), 1);
}

TEST_F(EndingsTest, ARollbackThatIsSentAgainIsLookedAtBeforeItEnds) {
    const auto first = push(kMain, "1");
    work_on();
    push(kMain, "2");
    work_on();
    provider_->revealed_by = Reveals::Poll;
    provider_->gone = true;
    provider_->plans = {passing()};
    const auto back = roll_back_to(first);
    work();
    EXPECT_EQ(state(back), DeploymentState::Uploading);
    provider_->polls = {Poll{.state = Poll::State::Live}};
    push(kMain, "3");
    work_on();
    EXPECT_EQ(row(back).release, 3U) << "the provider showed it";
    EXPECT_EQ(times("cancel"), 0);
}

TEST_F(EndingsTest, AnEarlyLookIsNoTryOfAHealthCheck) {
    change_target([](store::TargetRow& target) { target.health.path = "/nowhere"; });
    const auto id = push(kMain, "1");
    work();
    ASSERT_EQ(row(id).progress.failures, 1U);
    ASSERT_TRUE(store_->write([&](store::Writer& writer) {
        return hooks::rouse_target(writer, project_, store::kProductionTarget, id);
    }));
    EXPECT_TRUE(work());
    EXPECT_EQ(row(id).progress.failures, 1U);
    work_on();
    EXPECT_EQ(row(id).health, store::Health::Unhealthy);
}

TEST_F(EndingsTest, APublicationThatLastsTooLongIsLookedAtBeforeItEnds) {
    provider_->publishes = {passing()};
    const auto id = push(kMain, "1");
    work();
    EXPECT_EQ(state(id), DeploymentState::Uploading);
    pass(std::chrono::minutes(121));
    work();
    EXPECT_EQ(state(id), DeploymentState::Live);
}

TEST_F(EndingsTest, ACancelOfWhatWaitsForItsProviderLeavesNothingOpen) {
    provider_->paced = true;
    for (const char* content : {"1", "2"}) {
        push(kMain, content);
        work();
    }
    const auto third = push(kMain, "3");
    work();
    ASSERT_EQ(state(third), DeploymentState::Queued);
    ASSERT_TRUE(cancel(third));
    EXPECT_TRUE(work());
    change_target([](const store::TargetRow& target) {
        EXPECT_FALSE(target.job) << "it may be changed now";
    });
}

TEST_F(EndingsTest, APublicationWhoseAnswerWasLostIsFoundBeforeItIsCancelled) {
    provider_->publishes = {passing()};
    provider_->polls = {Poll{}};
    const auto id = push(kMain, "1");
    work();
    EXPECT_EQ(state(id), DeploymentState::Uploading);
    EXPECT_TRUE(cancel(id));
    work_on();
    EXPECT_EQ(state(id), DeploymentState::Cancelled);
    EXPECT_EQ(provider_->calls,
              (std::vector<std::string>{
                  "plan", "upload", "publish", "plan", "upload", "publish", "poll", "cancel"}));
}

TEST_F(EndingsTest, WhatGoesLiveInAnyCaseIsFollowed) {
    provider_->polls = {Poll{.text = "promoted", .is_late = true}};
    const auto id = processing();
    EXPECT_TRUE(cancel(id));
    work();
    EXPECT_EQ(state(id), DeploymentState::Processing);
    work_on();
    EXPECT_EQ(state(id), DeploymentState::Live);
    EXPECT_EQ(times("cancel"), 0);
}

TEST_F(EndingsTest, WhatGoesLiveInAnyCaseHasAnEndToo) {
    for (int i = 0; i < 100; ++i) {
        provider_->polls.emplace_back(
            Poll{.wait = Milliseconds(60'000), .text = "promoted", .is_late = true});
    }
    const auto id = processing();
    EXPECT_TRUE(cancel(id));
    work_on(90);
    EXPECT_EQ(state(id), DeploymentState::Cancelled);
}

TEST_F(EndingsTest, ALookThatFailsIsNoAnswer) {
    provider_->polls = {passing(), passing()};
    const auto id = processing();
    EXPECT_TRUE(cancel(id));
    work();
    EXPECT_EQ(state(id), DeploymentState::Processing);
    EXPECT_FALSE(work()) << "not before its time";
    work_on();
    EXPECT_EQ(state(id), DeploymentState::Live) << "it was, all the time";
}

TEST_F(EndingsTest, ACancelThatWasAnsweredIsNotWrittenOver) {
    const auto id = push(kMain, "1");
    const auto job = claim(hooks::kDeployJob, clock_.now());
    ASSERT_TRUE(job);
    const std::atomic<bool> stopping{false};
    Pace pace(clock_);
    Task task({*store_, storage(), clock_, clock_, stopping, urls_, pace, random_},
              {*job, project_, id, {}, row(id), Secret()});
    ASSERT_TRUE(cancel(id));
    EXPECT_EQ(task.move(DeploymentState::Uploading, "begun").error().reason(), "cancel_asked");
    EXPECT_EQ(task.save().error().reason(), "cancel_asked");
    EXPECT_EQ(state(id), DeploymentState::Cancelled);
    EXPECT_EQ(open(), 0U);
}

TEST_F(EndingsTest, OneThatGivesWayIsEndedAtItsProvider) {
    provider_->polls = {passing(), Poll{}};
    const auto first = push(kMain, "1");
    work();
    EXPECT_EQ(state(first), DeploymentState::Processing);
    const auto second = push(kMain, "2");
    work_on();
    EXPECT_EQ(state(first), DeploymentState::Superseded);
    EXPECT_EQ(row(first).release, 0U);
    EXPECT_EQ(times("cancel"), 1);
    EXPECT_EQ(row(second).release, 1U);
}

TEST_F(EndingsTest, OneThatGivesWayTooLateIsARelease) {
    provider_->polls = {passing()};
    const auto first = push(kMain, "1");
    work();
    const auto second = push(kMain, "2");
    work_on();
    EXPECT_EQ(row(first).release, 1U);
    EXPECT_EQ(row(second).release, 2U);
    EXPECT_EQ(times("cancel"), 0);
}

TEST_F(EndingsTest, FailuresWithAnswersBetweenThemAreNotInARow) {
    for (std::uint32_t i = 0; i < 2 * kDeployTriesMax; ++i) {
        provider_->polls.emplace_back(passing());
        provider_->polls.emplace_back(Poll{.text = "thinking"});
    }
    const auto id = push(kMain, "1");
    for (int i = 0; i < 500 && open() > 0; ++i) {
        while (work()) {
        }
        clock_.advance(std::chrono::seconds(3));
    }
    EXPECT_EQ(state(id), DeploymentState::Live);
}

TEST_F(EndingsTest, AnAutomaticRollbackLeavesWhatWasPushedMeanwhile) {
    push(kMain, "1");
    work_on();
    change_target([](store::TargetRow& target) {
        target.health.path = "/nowhere";
        target.health.roll_back = true;
    });
    const auto bad = push(kMain, "2");
    work();
    EXPECT_EQ(row(bad).health, store::Health::Checking);
    const auto mended = push(kMain, "3");
    change_target([](store::TargetRow& target) { target.health.path = "/nowhere"; });
    work_on();
    EXPECT_EQ(state(bad), DeploymentState::RolledBack);
    EXPECT_GT(row(mended).release, 2U) << "it had its turn";
    EXPECT_EQ(open(), 0U);
}

TEST_F(EndingsTest, WhatIsOrderedInPlaceOfABadOneIsDeployed) {
    const auto first = push(kMain, "1");
    work_on();
    change_target([](store::TargetRow& target) {
        target.health.path = "/nowhere";
        target.health.roll_back = true;
    });
    const auto bad = push(kMain, "2");
    work();
    ASSERT_EQ(row(bad).health, store::Health::Checking);
    clock_.advance(std::chrono::seconds(1));
    const auto mended = order(row(first).commit);
    work_on();
    EXPECT_EQ(row(mended).release, 3U);
    EXPECT_EQ(state(bad), DeploymentState::Superseded) << "and not rolled back";
}

TEST_F(EndingsTest, AnOlderPreviewDoesNotTakeThePlaceOfANewerOne) {
    rule("refs/heads/f*", true);
    provider_->plans = {std::unexpected(Error(Code::Unauthenticated, "wrong token"))};
    const auto failed = push("refs/heads/feature", "1");
    work_on();
    const auto newer = push("refs/heads/feature", "2");
    work_on();
    ASSERT_EQ(state(newer), DeploymentState::Live);
    const auto late = retry(failed);
    ASSERT_TRUE(late);
    work_on();
    EXPECT_EQ(state(*late), DeploymentState::Superseded);
    EXPECT_EQ(state(newer), DeploymentState::Live);
    EXPECT_EQ(times("publish"), 1);
}

TEST_F(EndingsTest, AnOrderAfterARollbackIsDeployed) {
    const auto first = push(kMain, "1");
    work_on();
    const auto second = push(kMain, "2");
    work_on();
    roll_back_to(first);
    work_on();
    clock_.advance(std::chrono::seconds(1));
    const auto again = order(row(second).commit);
    work_on();
    EXPECT_EQ(state(again), DeploymentState::Live);
}

TEST_F(EndingsTest, TheRollbackThatSomebodyOrderedStands) {
    const auto first = push(kMain, "1");
    work_on();
    push(kMain, "2");
    work_on();
    change_target([](store::TargetRow& target) {
        target.health.path = "/nowhere";
        target.health.roll_back = true;
    });
    push(kMain, "3");
    work();
    const auto back = roll_back_to(first);
    work_on();
    EXPECT_EQ(row(back).release, 4U);
    EXPECT_EQ(rows(store::Table::Releases), 4U) << "and nothing else went back";
}

TEST_F(EndingsTest, ARollbackWhoseAnswerWasLostIsLookedAt) {
    const auto first = push(kMain, "1");
    work_on();
    const auto second = push(kMain, "2");
    work_on();
    provider_->rolls_back = {passing()};
    const auto one = roll_back_to(first);
    work();
    EXPECT_EQ(state(one), DeploymentState::Uploading);
    clock_.advance(std::chrono::seconds(1));
    const auto other = roll_back_to(first);
    work_on();
    EXPECT_NE(row(one).release, 0U) << "the provider showed it";
    EXPECT_EQ(state(second), DeploymentState::RolledBack);
    EXPECT_EQ(times("cancel"), 0);
    EXPECT_EQ(open(), 0U);
    EXPECT_TRUE(store::is_settled(state(other)));
}

TEST_F(EndingsTest, ALateCancelLeavesTheHealthCheckItsTime) {
    change_target([](store::TargetRow& target) { target.health.path = "/nowhere"; });
    const auto id = processing();
    EXPECT_TRUE(cancel(id));
    work();
    EXPECT_EQ(state(id), DeploymentState::Live);
    EXPECT_EQ(row(id).health, store::Health::Checking);
    EXPECT_FALSE(work()) << "not before its time";
    work_on();
    EXPECT_EQ(row(id).health, store::Health::Unhealthy);
}

TEST_F(EndingsTest, APreviewWhoseBranchGoesAsItGoesLiveIsRemoved) {
    rule("refs/heads/f*", true);
    provider_->meanwhile = [&] {
        provider_->meanwhile = [&] {  // Not while it is published: when it is looked at.
            EXPECT_TRUE(delete_branch("refs/heads/feature"));
        };
    };
    const auto id = push("refs/heads/feature", "1");
    work_on();
    EXPECT_EQ(times("remove remote-" + id.str()), 1);
    EXPECT_EQ(state(id), DeploymentState::Superseded);
    EXPECT_EQ(rows(store::Table::Previews), 0U);
    EXPECT_EQ(open(), 0U);
}

TEST_F(EndingsTest, APreviewThatCannotBeRemovedIsGivenUpOnce) {
    rule("refs/heads/f*", true);
    for (const bool no_connector : {true, false}) {
        const auto id = push("refs/heads/feature", no_connector ? "1" : "2");
        work_on();
        ASSERT_EQ(state(id), DeploymentState::Live);
        ASSERT_TRUE(delete_branch("refs/heads/feature"));
        change_target([&](store::TargetRow& target) {
            target.connector = no_connector ? "moon" : "scripted";
            target.sealed_secret = no_connector ? target.sealed_secret : "damaged";
        });
        const std::size_t events = rows(store::Table::Events);
        work_on();
        EXPECT_EQ(state(id), DeploymentState::Superseded);
        EXPECT_EQ(rows(store::Table::Events), events + 1);
        EXPECT_EQ(open(), 0U);
        change_target([](store::TargetRow& target) { target.connector = "scripted"; });
    }
}

}  // namespace
}  // namespace origin::deploy

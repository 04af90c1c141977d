// SPDX-License-Identifier: Apache-2.0
// Goal: one deployment of a target goes at a time, the newest of a ref wins, passing errors are
// tried again and others are final, and a time that runs out ends it. Method: a connector that does
// what the test says, over a real project and a clock that the test moves.
#include "deploy/worker.h"

#include "deploy/worker_fixture.h"

namespace origin::deploy {
namespace {

using store::DeploymentState;

using Calls = std::vector<std::string>;

TEST_F(WorkerTest, APushGoesLiveOnceAndNothingIsLeftOpen) {
    const auto id = push("refs/heads/main", "1");
    EXPECT_EQ(open(), 1U);
    EXPECT_TRUE(work());
    EXPECT_EQ(provider_->calls, (Calls{"plan", "upload", "publish", "poll"}));
    EXPECT_EQ(provider_->secret, "token");
    EXPECT_EQ(state(id), DeploymentState::Live);
    EXPECT_EQ(row(id).url, "https://live.example/");
    EXPECT_EQ(row(id).release, 1U);
    EXPECT_EQ(row(id).progress.files_sent, 1U);
    EXPECT_EQ(open(), 0U);
    EXPECT_FALSE(work());
}

TEST_F(WorkerTest, OnlyTheNewestOfEachRefIsDone) {
    rule("refs/heads/side", false);
    const auto first = push("refs/heads/main", "1");
    const auto side = push("refs/heads/side", "s");
    const auto second = push("refs/heads/main", "2");
    while (work()) {
    }
    EXPECT_EQ(state(first), DeploymentState::Superseded);
    EXPECT_EQ(row(side).release, 1U);
    EXPECT_EQ(row(second).release, 2U);
    EXPECT_EQ(state(second), DeploymentState::Live);
}

TEST_F(WorkerTest, WhatHasBegunEndsBeforeTheNextBegins) {
    provider_->polls = {Poll{.wait = Milliseconds(60'000), .text = "thinking"}};
    const auto first = push("refs/heads/main", "1");
    EXPECT_TRUE(work());
    EXPECT_EQ(state(first), DeploymentState::Processing);
    EXPECT_EQ(row(first).progress.waiting, "thinking");
    const auto second = push("refs/heads/main", "2");
    EXPECT_FALSE(work()) << "the target waits for its provider";
    pass(std::chrono::minutes(2));
    EXPECT_TRUE(work());
    EXPECT_EQ(row(first).release, 1U);
    EXPECT_EQ(row(second).release, 2U);
    EXPECT_EQ(state(first), DeploymentState::Superseded);
}

TEST_F(WorkerTest, APassingErrorIsTriedAgainAndAnotherIsFinal) {
    provider_->plans = {passing(), passing()};
    const auto id = push("refs/heads/main", "1");
    EXPECT_TRUE(work());
    EXPECT_EQ(state(id), DeploymentState::Uploading);
    EXPECT_EQ(row(id).progress.waiting, "the provider sleeps");
    EXPECT_FALSE(work()) << "not before its time";
    for (int i = 0; i < 3; ++i) {
        pass(std::chrono::minutes(5));
        work();
    }
    EXPECT_EQ(state(id), DeploymentState::Live);

    provider_->plans = {std::unexpected(Error(Code::Unauthenticated, "wrong token"))};
    provider_->calls.clear();
    const auto bad = push("refs/heads/main", "2");
    EXPECT_TRUE(work());
    EXPECT_EQ(state(bad), DeploymentState::Failed);
    EXPECT_EQ(row(bad).error, "wrong token");
    EXPECT_EQ(provider_->calls, (Calls{"plan", "cancel"}));
    EXPECT_EQ(state(id), DeploymentState::Live) << "what is live stays";
    EXPECT_EQ(open(), 0U);
}

TEST_F(WorkerTest, WhatTheProviderLimitsWaitsAndTheNewestGoesFirst) {
    provider_->paced = true;
    for (const char* content : {"1", "2"}) {
        push("refs/heads/main", content);
        work();
    }
    const auto third = push("refs/heads/main", "3");
    work();
    EXPECT_EQ(state(third), DeploymentState::Queued);
    EXPECT_EQ(row(third).progress.waiting, "2 an hour");
    EXPECT_NEAR(static_cast<double>(row(third).progress.waits_until - clock_.now()), 3.6e6, 1e5);
    EXPECT_EQ(row(third).progress.failures, 0U);
    EXPECT_FALSE(work()) << "not before its time";
    const auto fourth = push("refs/heads/main", "4");
    pass(std::chrono::minutes(61));
    EXPECT_TRUE(work());
    EXPECT_EQ(state(third), DeploymentState::Superseded);
    EXPECT_EQ(state(fourth), DeploymentState::Live);
    EXPECT_EQ(row(fourth).release, 3U);
}

TEST_F(WorkerTest, TriesHaveAnEnd) {
    for (std::uint32_t i = 0; i <= kDeployTriesMax; ++i) {
        provider_->plans.emplace_back(passing());
    }
    const auto id = push("refs/heads/main", "1");
    for (std::uint32_t i = 0; i <= kDeployTriesMax; ++i) {
        EXPECT_TRUE(work());
        pass(std::chrono::minutes(5));
    }
    EXPECT_EQ(state(id), DeploymentState::Failed);
    EXPECT_FALSE(work());
}

TEST_F(WorkerTest, SomethingNewerTakesThePlaceOfWhatFails) {
    provider_->plans = {passing()};
    const auto first = push("refs/heads/main", "1");
    EXPECT_TRUE(work());
    const auto second = push("refs/heads/main", "2");
    pass(std::chrono::minutes(5));
    EXPECT_TRUE(work());
    EXPECT_EQ(state(first), DeploymentState::Superseded);
    EXPECT_EQ(row(second).release, 1U);
}

TEST_F(WorkerTest, AStateThatLastsForEverEnds) {
    const auto id = push("refs/heads/main", "1");
    for (int minute = 0; minute < 50; ++minute) {
        provider_->polls.emplace_back(Poll{.wait = Milliseconds(60'000), .text = "stuck"});
    }
    int worked = 0;
    for (int minute = 0; minute < 60 && state(id) != DeploymentState::Failed; ++minute) {
        worked += work() ? 1 : 0;
        pass(std::chrono::minutes(1));
    }
    EXPECT_EQ(state(id), DeploymentState::Failed);
    EXPECT_GE(worked, 45);
    EXPECT_TRUE(row(id).error.contains("45 minutes: stuck")) << row(id).error;
    EXPECT_EQ(provider_->calls.back(), "cancel");
}

TEST_F(WorkerTest, TimeWithoutAServerIsNotItsTime) {
    const auto id = push("refs/heads/main", "1");
    provider_->polls.emplace_back(Poll{.wait = Milliseconds(60'000), .text = "busy"});
    work();
    ASSERT_EQ(state(id), DeploymentState::Processing);
    pass(std::chrono::hours(24 * 3));
    start();
    work();
    EXPECT_EQ(state(id), DeploymentState::Live) << row(id).error;
}

TEST_F(WorkerTest, APreviewIsLiveBesideTheRelease) {
    rule("refs/heads/f*", true);
    const auto main = push("refs/heads/main", "1");
    const auto preview = push("refs/heads/feature", "2");
    while (work()) {
    }
    EXPECT_EQ(state(main), DeploymentState::Live);
    EXPECT_EQ(state(preview), DeploymentState::Live);
    EXPECT_EQ(row(preview).release, 0U);
}

TEST_F(WorkerTest, RollbackIsTheProvidersOwnOrAnUpload) {
    const auto first = push("refs/heads/main", "1");
    work();
    const auto second = push("refs/heads/main", "2");
    work();
    provider_->calls.clear();
    const auto back = roll_back_to(first);
    work();
    EXPECT_EQ(provider_->calls, (Calls{"roll_back remote-" + first.str(), "poll"}));
    EXPECT_EQ(state(back), DeploymentState::Live);
    EXPECT_EQ(row(back).commit, row(first).commit);
    EXPECT_EQ(row(back).release, 3U);
    EXPECT_EQ(state(second), DeploymentState::RolledBack);

    provider_->calls.clear();
    provider_->gone = true;
    const auto forth = roll_back_to(second);
    work();
    EXPECT_EQ(provider_->calls,
              (Calls{"roll_back remote-" + second.str(), "plan", "upload", "publish", "poll"}));
    EXPECT_EQ(state(forth), DeploymentState::Live);
}

TEST_F(WorkerTest, OneThatWaitsIsCancelledAtOnceAndOneUnderWayByItsJob) {
    const auto queued = push("refs/heads/main", "1");
    EXPECT_TRUE(cancel(queued));
    EXPECT_EQ(state(queued), DeploymentState::Cancelled);
    EXPECT_EQ(open(), 0U);

    provider_->polls = {Poll{.wait = Milliseconds(600'000), .text = "thinking"},
                        Poll{.wait = Milliseconds(600'000), .text = "thinking"}};
    const auto begun = push("refs/heads/main", "2");
    work();
    EXPECT_EQ(state(begun), DeploymentState::Processing);
    EXPECT_TRUE(cancel(begun));
    EXPECT_TRUE(work()) << "nobody waits for the provider any more";
    EXPECT_EQ(state(begun), DeploymentState::Cancelled);
    EXPECT_EQ(provider_->calls.back(), "cancel");
    EXPECT_EQ(open(), 0U);
    EXPECT_EQ(cancel(begun).error().reason(), "already_settled");
}

TEST_F(WorkerTest, WhatIsLiveBeforeItIsCancelledStays) {
    provider_->polls = {Poll{.wait = Milliseconds(600'000), .text = "thinking"}};
    const auto id = push("refs/heads/main", "1");
    work();
    EXPECT_TRUE(cancel(id));
    work();
    EXPECT_EQ(state(id), DeploymentState::Live);
    EXPECT_EQ(row(id).release, 1U);
    EXPECT_EQ(cancel(id).error().reason(), "already_settled");
}

TEST_F(WorkerTest, ARollbackUnderWayIsNotCancelled) {
    const auto first = push("refs/heads/main", "1");
    work();
    push("refs/heads/main", "2");
    work();
    provider_->polls = {Poll{.wait = Milliseconds(1000), .text = "thinking"}};
    const auto back = roll_back_to(first);
    work();
    EXPECT_EQ(cancel(back).error().reason(), "cannot_cancel");
}

TEST_F(WorkerTest, WhatFailedIsTriedAgainInItsOwnPlace) {
    provider_->plans = {std::unexpected(Error(Code::Unauthenticated, "wrong token"))};
    const auto failed = push("refs/heads/main", "1");
    work();
    const auto again = retry(failed);
    ASSERT_TRUE(again);
    work();
    EXPECT_EQ(state(*again), DeploymentState::Live);
    EXPECT_EQ(row(*again).commit, row(failed).commit);
    EXPECT_EQ(retry(*again).error().reason(), "not_failed");

    push("refs/heads/main", "2");
    work();
    const auto late = retry(failed);
    ASSERT_TRUE(late);
    provider_->calls.clear();
    work();
    EXPECT_EQ(state(*late), DeploymentState::Superseded) << "a newer push is live";
    EXPECT_TRUE(provider_->calls.empty()) << "and the provider shows nothing else";
}

TEST_F(WorkerTest, ADeletedBranchTakesItsPreviewWithIt) {
    rule("refs/heads/f*", true);
    const auto older = push("refs/heads/feature", "1");
    work();
    const auto live = push("refs/heads/feature", "2");
    work();
    EXPECT_EQ(state(older), DeploymentState::Superseded);
    const auto waiting = push("refs/heads/feature", "3");
    provider_->calls.clear();
    EXPECT_TRUE(delete_branch("refs/heads/feature"));
    EXPECT_EQ(state(waiting), DeploymentState::Cancelled);
    EXPECT_TRUE(work());
    EXPECT_EQ(provider_->calls, (Calls{"remove remote-" + live.str()}));
    EXPECT_EQ(state(live), DeploymentState::Superseded);
    EXPECT_EQ(open(), 0U);
    EXPECT_EQ(rows(store::Table::Previews), 0U);
}

TEST_F(WorkerTest, AStopLeavesItForTheNextStart) {
    const auto id = push("refs/heads/main", "1");
    worker_->stop();
    EXPECT_TRUE(work());
    EXPECT_EQ(state(id), DeploymentState::Uploading);
    EXPECT_EQ(row(id).progress.failures, 0U);
    EXPECT_EQ(open(), 1U);
}

TEST_F(WorkerTest, AFencedWorkerChangesNothing) {
    const auto id = push("refs/heads/main", "1");
    std::optional<store::Job> stale;
    for (int i = 0; i < 2; ++i) {  // The second claim takes the first one's lease over.
        ASSERT_TRUE(store_->write([&](store::Writer& writer) -> Status {
            ORIGIN_TRY(
                job,
                store::claim(writer,
                             {hooks::kDeployJob, clock_.now() + i * 10'000L, Milliseconds(1), 1}));
            if (!stale) {
                stale = job;
            }
            return {};
        }));
    }
    ASSERT_TRUE(stale);
    const Status worked = worker_->work(*stale);
    ASSERT_FALSE(worked);
    EXPECT_EQ(worked.error().reason(), "lease_lost");
    EXPECT_EQ(state(id), DeploymentState::Queued);
    EXPECT_TRUE(provider_->calls.empty());
}

TEST_F(WorkerTest, LocalIsOneTransaction) {
    put_target("local");
    const auto first = push("refs/heads/main", "1");
    const auto second = push("refs/heads/main", "2");
    EXPECT_TRUE(work());
    EXPECT_EQ(state(first), DeploymentState::Superseded);
    EXPECT_EQ(state(second), DeploymentState::Live);
    EXPECT_EQ(row(second).url, "http://shop.localhost:8080/");
    EXPECT_EQ(open(), 0U);
    EXPECT_EQ(rows(store::Table::JobsLeased), 0U);
}

TEST_F(WorkerTest, AConnectorThatIsNotHereIsSaid) {
    put_target("moon");
    const auto id = push("refs/heads/main", "1");
    EXPECT_TRUE(work());
    EXPECT_EQ(state(id), DeploymentState::Failed);
    EXPECT_TRUE(row(id).error.contains("moon"));
}

TEST_F(WorkerTest, WhatHasNoUrlIsNotCalledUnhealthy) {
    push("refs/heads/main", "1");
    while (work()) {
    }
    change_target([](store::TargetRow& target) {
        target.health.path = "/";
        target.health.roll_back = true;
    });
    provider_->polls.push_back(Poll{.state = Poll::State::Live});
    const auto id = push("refs/heads/main", "2");
    for (int i = 0; i < 10; ++i) {
        pass(std::chrono::minutes(1));
        work();
    }
    EXPECT_EQ(state(id), store::DeploymentState::Live);
    EXPECT_EQ(row(id).health, store::Health::Unknown);
    EXPECT_NE(row(id).log.back().text.find("no URL"), std::string::npos);
    EXPECT_EQ(open(), 0U);
}

}  // namespace
}  // namespace origin::deploy

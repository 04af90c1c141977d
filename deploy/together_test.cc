// SPDX-License-Identifier: Apache-2.0
// Goal: what one push brings to several targets goes live together or not at all, whichever of them
// fails, is cancelled or overtaken, and whenever. Method: two providers and a `local` target that
// do what the test says.
#include "deploy/together.h"

#include <algorithm>

#include "deploy/worker_fixture.h"
#include "git/serve/catalogue.h"

namespace origin::deploy {
namespace {

using store::DeploymentState;

class TogetherTest : public WorkerTest {
protected:
    void SetUp() override {
        WorkerTest::SetUp();
        auto second = std::make_unique<Scripted>("second");
        second_ = second.get();
        connectors_.add(std::move(second));
        put_target("second", "mirror");
        rule("refs/heads/main", false, "mirror");
        promote(true);
    }
    void promote(bool together) {
        ASSERT_TRUE(store_->write([&](store::Writer& writer) -> Status {
            ORIGIN_CHECK(git::change_project(
                writer, project_, {.promotes_together = together, .now = clock_.now()}));
            return {};
        }));
    }
    void add_local() {
        put_target(std::string(kLocal), "here");
        rule("refs/heads/main", false, "here");
    }
    /// The deployments of a push, by target.
    std::map<std::string, DeploymentId> push_all(const std::string& content) {
        const auto outcome = commit_file(
            "refs/heads/main", tip("refs/heads/main").value_or(Oid{}), "index.html", content);
        std::map<std::string, DeploymentId> by_target;
        EXPECT_TRUE(outcome);
        for (const DeploymentId& id : outcome->deployments) {
            by_target.emplace(row(id).target, id);
        }
        return by_target;
    }
    /// All jobs, until nothing is left that could be done without more time.
    void work_all() {
        while (work()) {
        }
    }
    void work_on() {
        for (int i = 0; i < 40 && open() > 0; ++i) {
            pass(std::chrono::minutes(1));
            work_all();
        }
    }
    static std::unexpected<Error> refused() {
        return std::unexpected(Error(Code::InvalidInput, "the provider says no"));
    }
    Scripted* second_ = nullptr;
};

const std::string kProduction(store::kProductionTarget);

TEST_F(TogetherTest, NoneIsPublishedBeforeAllAreStaged) {
    second_->plans.push_back(UploadPlan{.parts = {}, .wait = std::chrono::minutes(10)});
    const auto ids = push_all("1");
    work_all();
    EXPECT_EQ(provider_->calls, (std::vector<std::string>{"plan", "upload"}));
    const auto held = row(ids.at(kProduction));
    EXPECT_EQ(held.state, DeploymentState::Uploading);
    EXPECT_EQ(held.progress.waiting, "mirror, to go live together");
    pass(std::chrono::minutes(5));
    work_all();
    EXPECT_EQ(provider_->calls.size(), 2U) << "the provider is not asked again";
    EXPECT_EQ(row(ids.at(kProduction)).log.size(), held.log.size()) << "nor is the log filled";
    work_on();
    EXPECT_EQ(state(ids.at(kProduction)), DeploymentState::Live);
    EXPECT_EQ(state(ids.at("mirror")), DeploymentState::Live);
    EXPECT_TRUE(row(ids.at("mirror")).progress.waiting.empty());
}

TEST_F(TogetherTest, EachGoesAloneUnlessTheProjectSaysAll) {
    promote(false);
    second_->plans.push_back(refused());
    const auto ids = push_all("1");
    work_all();
    EXPECT_EQ(state(ids.at(kProduction)), DeploymentState::Live);
    EXPECT_EQ(state(ids.at("mirror")), DeploymentState::Failed);
}

TEST_F(TogetherTest, OneThatFailsBeforeKeepsAllBack) {
    second_->plans.push_back(refused());
    add_local();
    const auto ids = push_all("1");
    work_on();
    for (const std::string& target : {kProduction, std::string("here")}) {
        EXPECT_EQ(state(ids.at(target)), DeploymentState::Failed);
        EXPECT_NE(row(ids.at(target)).error.find("mirror failed"), std::string::npos);
    }
    EXPECT_EQ(std::ranges::count(provider_->calls, "publish"), 0);
    EXPECT_EQ(rows(store::Table::Releases), 0U);
}

TEST_F(TogetherTest, OneThatFailsAfterFlipsTheOthersBack) {
    add_local();
    const auto first = push_all("1");
    work_on();
    ASSERT_EQ(state(first.at("mirror")), DeploymentState::Live);
    second_->polls.push_back(Poll{.state = Poll::State::Failed, .text = "it broke"});
    const auto ids = push_all("2");
    work_on();
    EXPECT_EQ(state(ids.at("mirror")), DeploymentState::Failed);
    EXPECT_EQ(state(ids.at(kProduction)), DeploymentState::RolledBack);
    EXPECT_EQ(state(ids.at("here")), DeploymentState::RolledBack);
    EXPECT_EQ(state(first.at("mirror")), DeploymentState::Live) << "it was never replaced";
    EXPECT_EQ(std::ranges::count_if(
                  provider_->calls,
                  [](const std::string& call) { return call.starts_with("roll_back "); }),
              1)
        << "once";
    EXPECT_EQ(open(), 0U);
}

TEST_F(TogetherTest, TheFirstReleaseHasNothingToGoBackTo) {
    second_->polls.push_back(Poll{.state = Poll::State::Failed, .text = "it broke"});
    const auto ids = push_all("1");
    work_on();
    EXPECT_EQ(state(ids.at("mirror")), DeploymentState::Failed);
    const auto stays = row(ids.at(kProduction));
    EXPECT_EQ(stays.state, DeploymentState::Live);
    EXPECT_NE(stays.log.back().text.find("no release before it"), std::string::npos);
}

TEST_F(TogetherTest, ATargetThatWasRemovedMeanwhileKeepsNoneFromGoingBack) {
    add_local();
    const auto first = push_all("1");
    work_on();
    second_->polls.push_back(Poll{});
    second_->polls.push_back(Poll{.state = Poll::State::Failed, .text = "it broke"});
    const auto ids = push_all("2");
    for (int i = 0; i < 40 && state(ids.at("here")) != DeploymentState::Live; ++i) {
        clock_.advance(std::chrono::milliseconds(200));
        work();
    }
    ASSERT_EQ(state(ids.at("here")), DeploymentState::Live);
    ASSERT_FALSE(store::is_settled(state(ids.at("mirror"))));
    ASSERT_TRUE(store_->write([&](store::Writer& writer) {
        return writer.erase(store::Table::Targets, store::target_key(project_, "here"));
    }));
    work_on();
    EXPECT_EQ(state(ids.at("mirror")), DeploymentState::Failed);
    EXPECT_EQ(state(ids.at(kProduction)), DeploymentState::RolledBack);
    EXPECT_EQ(open(), 0U);
}

TEST_F(TogetherTest, OneThatIsCancelledEndsTheOthers) {
    provider_->plans.push_back(UploadPlan{.parts = {}, .wait = std::chrono::minutes(10)});
    add_local();
    const auto ids = push_all("1");
    work_all();
    EXPECT_EQ(state(ids.at("here")), DeploymentState::Processing);
    ASSERT_TRUE(cancel(ids.at("here")));
    work_on();
    EXPECT_EQ(state(ids.at("here")), DeploymentState::Cancelled);
    EXPECT_EQ(state(ids.at(kProduction)), DeploymentState::Failed);
    EXPECT_EQ(state(ids.at("mirror")), DeploymentState::Failed);
    EXPECT_EQ(rows(store::Table::Releases), 0U);
}

TEST_F(TogetherTest, NoneGoesLiveWithOneThatIsToBeCancelled) {
    provider_->plans.push_back(UploadPlan{.parts = {}, .wait = std::chrono::minutes(10)});
    const auto ids = push_all("1");
    work_all();
    ASSERT_TRUE(row(ids.at("mirror")).staged);
    // As if no thread were free: only the other one is worked on.
    ASSERT_TRUE(cancel(ids.at("mirror")));
    const auto mirror = claim(hooks::kDeployJob, clock_.now());
    ASSERT_TRUE(mirror);
    pass(std::chrono::minutes(10));
    ASSERT_TRUE(store_->write([&](store::Writer& writer) {
        return store::retry_at(writer, *mirror, clock_.now() + 60'000);
    }));
    EXPECT_TRUE(work());
    EXPECT_EQ(state(ids.at(kProduction)), DeploymentState::Failed);
    work_on();
    EXPECT_EQ(state(ids.at("mirror")), DeploymentState::Cancelled);
    EXPECT_EQ(rows(store::Table::Releases), 0U);
}

TEST_F(TogetherTest, WhatOnceFailedBeforeItWasReadyGivesWayToNothing) {
    provider_->plans.push_back(UploadPlan{.parts = {}, .wait = std::chrono::seconds(10)});
    second_->plans = {passing(), UploadPlan{}};
    const auto first = push_all("1");
    for (int i = 0; i < 100 && state(first.at(kProduction)) != DeploymentState::Live; ++i) {
        clock_.advance(std::chrono::milliseconds(200));
        work();
    }
    ASSERT_TRUE(row(first.at("mirror")).staged);
    ASSERT_FALSE(row(first.at("mirror")).released);
    const auto second = push_all("2");
    work_on();
    for (const std::string& target : {kProduction, std::string("mirror")}) {
        EXPECT_EQ(row(first.at(target)).release, 1U) << target;
        EXPECT_EQ(row(second.at(target)).release, 2U) << target;
    }
}

TEST_F(TogetherTest, ARollbackThatSomebodyOrderedStandsWhenTheOthersGoBack) {
    const auto first = push_all("1");
    work_on();
    push_all("2");
    work_on();
    change_target([](store::TargetRow& target) { target.health.path = "/nowhere"; }, "mirror");
    const auto ids = push_all("3");
    for (int i = 0; i < 100 && (row(ids.at("mirror")).health != store::Health::Checking ||
                                state(ids.at(kProduction)) != DeploymentState::Live);
         ++i) {
        clock_.advance(std::chrono::milliseconds(200));
        work();
    }
    ASSERT_EQ(row(ids.at("mirror")).health, store::Health::Checking);
    provider_->polls.push_back(Poll{.wait = std::chrono::minutes(5), .text = "thinking"});
    const auto back = roll_back_to(first.at(kProduction));
    work_on();
    EXPECT_EQ(row(back).release, 4U);
    EXPECT_EQ(state(back), DeploymentState::Live) << "nothing else went back after it";
    EXPECT_EQ(state(ids.at("mirror")), DeploymentState::RolledBack);
}

TEST_F(TogetherTest, OneWhoseConnectorIsGoneTakesTheOthersBack) {
    push_all("1");
    work_on();
    second_->publishes = {passing()};
    const auto ids = push_all("2");
    for (int i = 0; i < 100 && state(ids.at(kProduction)) != DeploymentState::Live; ++i) {
        clock_.advance(std::chrono::milliseconds(200));
        work();
    }
    change_target([](store::TargetRow& target) { target.connector = "moon"; }, "mirror");
    work_on();
    EXPECT_EQ(state(ids.at("mirror")), DeploymentState::Failed);
    EXPECT_EQ(state(ids.at(kProduction)), DeploymentState::RolledBack);
}

TEST_F(TogetherTest, WhatIsOvertakenGivesWayEverywhere) {
    second_->plans.push_back(passing());
    const auto first = push_all("1");
    work_all();
    const auto second = push_all("2");
    work_on();
    for (const std::string& target : {kProduction, std::string("mirror")}) {
        EXPECT_EQ(state(first.at(target)), DeploymentState::Superseded) << target;
        EXPECT_EQ(state(second.at(target)), DeploymentState::Live) << target;
    }
    EXPECT_EQ(rows(store::Table::Releases), 2U);
}

TEST_F(TogetherTest, WhoPublishesByItselfIsAskedNotTo) {
    provider_->revealed_by = Reveals::Poll;
    second_->plans.push_back(UploadPlan{.parts = {}, .wait = std::chrono::minutes(10)});
    const auto ids = push_all("1");
    work_all();
    EXPECT_EQ(state(ids.at(kProduction)), DeploymentState::Processing);
    EXPECT_EQ(provider_->calls.back(), "poll");
    work_on();
    EXPECT_EQ(state(ids.at(kProduction)), DeploymentState::Live);
}

TEST_F(TogetherTest, WhoseUploadIsLiveUploadsLast) {
    provider_->revealed_by = Reveals::Upload;
    second_->plans.push_back(UploadPlan{.parts = {}, .wait = std::chrono::minutes(10)});
    const auto ids = push_all("1");
    work_all();
    EXPECT_TRUE(provider_->calls.empty());
    work_on();
    EXPECT_EQ(state(ids.at(kProduction)), DeploymentState::Live);
}

TEST_F(TogetherTest, AnUnhealthyOneFlipsAllBack) {
    add_local();
    const auto first = push_all("1");
    work_on();
    change_target([](store::TargetRow& target) { target.health.path = "/nowhere"; }, "mirror");
    const auto ids = push_all("2");
    work_on();
    for (const std::string& target : {kProduction, std::string("mirror"), std::string("here")}) {
        EXPECT_EQ(state(ids.at(target)), DeploymentState::RolledBack) << target;
    }
    EXPECT_EQ(open(), 0U);
}

TEST_F(TogetherTest, OneThatGoesLiveGivesWayToNothing) {
    second_->publishes = {passing()};
    const auto first = push_all("1");
    work_all();
    EXPECT_EQ(state(first.at(kProduction)), DeploymentState::Live);
    EXPECT_EQ(state(first.at("mirror")), DeploymentState::Uploading);
    const auto second = push_all("2");
    work_on();
    for (const std::string& target : {kProduction, std::string("mirror")}) {
        EXPECT_EQ(row(first.at(target)).release, 1U) << target;
        EXPECT_EQ(row(second.at(target)).release, 2U) << target;
    }
    EXPECT_EQ(open(), 0U);
}

TEST_F(TogetherTest, WaitingForTheOthersIsNotItsTime) {
    provider_->revealed_by = Reveals::Poll;
    for (int i = 0; i < 10; ++i) {
        second_->plans.push_back(UploadPlan{.parts = {}, .wait = std::chrono::minutes(11)});
    }
    const auto ids = push_all("1");
    for (int i = 0; i < 130 && open() > 0; ++i) {
        pass(std::chrono::minutes(1));
        work_all();
    }
    EXPECT_EQ(state(ids.at(kProduction)), DeploymentState::Live);
    EXPECT_EQ(state(ids.at("mirror")), DeploymentState::Live);
}

TEST_F(TogetherTest, AKilledServerGoesOnWaiting) {
    second_->plans.push_back(UploadPlan{.parts = {}, .wait = std::chrono::minutes(10)});
    const auto ids = push_all("1");
    work_all();
    start();
    work_on();
    EXPECT_EQ(state(ids.at(kProduction)), DeploymentState::Live);
    EXPECT_EQ(state(ids.at("mirror")), DeploymentState::Live);
    EXPECT_EQ(std::ranges::count(provider_->calls, "publish"), 1);
}

}  // namespace
}  // namespace origin::deploy

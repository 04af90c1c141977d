// SPDX-License-Identifier: Apache-2.0
// Goal: what is live is the newest deployment, or what somebody rolled back to; each release counts
// once. Method: deployments taken live in every order over the in-memory store.
#include "deploy/releases.h"

#include <gtest/gtest.h>

#include "git/serve/catalogue.h"
#include "hooks/deployments.h"
#include "store/memory_store.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::deploy {
namespace {

using store::DeploymentState;

class ReleasesTest : public ::testing::Test {
protected:
    void SetUp() override {
        ASSERT_TRUE(store_->write([&](store::Writer& writer) -> Status {
            ORIGIN_CHECK(git::create_project(
                writer, {.id = project_, .owner = {}, .slug = "shop", .name = {}, .actor = {}}));
            store::TargetRow target;
            target.connector = "local";
            return store::put_row(writer,
                                  store::Table::Targets,
                                  store::target_key(project_, store::kProductionTarget),
                                  target);
        }));
    }
    DeploymentId queue(std::uint64_t push) {
        const auto id = DeploymentId::make(clock_, random_);
        EXPECT_TRUE(store_->write([&](store::Writer& writer) -> Status {
            ORIGIN_CHECK(writer.put(store::Table::Pushes, store::push_key(project_, push), "x"));
            return hooks::queue_deployment(writer,
                                           {.id = id,
                                            .project = project_,
                                            .target = "production",
                                            .commit = {},
                                            .ref = "refs/heads/main",
                                            .push = push});
        }));
        return id;
    }
    void live(const DeploymentId& id) {
        EXPECT_TRUE(store_->write([&](store::Writer& writer) -> Status {
            ORIGIN_TRY(row, hooks::need_deployment(writer, project_, id));
            row.url = live_url(urls_, "shop", row.target);
            return go_live(writer, project_, id, row, 5);
        }));
    }
    std::string roll_back_to(const DeploymentId& earlier, DeploymentId* made = nullptr) {
        const auto id = DeploymentId::make(clock_, random_);
        const Status done = store_->write([&](store::Writer& writer) {
            return roll_back(writer, {id, project_, earlier, 9}, urls_);
        });
        if (made != nullptr) {
            *made = id;
        }
        return done ? "" : std::string(done.error().reason());
    }
    store::DeploymentRow row(const DeploymentId& id) {
        store::DeploymentRow found;
        EXPECT_TRUE(store_->read([&](store::Reader& reader) -> Status {
            ORIGIN_TRY(read, hooks::need_deployment(reader, project_, id));
            found = read;
            return {};
        }));
        return found;
    }
    store::TargetRow target() {
        store::TargetRow found;
        EXPECT_TRUE(store_->read([&](store::Reader& reader) -> Status {
            ORIGIN_TRY(
                read,
                store::need_row<store::TargetRow>(
                    reader, store::Table::Targets, store::target_key(project_, "production"), ""));
            found = read;
            return {};
        }));
        return found;
    }

    SystemClock clock_;
    SystemRandom random_;
    std::unique_ptr<store::Store> store_ = store::make_memory_store();
    auth::Urls urls_ = *auth::Urls::make("http://127.0.0.1:8080", "localhost");
    ProjectId project_ = ProjectId::make(clock_, random_);
};

TEST_F(ReleasesTest, AnOlderPushNeverReplacesANewerOne) {
    const auto old = queue(1);
    const auto young = queue(2);
    live(young);
    live(old);
    EXPECT_EQ(row(young).state, DeploymentState::Live);
    EXPECT_EQ(row(old).state, DeploymentState::Superseded);
    EXPECT_EQ(target().live, young);
    EXPECT_EQ(target().releases, 1U);
}

TEST_F(ReleasesTest, APreviewReplacesNothing) {
    const auto first = queue(1);
    live(first);
    const auto preview = queue(2);
    ASSERT_TRUE(store_->write([&](store::Writer& writer) -> Status {
        ORIGIN_TRY(found, hooks::need_deployment(writer, project_, preview));
        found.preview = true;
        found.url = "http://c-1--shop.localhost:8080/";
        return go_live(writer, project_, preview, found, 5);
    }));
    EXPECT_EQ(row(preview).state, DeploymentState::Live);
    EXPECT_EQ(row(preview).release, 0U);
    EXPECT_EQ(row(first).state, DeploymentState::Live);
    EXPECT_EQ(target().live, first);
    EXPECT_EQ(target().releases, 1U);
    EXPECT_EQ(roll_back_to(preview), "not_a_release");
}

TEST_F(ReleasesTest, RollbackNeedsARelease) {
    const auto never = queue(1);
    EXPECT_EQ(roll_back_to(never), "not_a_release");
    live(never);
    EXPECT_EQ(roll_back_to(never), "already_live");
    EXPECT_EQ(roll_back_to(DeploymentId{}), "not_found");
}

TEST_F(ReleasesTest, RollbackIsANewReleaseOfTheOldCommit) {
    const auto first = queue(1);
    const auto second = queue(2);
    live(first);
    live(second);
    DeploymentId back;
    ASSERT_EQ(roll_back_to(first, &back), "");
    EXPECT_EQ(row(second).state, DeploymentState::RolledBack);
    EXPECT_EQ(row(back).state, DeploymentState::Live);
    EXPECT_EQ(row(back).release, 3U);
    EXPECT_EQ(row(back).rollback_of, first);
    EXPECT_EQ(target().live, back);
    const auto third = queue(3);
    live(third);
    EXPECT_EQ(target().live, third) << "a later push deploys again";
}

TEST_F(ReleasesTest, WhatWasQueuedBeforeARollbackDoesNotUndoIt) {
    const auto first = queue(1);
    const auto second = queue(2);
    live(first);
    live(second);
    const auto waiting = queue(2);
    DeploymentId back;
    ASSERT_EQ(roll_back_to(first, &back), "");
    live(waiting);
    EXPECT_EQ(row(waiting).state, DeploymentState::Superseded);
    EXPECT_EQ(target().live, back);
}

}  // namespace
}  // namespace origin::deploy

// SPDX-License-Identifier: Apache-2.0
// Goal: an endpoint gets work for the events it may hear, and no other; resuming it goes on where
//       it stopped.
// Method: the in-memory store; the news of an endpoint asked for as its job asks.
#include "hooks/webhooks.h"

#include <algorithm>

#include "hooks/webhook_fixture.h"
#include "hooks/webhook_news.h"
#include "store/rows/deploy.h"

namespace origin::hooks {
namespace {

using store::WebhookRow;
using store::WebhookState;

class Webhooks : public ::testing::Test, protected WebhookWorld {
protected:
    /// The sequence of the next event for an endpoint; 0: none.
    std::uint64_t next(const WebhookScope& scope, WebhookRow& hook) {
        std::uint64_t sequence = 0;
        EXPECT_TRUE(store->read([&](store::Reader& reader) -> Status {
            ORIGIN_TRY(news, next_news(reader, scope, hook));
            sequence = news.event ? news.event->sequence : 0;
            return {};
        }));
        return sequence;
    }
    std::uint64_t heard_first(const WebhookScope& scope, const NewWebhook& wanted) {
        const WebhookId id = endpoint(wanted);
        WebhookRow hook = row(scope, id);
        hook.cursor = 0;
        return next(scope, hook);
    }
};

TEST_F(Webhooks, OneJobPerEndpointHoweverManyEvents) {
    const auto start = told().size();
    endpoint({.id = {}, .scope = shop, .url = "u", .sealed_secret = {}});
    const auto before = event(other, "push");
    dispatch(start);
    EXPECT_FALSE(claim()) << "an event of another project";
    event(shop, "push");
    event(shop, "push");
    dispatch(before);
    dispatch(before);
    const auto job = claim();
    ASSERT_TRUE(job);
    EXPECT_EQ(job->kind, kSlowWebhookJob) << "nobody knows it yet";
    EXPECT_FALSE(claim());
}

TEST_F(Webhooks, AnEndpointHearsOnlyWhatComesAfterIt) {
    const std::uint64_t before = event(shop, "push");
    const auto id = endpoint({.id = {}, .scope = shop, .url = "u", .sealed_secret = {}});
    WebhookRow hook = row(shop, id);
    EXPECT_EQ(hook.cursor, before);
    EXPECT_EQ(next(shop, hook), 0U);
    const std::uint64_t after = event(shop, "push");
    EXPECT_EQ(next(shop, hook), after);
}

TEST_F(Webhooks, AClientsEndpointHearsAllItsProjectsAndNoOther) {
    const auto start = told().size();
    const auto id = endpoint({.id = {}, .scope = ann, .url = "u", .sealed_secret = {}});
    event(other, "push");
    event({.type = "webhook.paused", .project = {}, .client = bob, .data = {}});
    dispatch(start);
    EXPECT_FALSE(claim());
    const std::vector<std::uint64_t> own = {
        event(shop, "push"),
        event(site, "run.pending"),
        event({.type = "webhook.paused", .project = {}, .client = ann, .data = {}})};
    event({.type = "push", .project = other, .client = ann, .data = {}});  // She pushed to bob's.
    dispatch(start);
    EXPECT_TRUE(claim());
    WebhookRow hook = row(ann, id);
    std::vector<std::uint64_t> heard;
    while (const auto sequence = next(ann, hook)) {
        heard.push_back(sequence);
        hook.cursor = sequence;
    }
    EXPECT_EQ(heard, own);
}

TEST_F(Webhooks, AClientsEndpointDoesNotReadAgainWhatOthersDid) {
    const auto start = told().size();
    const auto id = endpoint({.id = {}, .scope = ann, .url = "u", .sealed_secret = {}});
    for (int i = 0; i < 200; ++i) {
        event(other, "push");
    }
    const std::uint64_t own = event(shop, "push");
    dispatch(start);
    EXPECT_EQ(row(ann, id).cursor, own - 1);
}

TEST_F(Webhooks, TypesAreFilteredByGlobs) {
    push(shop, {"refs/heads/main"});
    const auto queued = event(shop, "deployment.queued");
    EXPECT_EQ(heard_first(shop,
                          {.id = {},
                           .scope = shop,
                           .url = "u",
                           .sealed_secret = {},
                           .events = {"run.*", "deployment.*"}}),
              queued);
}

TEST_F(Webhooks, RefsAreFilteredByGlobs) {
    push(shop, {"refs/heads/feature/a/b", "refs/tags/v1"});
    const auto run = event(shop, "run.pending", R"({"branch":"refs/heads/main"})");
    const auto both = push(shop, {"refs/heads/x", "refs/heads/fix/y"});
    const auto plain = event(shop, "project.renamed");
    const auto first_for = [&](std::vector<std::string> refs) {
        return heard_first(shop,
                           {.id = {},
                            .scope = shop,
                            .url = "u",
                            .sealed_secret = {},
                            .events = {"push", "run.*", "project.renamed"},
                            .refs = std::move(refs)});
    };
    EXPECT_EQ(first_for({"refs/heads/main"}), run);
    EXPECT_EQ(first_for({"refs/heads/fix/*"}), both) << "one of its refs is enough";
    EXPECT_EQ(first_for({"refs/heads/nothing"}), plain) << "it is about no ref";
}

TEST_F(Webhooks, ADeploymentIsAboutTheRefItCameFrom) {
    const auto id = DeploymentId::make(clock, random);
    ASSERT_TRUE(store->write([&](store::Writer& writer) {
        store::DeploymentRow deployment;
        deployment.ref = "refs/heads/main";
        return store::put_row(
            writer, store::Table::Deployments, store::deployment_key(shop, id), deployment);
    }));
    const auto live = event(shop, "deployment.live", R"({"deploymentId":")" + id.str() + "\"}");
    NewWebhook wanted{.id = {}, .scope = shop, .url = "u", .sealed_secret = {}};
    wanted.events = {"deployment.*"};
    wanted.refs = {"refs/heads/main"};
    EXPECT_EQ(heard_first(shop, wanted), live);
    wanted.refs = {"refs/heads/other"};
    EXPECT_EQ(heard_first(shop, wanted), 0U);
}

TEST_F(Webhooks, APausedEndpointGetsNoWorkUntilItIsResumed) {
    const auto id = endpoint({.id = {}, .scope = shop, .url = "u", .sealed_secret = {}});
    const auto start = told().size();
    WebhookRow hook = row(shop, id);
    hook.state = WebhookState::Paused;
    hook.attempts = 12;
    ASSERT_TRUE(store->write([&](store::Writer& writer) {
        return store::put_row(writer, store::Table::Webhooks, webhook_key(shop, id), hook);
    }));
    const auto missed = push(shop, {"refs/heads/main"});
    dispatch(start);
    EXPECT_FALSE(claim());
    const auto resume = [&] {
        return store->write(
            [&](store::Writer& writer) { return resume_webhook(writer, shop, id, 5); });
    };
    ASSERT_TRUE(resume());
    EXPECT_EQ(told().back(), "webhook.resumed");
    const auto job = claim();
    ASSERT_TRUE(job);
    hook = row(shop, id);
    EXPECT_EQ(hook.state, WebhookState::Active);
    EXPECT_EQ(hook.attempts, 0U);
    EXPECT_EQ(next(shop, hook), missed) << "it goes on where it stopped";
    ASSERT_TRUE(resume()) << "twice is no error";
    EXPECT_EQ(std::ranges::count(told(), "webhook.resumed"), 1);
    EXPECT_FALSE(claim()) << "it is being worked on";
}

TEST_F(Webhooks, ResumingAnEndpointThatWaitsTriesItNow) {
    const auto id = endpoint({.id = {}, .scope = shop, .url = "u", .sealed_secret = {}});
    push(shop, {"refs/heads/main"});
    dispatch();
    const auto job = claim();
    ASSERT_TRUE(job);
    ASSERT_TRUE(store->write(
        [&](store::Writer& writer) { return store::retry_at(writer, *job, 1'000'000); }));
    EXPECT_FALSE(claim());
    ASSERT_TRUE(
        store->write([&](store::Writer& writer) { return resume_webhook(writer, shop, id, 5); }));
    EXPECT_TRUE(claim());
    EXPECT_EQ(std::ranges::count(told(), "webhook.resumed"), 0) << "it had not stopped";
}

TEST_F(Webhooks, AClientTakesItsEndpointsWithIt) {
    const auto carl = ClientId::make(clock, random);
    ASSERT_TRUE(store->write([&](store::Writer& writer) -> Status {
        ORIGIN_CHECK(auth::create_client(
            writer, {.id = carl, .slug = "carl", .name = {}, .email = {}, .now = 1}));
        return {};
    }));
    const auto id = endpoint({.id = {}, .scope = carl, .url = "u", .sealed_secret = {}});
    ASSERT_TRUE(
        store->write([&](store::Writer& writer) { return auth::delete_client(writer, carl); }));
    ASSERT_TRUE(store->read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(left, reader.get(store::Table::Webhooks, webhook_key(carl, id)));
        EXPECT_FALSE(left);
        return {};
    }));
}

}  // namespace
}  // namespace origin::hooks

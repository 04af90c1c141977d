// SPDX-License-Identifier: Apache-2.0
// Goal: an endpoint hears each event it wants, signed, in order; a dead one is left in peace in
// time. Method: the signature's published vector; then jobs over the in-memory store. Delivery over
// real sockets is tested by tests/scenarios.
#include "hooks/webhooks.h"

#include <gtest/gtest.h>

#include "crypto/encode.h"
#include "crypto/seal.h"
#include "store/memory_store.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::hooks {
namespace {

TEST(WebhookSignature, IsThePublishedOne) {
    // Source: standard-webhooks/standard-webhooks, libraries/*/tests.
    const auto key = crypto::base64_decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    ASSERT_TRUE(key);
    EXPECT_EQ(webhook_signature(
                  *key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, R"({"test": 2432232314})"),
              "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(WebhookRetry, GivesUpAfterThreeDays) {
    std::int64_t total = 0;
    std::uint32_t attempts = 1;
    while (const auto delay = webhook_retry_delay(attempts)) {
        total += *delay;
        ++attempts;
    }
    EXPECT_EQ(attempts, 10U);
    EXPECT_GT(total, 72LL * 3600 * 1000);
    EXPECT_FALSE(webhook_retry_delay(0));
}

class WebhookJobs : public ::testing::Test {
protected:
    std::uint64_t event(const ProjectId& project, const std::string& type) {
        std::uint64_t sequence = 0;
        EXPECT_TRUE(store_->write([&](store::Writer& writer) -> Status {
            ORIGIN_TRY(
                made,
                store::append_event(
                    writer,
                    {.time = 1, .type = type, .project = project, .client = {}, .data = "{}"}));
            sequence = made;
            return {};
        }));
        return sequence;
    }
    void dispatch() {
        EXPECT_TRUE(store_->write([&](store::Writer& writer) -> Status {
            ORIGIN_TRY(events, store::read_events(writer, 0, 100));
            return queue_webhooks(writer, events);
        }));
    }
    std::optional<store::Job> claim() {
        std::optional<store::Job> job;
        EXPECT_TRUE(store_->write([&](store::Writer& writer) -> Status {
            ORIGIN_TRY(claimed, store::claim(writer, {kWebhookJob, 1000, Milliseconds(1000), 1}));
            job = claimed;
            return {};
        }));
        return job;
    }

    SystemClock clock_;
    SystemRandom random_;
    std::unique_ptr<store::Store> store_ = store::make_memory_store();
    ProjectId project_ = ProjectId::make(clock_, random_);
    ProjectId other_ = ProjectId::make(clock_, random_);
};

TEST_F(WebhookJobs, OneJobPerEndpointHoweverManyEvents) {
    const auto id = WebhookId::make(clock_, random_);
    ASSERT_TRUE(store_->write([&](store::Writer& writer) {
        return create_webhook(writer,
                              {.id = id,
                               .project = project_,
                               .url = "https://example.org/",
                               .sealed_secret = {},
                               .events = {}});
    }));
    event(other_, "push");
    dispatch();
    EXPECT_FALSE(claim()) << "an event of another project";
    event(project_, "push");
    event(project_, "push");
    dispatch();
    dispatch();
    EXPECT_TRUE(claim());
    EXPECT_FALSE(claim());
}

TEST_F(WebhookJobs, AnEndpointHearsOnlyWhatComesAfterIt) {
    const std::uint64_t before = event(project_, "push");
    const auto id = WebhookId::make(clock_, random_);
    ASSERT_TRUE(store_->write([&](store::Writer& writer) {
        return create_webhook(
            writer, {.id = id, .project = project_, .url = "u", .sealed_secret = {}, .events = {}});
    }));
    ASSERT_TRUE(store_->read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(row,
                   store::need_row<store::WebhookRow>(
                       reader, store::Table::Webhooks, store::webhook_key(project_, id), ""));
        EXPECT_EQ(row.cursor, before);
        return {};
    }));
}

TEST_F(WebhookJobs, ADeletedEndpointsJobEnds) {
    const auto id = WebhookId::make(clock_, random_);
    ASSERT_TRUE(store_->write([&](store::Writer& writer) {
        return create_webhook(
            writer, {.id = id, .project = project_, .url = "u", .sealed_secret = {}, .events = {}});
    }));
    event(project_, "push");
    dispatch();
    ASSERT_TRUE(store_->write([&](store::Writer& writer) {
        return writer.erase(store::Table::Webhooks, store::webhook_key(project_, id));
    }));
    const auto job = claim();
    ASSERT_TRUE(job);
    const net::HttpClient client({});
    Log log(2, LogFormat::Text, Level::Error, clock_);
    const WebhookDelivery delivery(
        {*store_, client, clock_, clock_, log, Secret(std::string(32, 'k'))});
    EXPECT_TRUE(delivery.work(*job));
    EXPECT_FALSE(claim());
}

TEST_F(WebhookJobs, APrivateAddressIsNeverReachedAndTheAttemptIsLogged) {
    const auto id = WebhookId::make(clock_, random_);
    const Secret master(std::string(32, 'k'));
    const WebhookSecret secret = make_webhook_secret(random_);
    EXPECT_TRUE(secret.shown.reveal().starts_with("whsec_"));
    ASSERT_TRUE(store_->write([&](store::Writer& writer) {
        return create_webhook(
            writer,
            {.id = id,
             .project = project_,
             .url = "http://127.0.0.1:1/hook",
             .sealed_secret = seal_webhook_secret(master, id, secret.raw, random_),
             .events = {"push"}});
    }));
    event(project_, "run.pending");  // Not wanted: skipped.
    const std::uint64_t wanted = event(project_, "push");
    dispatch();
    const auto job = claim();
    ASSERT_TRUE(job);
    const net::HttpClient client({});
    Log log(2, LogFormat::Text, Level::Error, clock_);
    const WebhookDelivery delivery({*store_, client, clock_, clock_, log, master});
    ASSERT_TRUE(delivery.work(*job));
    ASSERT_TRUE(store_->read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(
            row,
            store::need_row<store::DeliveryRow>(
                reader, store::Table::Deliveries, store::delivery_key(id, wanted, 1), "none"));
        EXPECT_EQ(row.status, 0U);
        EXPECT_FALSE(row.error.empty());
        ORIGIN_TRY(hook,
                   store::need_row<store::WebhookRow>(
                       reader, store::Table::Webhooks, store::webhook_key(project_, id), ""));
        EXPECT_EQ(hook.attempts, 1U);
        EXPECT_LT(hook.cursor, wanted);
        return {};
    }));
    EXPECT_FALSE(claim()) << "it is put off";
}

}  // namespace
}  // namespace origin::hooks

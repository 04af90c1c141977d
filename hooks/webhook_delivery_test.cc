// SPDX-License-Identifier: Apache-2.0
// Goal: whatever an endpoint answers, each event reaches it in order and at least once, or its
// owner
//       is told that it does not; and the delivery log says what happened.
// Method: our own HTTP server as the endpoint, answering what the test says; jobs done as a runner
//         does them, with a clock that jumps to when the next one is due.
#include "hooks/webhook_delivery.h"

#include <deque>
#include <filesystem>

#include "hooks/webhook_fixture.h"
#include "net/server_fixture.h"
#include "store/rows/audit.h"

namespace origin::hooks {
namespace {

using store::WebhookRow;
using store::WebhookState;

/// Moved by hand.
class SetClock final : public Clock {
public:
    UnixMillis now() const override { return at; }
    std::chrono::steady_clock::time_point steady() const override {
        return std::chrono::steady_clock::time_point(Milliseconds(at));
    }
    UnixMillis at = 1'790'000'000'000;
};

struct Received {
    std::string id, body, signature, head;
};

class Deliveries : public net::LiveServer, protected WebhookWorld {
protected:
    Deliveries() {
        handler_.on_begin = [this](const net::RequestHead& request) -> net::Begun {
            Received received{.id = std::string(request.header("webhook-id")),
                              .body = {},
                              .signature = std::string(request.header("webhook-signature")),
                              .head = std::string(request.header("X-GitHub-Event"))};
            return std::make_unique<net::StringSink>(
                kMiB, [this, received](const std::string& body) mutable {
                    received.body = body;
                    got_.push_back(received);
                    if (answers_.empty()) {
                        return net::text("thanks", 200);
                    }
                    net::Response answer = std::move(answers_.front());
                    answers_.pop_front();
                    return answer;
                });
        };
    }

    WebhookId hook(NewWebhook wanted = {}) {
        wanted.scope =
            std::get<ProjectId>(wanted.scope).is_zero() ? WebhookScope(shop) : wanted.scope;
        wanted.url = "http://127.0.0.1:" + std::to_string(port()) + "/hook?token=hush";
        return endpoint(wanted);
    }

    /// Does every job that is due within `patience` of each other, jumping to it.
    void work(Milliseconds patience = Milliseconds(0)) {
        const auto urls = auth::Urls::make("https://git.example.org", "sites.example.org");
        ASSERT_TRUE(urls);
        const net::HttpClient client({.allowed = {*net::Cidr::parse("127.0.0.0/8")}});
        const WebhookDelivery delivery(
            {*store, storage_, client, *urls, random, wall_, wall_, master});
        dispatch(dispatched_);
        dispatched_ = told().size();
        while (true) {
            if (const auto job = claim(wall_.at)) {
                const Status done = delivery.work(*job);
                EXPECT_TRUE(done) << done.error().kept_in_log();
                continue;
            }
            const auto due = next_due();
            if (!due || *due - wall_.at > patience.count()) {
                return;
            }
            wall_.at = *due;
        }
    }
    std::optional<UnixMillis> next_due() {
        std::optional<UnixMillis> due;
        EXPECT_TRUE(store->read([&](store::Reader& reader) -> Status {
            for (const std::string_view kind : {kWebhookJob, kSlowWebhookJob}) {
                ORIGIN_TRY(ready, store::next_ready(reader, kind));
                due = ready && (!due || *ready < *due) ? ready : due;
            }
            return {};
        }));
        return due;
    }
    void answer(int status, std::vector<net::Header> headers = {}, std::string body = {}) {
        answers_.push_back(
            {.status = status, .headers = std::move(headers), .body = std::move(body)});
    }

    SetClock wall_;
    std::uint64_t dispatched_ = 0;
    std::deque<net::Response> answers_;
    std::vector<Received> got_;
    git::Storage storage_{std::filesystem::temp_directory_path() / "origin-hooks-none"};
};

constexpr Milliseconds kForEver = std::chrono::hours(1000);

TEST_F(Deliveries, AreInOrderAndTriedAgainWithTheSameBytes) {
    const auto id = hook();
    answer(500);
    answer(503);
    event(shop, "push", R"({"n":1})");
    event(shop, "push", R"({"n":2})");
    work(kForEver);
    ASSERT_EQ(got_.size(), 4U);
    EXPECT_EQ(got_[0].body, got_[1].body);
    EXPECT_EQ(got_[0].body, got_[2].body);
    EXPECT_EQ(got_[0].id, got_[2].id);
    EXPECT_NE(got_[3].id, got_[2].id);
    EXPECT_TRUE(got_[3].body.contains(R"("n":2)"));
    const WebhookRow now = row(shop, id);
    EXPECT_EQ(now.attempts, 0U);
    EXPECT_EQ(now.failing_since, 0);
    EXPECT_EQ(now.cursor, told().size());
}

TEST_F(Deliveries, ThatFailForTooLongPauseTheEndpointAndItsOwnerIsTold) {
    const auto id = hook();
    NewWebhook listens;
    listens.events = {"webhook.*"};
    const UnixMillis begun = wall_.at;
    event(shop, "push");
    const auto missed = event(shop, "push");
    for (std::uint32_t i = 0; i < kWebhookAttemptsMax; ++i) {
        answer(500);
    }
    work(kForEver);
    EXPECT_EQ(got_.size(), kWebhookAttemptsMax);
    EXPECT_GT(wall_.at - begun, std::chrono::milliseconds(std::chrono::hours(24)).count());
    EXPECT_EQ(row(shop, id).state, WebhookState::Paused);
    EXPECT_TRUE(row(shop, id).reason.starts_with("12 attempts"));
    EXPECT_EQ(told().back(), "webhook.paused");
    bool audited = false;
    ASSERT_TRUE(store->read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(rows, store::scan_rows<store::AuditRow>(reader, store::Table::Audit, {}));
        for (const auto& [key, each] : rows) {
            audited = audited || (each.type == "webhook.paused" && each.subject == id.str() &&
                                  each.actor.via == "server" && each.project == shop);
        }
        return {};
    }));
    EXPECT_TRUE(audited);

    hook(listens);  // A second endpoint hears of what comes from now on: the resuming.
    work(kForEver);
    EXPECT_EQ(got_.size(), kWebhookAttemptsMax) << "a paused endpoint is left alone";
    ASSERT_TRUE(store->write(
        [&](store::Writer& writer) { return resume_webhook(writer, shop, id, wall_.at); }));
    work();
    ASSERT_EQ(got_.size(), kWebhookAttemptsMax + 5);
    EXPECT_EQ(got_[kWebhookAttemptsMax].id, got_.front().id) << "where it stopped";
    EXPECT_EQ(got_[kWebhookAttemptsMax + 1].id, "evt_" + std::to_string(missed));
}

TEST_F(Deliveries, ToAnEndpointThatIsGoneEnd) {
    const auto id = hook();
    NewWebhook of_client;
    of_client.scope = ann;
    answer(410);
    event(shop, "push");
    work(kForEver);
    EXPECT_EQ(got_.size(), 1U);
    EXPECT_EQ(row(shop, id).state, WebhookState::Disabled);
    EXPECT_EQ(told().back(), "webhook.disabled");
    event(shop, "push");
    work(kForEver);
    EXPECT_EQ(got_.size(), 1U);
}

TEST_F(Deliveries, WaitAsLongAsTheyAreAskedTo) {
    const auto id = hook();
    answer(429, {{"Retry-After", "3600"}});
    answer(503, {{"Retry-After", http_date(wall_.at + 3'600'000 + 7'200'000)}});
    answer(503, {{"Retry-After", "999999999"}});
    answer(503, {{"Retry-After", "1"}});
    event(shop, "push");
    const UnixMillis begun = wall_.at;
    work();
    EXPECT_EQ(*next_due() - begun, 3'600'000);
    EXPECT_EQ(row(shop, id).next_attempt_at, begun + 3'600'000);
    work(std::chrono::hours(1));
    EXPECT_EQ(*next_due() - wall_.at, 7'200'000);
    work(std::chrono::hours(2));
    EXPECT_EQ(*next_due() - wall_.at, 86'400'000) << "a day is the most";
    wall_.at = *next_due();
    work();
    EXPECT_GT(*next_due() - wall_.at, 90'000) << "no sooner than without it";
    EXPECT_EQ(got_.size(), 4U);
}

TEST_F(Deliveries, OfAQuickEndpointNeedNotQueueWithTheSlow) {
    const auto id = hook();
    event(shop, "push");
    work();
    EXPECT_TRUE(row(shop, id).quick);
    event(shop, "push");
    dispatch(told().size() - 1);
    const auto job = claim(wall_.at);
    ASSERT_TRUE(job);
    EXPECT_EQ(job->kind, kWebhookJob);
}

TEST_F(Deliveries, AreLoggedWithoutSecrets) {
    const auto id = hook();
    answer(
        418, {{"Set-Cookie", "session=hush"}, {"X-Note", "short"}}, std::string(3000, 'b') + "end");
    event(shop, "push", R"({"pad":")" + std::string(2000, 'p') + "\"}");
    work();
    const auto log = deliveries(id);
    ASSERT_EQ(log.size(), 1U);
    EXPECT_EQ(log[0].status, 418U);
    EXPECT_EQ(log[0].attempt, 1U);
    EXPECT_EQ(log[0].message_id, got_[0].id);
    EXPECT_EQ(log[0].request_body, got_[0].body.substr(0, kLoggedBodyBytes));
    EXPECT_EQ(log[0].request_bytes, got_[0].body.size());
    EXPECT_TRUE(log[0].request_head.contains("webhook-signature: ***\n"));
    EXPECT_FALSE(log[0].request_head.contains(got_[0].signature));
    EXPECT_TRUE(log[0].response_head.contains("set-cookie: ***\n"));
    EXPECT_TRUE(log[0].response_head.contains("x-note: short\n"));
    EXPECT_FALSE(log[0].response_head.contains("hush"));
    EXPECT_EQ(log[0].response_body, std::string(kLoggedBodyBytes, 'b'));
}

TEST_F(Deliveries, OfLongAgoAreForgotten) {
    const auto id = hook();
    for (std::size_t i = 0; i < kDeliveriesKept + 20; ++i) {
        ASSERT_TRUE(store->write([&](store::Writer& writer) {
            store::DeliveryRow row;
            row.event = i + 1;
            row.attempt = 1;
            return note_delivery(writer, id, row);
        }));
    }
    const auto log = deliveries(id);
    EXPECT_EQ(log.size(), kDeliveriesKept);
    EXPECT_EQ(log.front().event, 21U);
}

TEST_F(Deliveries, ByHandChangeNothingElse) {
    const auto id = hook();
    answer(500);
    const auto sequence = event(shop, "push", R"({"n":1})");
    work();
    const WebhookRow before = row(shop, id);
    const auto by_hand = [&](const ByHand& what) {
        ASSERT_TRUE(store->write([&](store::Writer& writer) {
            return queue_by_hand(writer, shop, id, JobId::make(clock, random), what);
        }));
        work();
    };
    by_hand({.event = sequence, .message_id = got_[0].id});
    by_hand({.event = 0, .message_id = "ping_1"});
    by_hand({.event = 99, .message_id = "evt_99"});
    by_hand({.event = sequence, .message_id = "evt_other"});
    ASSERT_EQ(got_.size(), 3U);
    EXPECT_EQ(got_[1].body, got_[0].body);
    EXPECT_EQ(got_[1].id, got_[0].id);
    EXPECT_EQ(got_[2].id, "ping_1");
    EXPECT_TRUE(got_[2].body.contains(R"("type":"ping")"));
    EXPECT_EQ(row(shop, id).attempts, before.attempts);
    EXPECT_EQ(row(shop, id).cursor, before.cursor);
    const auto log = deliveries(id);
    ASSERT_EQ(log.size(), 3U);
    EXPECT_TRUE(log[1].by_hand && log[2].by_hand);
    EXPECT_EQ(log[2].event, 0U);
}

TEST_F(Deliveries, InGithubsShapesGoRefByRef) {
    NewWebhook wanted;
    wanted.format = store::WebhookFormat::Github;
    wanted.refs = {"refs/heads/*"};
    const auto id = hook(wanted);
    event(shop, "project.renamed");
    const auto sequence = push(shop, {"refs/heads/a", "refs/tags/t", "refs/heads/b"});
    answer(200);
    answer(500);
    work();
    ASSERT_EQ(got_.size(), 2U);
    EXPECT_EQ(row(shop, id).part, 1U) << "the first of two is delivered";
    work(kForEver);
    ASSERT_EQ(got_.size(), 3U);
    EXPECT_EQ(got_[0].head, "push");
    EXPECT_TRUE(got_[0].body.contains(R"("ref":"refs/heads/a")"));
    EXPECT_TRUE(got_[1].body.contains(R"("ref":"refs/heads/b")"));
    EXPECT_EQ(got_[1].body, got_[2].body);
    EXPECT_NE(got_[0].id, got_[1].id);
    EXPECT_EQ(row(shop, id).cursor, sequence);
    EXPECT_EQ(row(shop, id).part, 0U);
}

TEST_F(Deliveries, ToADeletedEndpointEnd) {
    const auto id = hook();
    event(shop, "push");
    dispatch();
    ASSERT_TRUE(
        store->write([&](store::Writer& writer) { return delete_webhook(writer, shop, id); }));
    work();
    EXPECT_TRUE(got_.empty());
    EXPECT_FALSE(next_due());
}

TEST_F(Deliveries, NeverReachAPrivateAddressAndSaySo) {
    const auto id = hook();
    event(shop, "push");
    dispatch();
    const auto urls = auth::Urls::make("https://git.example.org", "sites.example.org");
    const net::HttpClient guarded({});
    const WebhookDelivery delivery(
        {*store, storage_, guarded, *urls, random, wall_, wall_, master});
    const auto job = claim(wall_.at);
    ASSERT_TRUE(job);
    ASSERT_TRUE(delivery.work(*job));
    EXPECT_TRUE(got_.empty());
    const auto log = deliveries(id);
    ASSERT_EQ(log.size(), 1U);
    EXPECT_EQ(log[0].status, 0U);
    EXPECT_FALSE(log[0].error.empty());
    EXPECT_EQ(row(shop, id).attempts, 1U);
}

}  // namespace
}  // namespace origin::hooks

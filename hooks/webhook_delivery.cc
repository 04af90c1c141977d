// SPDX-License-Identifier: Apache-2.0
#include "hooks/webhook_delivery.h"

#include <algorithm>
#include <array>

#include "base/limits.h"
#include "base/utf8.h"
#include "crypto/encode.h"
#include "crypto/hash.h"
#include "hooks/github_events.h"
#include "hooks/github_things.h"
#include "hooks/webhook_news.h"
#include "hooks/webhook_secret.h"
#include "net/http_text.h"
#include "store/row.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::hooks {
namespace {

using store::Table;
using store::WebhookRow;
using store::WebhookState;

constexpr std::uint32_t kGone = 410;
constexpr std::size_t kForgottenAtOnce = 8;

std::string cut(std::string_view text, std::size_t bytes) {
    return printable(text.substr(0, bytes));
}

/// A random-looking id that is the same at each attempt: GitHub's deliveries have one.
std::string guid_of(const WebhookId& id, std::string_view message_id) {
    std::string hex = crypto::hex(crypto::sha256(id.str() + " " + std::string(message_id)));
    hex[12] = '4';
    hex[16] = '8';
    return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" +
           hex.substr(16, 4) + "-" + hex.substr(20, 12);
}

std::vector<net::Header> headers_for(const WebhookRow& hook,
                                     const WebhookId& id,
                                     const std::vector<std::string>& keys,
                                     const WebhookMessage& message,
                                     UnixMillis now) {
    const std::int64_t seconds = now / 1000;
    std::string signatures;
    for (const std::string& key : keys) {
        signatures += (signatures.empty() ? "" : " ") +
                      webhook_signature(hook.scheme, key, {message.id, seconds, message.body});
    }
    std::vector<net::Header> headers = {{"Content-Type", "application/json"},
                                        {"webhook-id", message.id},
                                        {"webhook-timestamp", std::to_string(seconds)},
                                        {"webhook-signature", signatures}};
    if (hook.format == store::WebhookFormat::Github) {
        headers.push_back({"User-Agent", "GitHub-Hookshot/origind"});
        headers.push_back({"X-GitHub-Event", message.name});
        headers.push_back({"X-GitHub-Delivery", guid_of(id, message.id)});
        headers.push_back({"X-GitHub-Hook-ID", std::to_string(github_number(id.view()))});
        headers.push_back({"X-Hub-Signature-256", hub_signature(keys.front(), message.body)});
    }
    return headers;
}

/// The job goes on at `at`, in the queue that suits the endpoint.
Status go_on(store::Writer& writer, store::Job job, const WebhookRow& hook, UnixMillis at) {
    const std::string_view kind = hook.quick ? kWebhookJob : kSlowWebhookJob;
    if (job.kind == kind) {
        return store::retry_at(writer, job, at);
    }
    ORIGIN_CHECK(store::complete(writer, job));
    job.kind = kind;
    job.ready_at = at;
    return store::enqueue(writer, std::move(job));
}

}  // namespace

std::string logged_head(const std::vector<net::Header>& headers) {
    static constexpr std::array<std::string_view, 6> kHidden = {
        "signature", "cookie", "authoriz", "token", "secret", "key"};
    std::string lines;
    for (const net::Header& header : headers) {
        const std::string name = net::lower_case(header.name);
        const bool hidden = std::ranges::any_of(
            kHidden, [&](std::string_view word) { return name.contains(word); });
        const std::string line = printable(name + ": " + (hidden ? "***" : header.value)) + "\n";
        if (lines.size() + line.size() > kLoggedHeadBytes) {
            break;
        }
        lines += line;
    }
    return lines;
}

Status note_delivery(store::Writer& writer, const WebhookId& id, const store::DeliveryRow& row) {
    const store::Range all = store::Range::prefix(id.view());
    std::uint64_t last = 0;
    const auto number_in = [](std::string_view key) {
        return store::KeyParts(key.substr(kIdBytes)).number().value_or(0);
    };
    ORIGIN_CHECK(
        writer.scan_back(Table::Deliveries, all, [&](std::string_view key, std::string_view) {
            last = number_in(key);
            return false;
        }));
    std::vector<std::string> old;
    ORIGIN_CHECK(writer.scan(Table::Deliveries, all, [&](std::string_view key, std::string_view) {
        const bool is_old = number_in(key) + kDeliveriesKept <= last + 1;
        if (is_old) {
            old.emplace_back(key);
        }
        return is_old && old.size() < kForgottenAtOnce;
    }));
    for (const std::string& key : old) {
        ORIGIN_CHECK(writer.erase(Table::Deliveries, key));
    }
    return store::put_row(writer, Table::Deliveries, store::delivery_key(id, last + 1), row);
}

WebhookDelivery::Outcome WebhookDelivery::post(const WebhookRow& hook,
                                               const WebhookId& id,
                                               const WebhookMessage& message) const {
    Outcome outcome{.row = {.event_type = message.name,
                            .attempted_at = around_.clock.now(),
                            .message_id = message.id,
                            .request_body = cut(message.body, kLoggedBodyBytes),
                            .request_bytes = message.body.size()},
                    .retry_after = {}};
    store::DeliveryRow& row = outcome.row;
    const auto keys = open_signing_keys(around_.master_key, id, hook, row.attempted_at);
    if (!keys) {
        row.error = "the stored secret cannot be opened with this master key";
        return outcome;
    }
    const auto headers = headers_for(hook, id, *keys, message, row.attempted_at);
    row.request_head = logged_head(headers);
    const auto begun = around_.clock.steady();
    const auto answer = around_.client.send({.method = "POST",
                                             .url = hook.url,
                                             .headers = headers,
                                             .body = message.body,
                                             .timeout = kWebhookTimeout,
                                             .response_bytes_max = kLoggedBodyBytes,
                                             .cut_body = true,
                                             .unix_socket = {}});
    row.milliseconds = static_cast<std::uint32_t>(
        std::chrono::duration_cast<Milliseconds>(around_.clock.steady() - begun).count());
    if (!answer) {
        row.error = answer.error().told_to_peer();
        return outcome;
    }
    row.status = static_cast<std::uint32_t>(answer->status);
    row.response_head = logged_head(answer->headers);
    row.response_body = cut(answer->body, kLoggedBodyBytes);
    outcome.retry_after = retry_after(answer->header("Retry-After"), around_.clock.now());
    return outcome;
}

/// Returns: how long the endpoint is left alone.
Milliseconds WebhookDelivery::settle(WebhookRow& hook, const Outcome& outcome) const {
    const UnixMillis now = around_.clock.now();
    hook.quick = outcome.success() && Milliseconds(outcome.row.milliseconds) <= kQuickAnswer;
    if (outcome.success()) {
        hook.attempts = 0;
        hook.failing_since = 0;
        hook.next_attempt_at = 0;
        return Milliseconds(0);  // There may be more to tell.
    }
    hook.failing_since = hook.failing_since == 0 ? outcome.row.attempted_at : hook.failing_since;
    const auto delay = webhook_retry_delay(hook.attempts, around_.random);
    if (outcome.row.status == kGone || !delay) {
        const bool is_gone = outcome.row.status == kGone;
        hook.state = is_gone ? WebhookState::Disabled : WebhookState::Paused;
        hook.reason = is_gone ? "the endpoint answered 410 Gone"
                              : std::to_string(hook.attempts) +
                                    " attempts at one delivery failed, the first at " +
                                    rfc3339(hook.failing_since);
        hook.next_attempt_at = 0;
        return Milliseconds(0);  // Its job comes back once, to end.
    }
    const Milliseconds wait = std::max(*delay, outcome.retry_after.value_or(Milliseconds(0)));
    hook.next_attempt_at = now + wait.count();
    return wait;
}

/// What there is to do for an endpoint.
struct WebhookDelivery::Look {
    WebhookRow hook;
    News news;
    bool gone = false;  // The endpoint was deleted, or is not active.
};

Status WebhookDelivery::look(store::Reader& reader,
                             const WebhookSubject& subject,
                             Look& found) const {
    const std::uint64_t passed = found.hook.cursor;  // By an earlier look.
    found = {};
    ORIGIN_TRY(hook, store::get_row<WebhookRow>(reader, Table::Webhooks, subject.row_key));
    found.gone = !hook || hook->state != WebhookState::Active;
    if (found.gone) {
        return {};
    }
    found.hook = std::move(*hook);
    if (passed > found.hook.cursor) {
        found.hook.cursor = passed;
        found.hook.part = 0;
    }
    ORIGIN_TRY(news, next_news(reader, scope_of(subject.row_key, found.hook), found.hook));
    found.news = std::move(news);
    return {};
}

/// There was nothing to deliver: an event may have come since, or the rest waits for another look.
Status WebhookDelivery::finish(const store::Job& job,
                               const WebhookSubject& subject,
                               const Look& looked) const {
    return around_.store.write([&](store::Writer& writer) -> Status {
        ORIGIN_CHECK(store::check_lease(writer, job));
        Look again = looked;
        ORIGIN_CHECK(look(writer, subject, again));
        if (again.gone) {
            return store::complete(writer, job);
        }
        ORIGIN_CHECK(store::put_row(writer, Table::Webhooks, subject.row_key, again.hook));
        if (again.news.event || again.news.more) {
            return store::retry_at(writer, job, around_.schedule.now());
        }
        return store::complete(writer, job);
    });
}

Status WebhookDelivery::deliver(const store::Job& job,
                                const WebhookSubject& subject,
                                const Look& looked) const {
    const store::Event& event = *looked.news.event;
    ORIGIN_TRY(messages, messages_.of(looked.hook, event));
    const std::size_t part = looked.hook.part;
    std::optional<Outcome> outcome;
    if (part < messages.size()) {
        outcome = post(looked.hook, subject.id, messages[part]);
    }
    const UnixMillis due = around_.schedule.now();
    return around_.store.write([&](store::Writer& writer) -> Status {
        ORIGIN_CHECK(store::check_lease(writer, job));
        ORIGIN_TRY(hook, store::get_row<WebhookRow>(writer, Table::Webhooks, subject.row_key));
        if (!hook) {
            return store::complete(writer, job);  // Deleted while it was being spoken to.
        }
        hook->cursor = looked.hook.cursor;
        hook->part = looked.hook.part;
        Milliseconds wait(0);
        if (outcome) {
            ++hook->attempts;
            store::DeliveryRow row = outcome->row;
            row.event = event.sequence;
            row.attempt = hook->attempts;
            ORIGIN_CHECK(note_delivery(writer, subject.id, row));
            wait = settle(*hook, *outcome);
        }
        if (!outcome || outcome->success()) {
            hook->part = static_cast<std::uint32_t>(part + 1);
            if (hook->part >= messages.size()) {
                hook->cursor = event.sequence;
                hook->part = 0;
            }
        }
        ORIGIN_CHECK(store::put_row(writer, Table::Webhooks, subject.row_key, *hook));
        if (hook->state != WebhookState::Active) {
            const WebhookScope scope = scope_of(subject.row_key, *hook);
            ORIGIN_CHECK(tell_of_webhook(writer, scope, subject.id, *hook, around_.clock.now()));
            return store::complete(writer, job);
        }
        return go_on(writer, job, *hook, due + wait.count());
    });
}

Status WebhookDelivery::work(const store::Job& job) const {
    ORIGIN_TRY(subject, read_webhook_subject(job.subject));
    if (!job.payload.empty()) {
        return work_by_hand(job, subject);
    }
    Look looked;
    ORIGIN_CHECK(around_.store.read([&](store::Reader& reader) {
        looked = {};
        return look(reader, subject, looked);
    }));
    return looked.news.event ? deliver(job, subject, looked) : finish(job, subject, looked);
}

/// nullopt: the event has no such message any more.
Result<std::optional<WebhookMessage>> WebhookDelivery::wanted_by_hand(
    const WebhookSubject& subject, const ByHand& what, const WebhookRow& hook) const {
    if (what.event == 0) {
        ORIGIN_TRY(ping,
                   messages_.ping(subject.row_key, hook, what.message_id, around_.clock.now()));
        return std::optional(std::move(ping));
    }
    std::vector<store::Event> events;
    ORIGIN_CHECK(around_.store.read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(read, store::read_events(reader, what.event - 1, 1));
        events = std::move(read);
        return {};
    }));
    if (events.empty() || events.front().sequence != what.event) {
        return std::optional<WebhookMessage>();
    }
    ORIGIN_TRY(messages, messages_.of(hook, events.front()));
    const auto found = std::ranges::find(messages, what.message_id, &WebhookMessage::id);
    return found == messages.end() ? std::nullopt : std::optional(std::move(*found));
}

/// Changes nothing of the endpoint: neither its cursor nor its state.
Status WebhookDelivery::work_by_hand(const store::Job& job, const WebhookSubject& subject) const {
    ORIGIN_TRY(what, store::decode<ByHand>(job.payload));
    std::optional<WebhookRow> hook;
    ORIGIN_CHECK(around_.store.read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(row, store::get_row<WebhookRow>(reader, Table::Webhooks, subject.row_key));
        hook = std::move(row);
        return {};
    }));
    std::optional<Outcome> outcome;
    if (hook) {
        ORIGIN_TRY(message, wanted_by_hand(subject, what, *hook));
        if (message) {
            outcome = post(*hook, subject.id, *message);
            outcome->row.event = what.event;
            outcome->row.attempt = 1;
            outcome->row.by_hand = true;
        }
    }
    return around_.store.write([&](store::Writer& writer) -> Status {
        ORIGIN_CHECK(store::complete(writer, job));
        ORIGIN_TRY(still, writer.get(Table::Webhooks, subject.row_key));
        return outcome && still ? note_delivery(writer, subject.id, outcome->row) : Status();
    });
}

}  // namespace origin::hooks

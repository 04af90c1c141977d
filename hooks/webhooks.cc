// SPDX-License-Identifier: Apache-2.0
#include "hooks/webhooks.h"

#include <algorithm>
#include <array>
#include <set>

#include <boost/json.hpp>

#include "base/glob.h"
#include "base/limits.h"
#include "crypto/encode.h"
#include "crypto/hmac.h"
#include "crypto/seal.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::hooks {
namespace {

using store::Table;

constexpr std::size_t kSecretBytes = 32;
constexpr std::uint32_t kGone = 410;

std::string seal_context(const WebhookId& id) {
    return "webhook/" + id.str();
}

std::string subject_of(const ProjectId& project, const WebhookId& id) {
    return store::webhook_key(project, id);
}

Result<std::pair<ProjectId, WebhookId>> read_subject(std::string_view subject) {
    store::KeyParts parts(subject);
    const auto project = parts.id<ProjectId>();
    const auto id = parts.id<WebhookId>();
    if (!project || !id) {
        return std::unexpected(Error(Code::Corrupt, "a stored job is damaged"));
    }
    return std::pair(*project, *id);
}

bool is_success(std::uint32_t status) {
    return status >= 200 && status < 300;
}

bool wants(const store::WebhookRow& hook, const store::Event& event) {
    return hook.events.empty() || std::ranges::any_of(hook.events, [&](const std::string& glob) {
               return glob_matches(glob, event.type);
           });
}

/// The bytes that are signed and sent: made once, never re-serialised.
std::string body_of(const store::Event& event) {
    boost::system::error_code error;
    boost::json::value data = boost::json::parse(event.data, error);
    boost::json::object body{{"type", event.type}, {"timestamp", rfc3339(event.time)}};
    boost::json::object& fields =
        (body["data"] = error ? boost::json::object() : std::move(data)).as_object();
    fields["sequence"] = event.sequence;
    if (event.project) {
        fields["projectId"] = event.project->str();
    }
    return boost::json::serialize(body);
}

/// The first event after the cursor that the endpoint wants; skipped ones move the cursor.
Result<std::optional<store::Event>> next_event(store::Reader& reader,
                                               const ProjectId& project,
                                               store::WebhookRow& hook) {
    constexpr std::size_t kPage = 100;
    while (true) {
        ORIGIN_TRY(events, store::read_events(reader, hook.cursor, kPage, project));
        for (const store::Event& event : events) {
            if (wants(hook, event)) {
                return std::optional(event);
            }
            hook.cursor = event.sequence;
        }
        if (events.size() < kPage) {
            return std::optional<store::Event>();
        }
    }
}

/// What an attempt means for its endpoint. Returns: after how many milliseconds to go on.
std::int64_t settle(store::WebhookRow& hook,
                    std::uint32_t status,
                    std::uint64_t sequence,
                    UnixMillis now) {
    if (is_success(status)) {
        hook.cursor = sequence;
        hook.attempts = 0;
        return 0;  // At once: there may be more to tell.
    }
    const auto delay = webhook_retry_delay(hook.attempts);
    if (status == kGone || !delay) {
        hook.disabled = true;
        hook.disabled_reason = status == kGone ? "the endpoint answered 410 Gone"
                                               : "the endpoint failed for more than three days";
        return 0;
    }
    hook.next_attempt_at = now + *delay;
    return *delay;
}

/// The jobs that these events make: one for each endpoint that has none yet.
Result<std::vector<store::Job>> jobs_for(store::Reader& reader,
                                         const std::vector<store::Event>& events) {
    std::set<ProjectId> projects;
    for (const store::Event& event : events) {
        if (event.project) {
            projects.insert(*event.project);
        }
    }
    std::vector<store::Job> jobs;
    for (const ProjectId& project : projects) {
        ORIGIN_TRY(hooks,
                   store::scan_rows<store::WebhookRow>(
                       reader, Table::Webhooks, store::Range::prefix(project.view())));
        for (const auto& [key, hook] : hooks) {
            const auto id = WebhookId::from_raw(key.substr(kIdBytes));
            const JobId job_id{id->raw};
            ORIGIN_TRY(queued, store::find_job(reader, job_id));
            if (hook.disabled || queued) {
                continue;
            }
            jobs.push_back(store::Job{.id = job_id,
                                      .kind = std::string(kWebhookJob),
                                      .subject = subject_of(project, *id),
                                      .ready_at = store::kAtOnce,
                                      .lease = {},
                                      .payload = {}});
        }
    }
    return jobs;
}

}  // namespace

Status create_webhook(store::Writer& writer, const NewWebhook& wanted) {
    ORIGIN_TRY(last, store::last_sequence(writer));
    const store::WebhookRow row{.url = wanted.url,
                                .sealed_secret = wanted.sealed_secret,
                                .events = wanted.events,
                                .disabled = false,
                                .disabled_reason = {},
                                .cursor = last,
                                .attempts = 0,
                                .next_attempt_at = 0,
                                .created_at = wanted.now};
    return store::put_row(
        writer, Table::Webhooks, store::webhook_key(wanted.project, wanted.id), row);
}

WebhookSecret make_webhook_secret(Random& random) {
    std::string raw = random_bytes(random, kSecretBytes);
    return {raw, Secret("whsec_" + crypto::base64(raw))};
}

std::string seal_webhook_secret(const Secret& master_key,
                                const WebhookId& id,
                                std::string_view raw,
                                Random& random) {
    return crypto::seal(master_key.reveal(), raw, seal_context(id), random);
}

Result<std::string> open_webhook_secret(const Secret& master_key,
                                        const WebhookId& id,
                                        std::string_view sealed) {
    return crypto::open(master_key.reveal(), sealed, seal_context(id));
}

std::string webhook_signature(std::string_view raw_key,
                              std::string_view id,
                              std::int64_t timestamp_seconds,
                              std::string_view body) {
    std::string message(id);
    message.append(".").append(std::to_string(timestamp_seconds)).append(".").append(body);
    return "v1," + crypto::base64(crypto::hmac_sha256(raw_key, message));
}

std::optional<std::int64_t> webhook_retry_delay(std::uint32_t attempts) {
    // Seconds between attempts; 75 h in all. Source: Standard Webhooks 1.0.0, "Deliverability".
    static constexpr std::array<std::int64_t, 9> kDelays = {
        5, 300, 1800, 7200, 18'000, 36'000, 50'400, 72'000, 86'400};
    if (attempts == 0 || attempts > kDelays.size()) {
        return std::nullopt;
    }
    return kDelays[attempts - 1] * 1000;
}

Result<bool> concerns_webhooks(store::Reader& reader, const std::vector<store::Event>& events) {
    ORIGIN_TRY(jobs, jobs_for(reader, events));
    return !jobs.empty();
}

Status queue_webhooks(store::Writer& writer, const std::vector<store::Event>& events) {
    ORIGIN_TRY(jobs, jobs_for(writer, events));
    for (const store::Job& job : jobs) {
        ORIGIN_CHECK(store::enqueue(writer, job));
    }
    return {};
}

store::DeliveryRow WebhookDelivery::post(const store::WebhookRow& hook,
                                         const WebhookId& id,
                                         const store::Event& event) const {
    store::DeliveryRow row{.event_type = event.type,
                           .status = 0,
                           .error = {},
                           .milliseconds = 0,
                           .attempted_at = around_.clock.now()};
    const auto key = open_webhook_secret(around_.master_key, id, hook.sealed_secret);
    if (!key) {
        row.error = "the stored secret cannot be opened with this master key";
        return row;
    }
    const std::string message_id = "evt_" + std::to_string(event.sequence);
    const std::string body = body_of(event);
    const std::int64_t seconds = row.attempted_at / 1000;
    const auto begun = around_.clock.steady();
    const auto answer = around_.client.send(
        {.method = "POST",
         .url = hook.url,
         .headers = {{"Content-Type", "application/json"},
                     {"webhook-id", message_id},
                     {"webhook-timestamp", std::to_string(seconds)},
                     {"webhook-signature", webhook_signature(*key, message_id, seconds, body)}},
         .body = body,
         .timeout = kWebhookTimeout,
         .response_bytes_max = kWebhookAnswerBytesMax,
         .unix_socket = {}});
    const auto took = around_.clock.steady() - begun;
    row.milliseconds =
        static_cast<std::uint32_t>(std::chrono::duration_cast<Milliseconds>(took).count());
    if (answer) {
        row.status = static_cast<std::uint32_t>(answer->status);
    } else {
        row.error = answer.error().told_to_peer();
    }
    return row;
}

/// What one step of delivery found and decided.
struct WebhookDelivery::Attempt {
    store::WebhookRow hook;
    std::optional<store::Event> event;
    bool gone = false;  // The endpoint was deleted or disabled.
};

/// One event a call: a stopping server waits for one attempt at most.
Status WebhookDelivery::work(const store::Job& job) const {
    ORIGIN_TRY(subject, read_subject(job.subject));
    const auto& [project, id] = subject;
    const std::string row_key = store::webhook_key(project, id);
    Attempt attempt;
    const auto look = [&](store::Reader& reader) -> Status {
        attempt = {};
        ORIGIN_TRY(hook, store::get_row<store::WebhookRow>(reader, Table::Webhooks, row_key));
        attempt.gone = !hook || hook->disabled;
        if (!attempt.gone) {
            attempt.hook = std::move(*hook);
            ORIGIN_TRY(event, next_event(reader, project, attempt.hook));
            attempt.event = std::move(event);
        }
        return {};
    };
    const auto end = [&](store::Writer& writer) -> Status {
        ORIGIN_CHECK(look(writer));  // An event may have come since.
        if (!attempt.gone && attempt.event) {
            return store::retry_at(writer, job, around_.schedule.now());
        }
        if (!attempt.gone) {
            ORIGIN_CHECK(store::put_row(writer, Table::Webhooks, row_key, attempt.hook));
        }
        return store::complete(writer, job);
    };
    ORIGIN_CHECK(around_.store.read(look));
    if (attempt.gone || !attempt.event) {
        return around_.store.write(end);
    }
    const std::uint64_t sequence = attempt.event->sequence;
    const store::DeliveryRow row = post(attempt.hook, id, *attempt.event);
    const UnixMillis now = around_.clock.now();
    const UnixMillis due = around_.schedule.now();
    return around_.store.write([&](store::Writer& writer) -> Status {
        ORIGIN_CHECK(store::check_lease(writer, job));
        ORIGIN_TRY(hook, store::get_row<store::WebhookRow>(writer, Table::Webhooks, row_key));
        if (!hook) {
            return store::complete(writer, job);  // Deleted while it was being spoken to.
        }
        hook->cursor = attempt.hook.cursor;
        ++hook->attempts;
        ORIGIN_CHECK(store::put_row(
            writer, Table::Deliveries, store::delivery_key(id, sequence, hook->attempts), row));
        const UnixMillis again = due + settle(*hook, row.status, sequence, now);
        ORIGIN_CHECK(store::put_row(writer, Table::Webhooks, row_key, *hook));
        return store::retry_at(writer, job, again);
    });
}

}  // namespace origin::hooks

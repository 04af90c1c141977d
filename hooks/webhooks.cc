// SPDX-License-Identifier: Apache-2.0
#include "hooks/webhooks.h"

#include <algorithm>
#include <map>
#include <optional>

#include <boost/json.hpp>

#include "auth/audit.h"
#include "store/row.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"
#include "store/rows/project.h"

namespace origin::hooks {
namespace {

using store::Table;
using store::WebhookRow;
using store::WebhookState;

/// A client's endpoint that heard nothing for so many events does not read them all again.
constexpr std::uint64_t kPassedEvents = 100;

JobId job_of(const WebhookId& id) {
    return JobId{id.raw};
}

/// Whose turn an endpoint's job is.
Result<ClientId> payer_of(store::Reader& reader, const WebhookScope& scope) {
    if (const auto* client = std::get_if<ClientId>(&scope)) {
        return *client;
    }
    ORIGIN_TRY(project,
               store::get_row<store::ProjectRow>(reader, Table::Projects, scope_prefix(scope)));
    return project ? project->owner : ClientId();
}

Status enqueue(store::Writer& writer, const WebhookScope& scope, store::Job job, bool quick) {
    if (quick) {
        job.kind = kWebhookJob;
        return store::enqueue(writer, std::move(job));
    }
    ORIGIN_TRY(client, payer_of(writer, scope));
    job.kind = kSlowWebhookJob;
    return store::enqueue_in_turn(writer, std::move(job), client);
}

store::Job plain_job(const JobId& id, std::string subject) {
    return {.id = id,
            .kind = {},
            .subject = std::move(subject),
            .ready_at = store::kAtOnce,
            .lease = {},
            .payload = {}};
}

/// The first event of a page for each scope that the page concerns, by scope_prefix().
using Concerned = std::map<std::string, std::pair<WebhookScope, std::uint64_t>, std::less<>>;

Result<Concerned> concerned_by(store::Reader& reader, const std::vector<store::Event>& events) {
    Concerned scopes;
    std::map<ProjectId, std::optional<ClientId>> owners;
    const auto add = [&](const WebhookScope& scope, std::uint64_t sequence) {
        scopes.try_emplace(std::string(scope_prefix(scope)), scope, sequence);
    };
    for (const store::Event& event : events) {
        if (!event.project) {
            if (event.client) {
                add(*event.client, event.sequence);
            }
            continue;
        }
        add(*event.project, event.sequence);
        auto owner = owners.find(*event.project);
        if (owner == owners.end()) {
            ORIGIN_TRY(
                row,
                store::get_row<store::ProjectRow>(reader, Table::Projects, event.project->view()));
            owner = owners.emplace(*event.project, row ? std::optional(row->owner) : std::nullopt)
                        .first;
        }
        if (owner->second) {
            add(*owner->second, event.sequence);
        }
    }
    return scopes;
}

struct Due {
    WebhookScope scope;
    WebhookId id;
    WebhookRow row;
    std::uint64_t first = 0;  // Sequence of the first event that concerns it.
};

/// The endpoints that these events give a job.
Result<std::vector<Due>> due_for(store::Reader& reader, const std::vector<store::Event>& events) {
    ORIGIN_TRY(scopes, concerned_by(reader, events));
    std::vector<Due> due;
    for (const auto& [prefix, concerned] : scopes) {
        ORIGIN_TRY(
            rows,
            store::scan_rows<WebhookRow>(reader, Table::Webhooks, store::Range::prefix(prefix)));
        for (auto& [key, row] : rows) {
            const auto id = WebhookId::from_raw(std::string_view(key).substr(prefix.size()));
            if (!id || row.state != WebhookState::Active) {
                continue;
            }
            ORIGIN_TRY(queued, store::find_job(reader, job_of(*id)));
            if (!queued) {
                due.push_back({concerned.first, *id, std::move(row), concerned.second});
            }
        }
    }
    return due;
}

std::string_view event_type(WebhookState state) {
    switch (state) {
        case WebhookState::Active:
            return "webhook.resumed";
        case WebhookState::Disabled:
            return "webhook.disabled";
        case WebhookState::Paused:
            return "webhook.paused";
    }
    return "webhook.changed";
}

}  // namespace

std::string_view scope_prefix(const WebhookScope& scope) {
    return std::visit([](const auto& id) { return id.view(); }, scope);
}

std::string webhook_key(const WebhookScope& scope, const WebhookId& id) {
    return std::visit([&](const auto& of) { return store::webhook_key(of, id); }, scope);
}

WebhookScope scope_of(std::string_view row_key, const WebhookRow& row) {
    if (row.client) {
        return *row.client;
    }
    return ProjectId::from_raw(row_key.substr(0, kIdBytes)).value_or(ProjectId());
}

Result<WebhookSubject> read_webhook_subject(std::string_view subject) {
    store::KeyParts parts(subject);
    const auto scope = parts.id<ProjectId>();
    const auto id = parts.id<WebhookId>();
    if (!scope || !id) {
        return std::unexpected(Error(Code::Corrupt, "a stored job is damaged"));
    }
    return WebhookSubject{std::string(subject), *id};
}

Status create_webhook(store::Writer& writer, const NewWebhook& wanted) {
    ORIGIN_TRY(last, store::last_sequence(writer));
    const auto* client = std::get_if<ClientId>(&wanted.scope);
    const WebhookRow row{.url = wanted.url,
                         .sealed_secret = wanted.sealed_secret,
                         .events = wanted.events,
                         .cursor = last,
                         .created_at = wanted.now,
                         .client = client != nullptr ? std::optional(*client) : std::nullopt,
                         .refs = wanted.refs,
                         .format = wanted.format,
                         .scheme = wanted.scheme,
                         .public_key = wanted.public_key};
    return store::put_row(writer, Table::Webhooks, webhook_key(wanted.scope, wanted.id), row);
}

Status delete_webhook(store::Writer& writer, const WebhookScope& scope, const WebhookId& id) {
    std::vector<std::string> deliveries;
    ORIGIN_CHECK(writer.scan(Table::Deliveries,
                             store::Range::prefix(id.view()),
                             [&](std::string_view key, std::string_view) {
                                 deliveries.emplace_back(key);
                                 return deliveries.size() < 2 * kDeliveriesKept;
                             }));
    for (const std::string& key : deliveries) {
        ORIGIN_CHECK(writer.erase(Table::Deliveries, key));
    }
    return writer.erase(Table::Webhooks, webhook_key(scope, id));
}

Status tell_of_webhook(store::Writer& writer,
                       const WebhookScope& scope,
                       const WebhookId& id,
                       const WebhookRow& row,
                       UnixMillis now) {
    const auto* project = std::get_if<ProjectId>(&scope);
    const auto* client = std::get_if<ClientId>(&scope);
    boost::json::object data{{"webhookId", id.str()}};
    if (!row.reason.empty()) {
        data["reason"] = row.reason;
    }
    const std::string type(event_type(row.state));
    store::Event event{.time = now,
                       .type = type,
                       .project = {},
                       .client = {},
                       .data = boost::json::serialize(data)};
    store::AuditRow audit{.time = now,
                          .type = type,
                          .actor = {.client = {}, .key = {}, .via = "server", .from = {}},
                          .subject = id.str(),
                          .details = {{"reason", row.reason}}};
    if (project != nullptr) {
        event.project = *project;
        audit.project = *project;
    } else {
        event.client = *client;
        audit.client = *client;
    }
    ORIGIN_CHECK(store::append_event(writer, event));
    return row.state == WebhookState::Active ? Status()
                                             : auth::record_audit(writer, std::move(audit));
}

Status resume_webhook(store::Writer& writer,
                      const WebhookScope& scope,
                      const WebhookId& id,
                      UnixMillis now) {
    const std::string key = webhook_key(scope, id);
    ORIGIN_TRY(row, store::need_row<WebhookRow>(writer, Table::Webhooks, key, "no such webhook"));
    const bool was_stopped = row.state != WebhookState::Active;
    row.state = WebhookState::Active;
    row.reason.clear();
    row.attempts = 0;
    row.failing_since = 0;
    row.next_attempt_at = 0;
    ORIGIN_CHECK(store::put_row(writer, Table::Webhooks, key, row));
    if (was_stopped) {
        ORIGIN_CHECK(tell_of_webhook(writer, scope, id, row, now));
    }
    ORIGIN_TRY(job, store::find_job(writer, job_of(id)));
    if (job && job->lease) {
        return {};  // It is being spoken to; what comes of that decides.
    }
    ORIGIN_CHECK(store::cancel(writer, job_of(id)));
    return enqueue(writer, scope, plain_job(job_of(id), key), false);
}

Status queue_by_hand(store::Writer& writer,
                     const WebhookScope& scope,
                     const WebhookId& id,
                     const JobId& job,
                     const ByHand& what) {
    store::Job wanted = plain_job(job, webhook_key(scope, id));
    wanted.payload = store::encode(what);
    return enqueue(writer, scope, std::move(wanted), false);
}

std::string ping_id(const JobId& job) {
    return "ping_" + id_digits(job.raw);
}

Status queue_ping(store::Writer& writer,
                  const WebhookScope& scope,
                  const WebhookId& id,
                  const JobId& job) {
    return queue_by_hand(writer, scope, id, job, {.event = 0, .message_id = ping_id(job)});
}

Result<bool> concerns_webhooks(store::Reader& reader, const std::vector<store::Event>& events) {
    ORIGIN_TRY(due, due_for(reader, events));
    return !due.empty();
}

Status queue_webhooks(store::Writer& writer, const std::vector<store::Event>& events) {
    ORIGIN_TRY(due, due_for(writer, events));
    for (Due& each : due) {
        const std::string key = webhook_key(each.scope, each.id);
        if (each.row.client && each.first > each.row.cursor + kPassedEvents) {
            each.row.cursor = each.first - 1;
            ORIGIN_CHECK(store::put_row(writer, Table::Webhooks, key, each.row));
        }
        ORIGIN_CHECK(enqueue(writer, each.scope, plain_job(job_of(each.id), key), each.row.quick));
    }
    return {};
}

}  // namespace origin::hooks

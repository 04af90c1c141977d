// SPDX-License-Identifier: Apache-2.0
#include "hooks/github_events.h"

#include <algorithm>
#include <optional>

#include <boost/json.hpp>

#include "git/serve/history_walk.h"
#include "git/serve/refs.h"
#include "hooks/github_deployments.h"
#include "hooks/github_things.h"
#include "store/rows/access.h"
#include "store/rows/deploy.h"
#include "store/rows/keys.h"

namespace origin::hooks {
namespace {

namespace json = boost::json;
using store::Table;

constexpr std::size_t kWalkStep = 256;
constexpr std::size_t kWalkMax = 20'000;  // Commits looked at for one ref's list.

std::string text_in(const json::object& data, std::string_view name) {
    const json::value* value = data.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}
bool flag_in(const json::object& data, std::string_view name) {
    const json::value* value = data.if_contains(name);
    return value != nullptr && value->is_bool() && value->get_bool();
}

/// What one snapshot knows of an event's subject.
struct Subject {
    GithubProject project;
    GithubClient sender;  // Who caused it; the owner, if nobody did.
    std::optional<store::DeploymentRow> deployment;
    std::vector<Oid> older;  // Tips of refs as they were before this push, as far as they stayed.
    git::ObjectStoreRef objects;
};

Result<std::optional<GithubClient>> find_client(store::Reader& reader, const ClientId& id) {
    ORIGIN_TRY(row, store::get_row<store::ClientRow>(reader, Table::Clients, id.view()));
    return row ? std::optional(GithubClient{id, std::move(*row)}) : std::nullopt;
}

Result<std::optional<GithubProject>> find_project(store::Reader& reader, const ProjectId& id) {
    ORIGIN_TRY(row, store::get_row<store::ProjectRow>(reader, Table::Projects, id.view()));
    if (!row || row->deleted_at != 0) {
        return std::optional<GithubProject>();
    }
    ORIGIN_TRY(owner, find_client(reader, row->owner));
    return owner ? std::optional(GithubProject{id, std::move(*row), std::move(*owner)})
                 : std::nullopt;
}

/// Refs that no later push has moved were there before this one.
Status add_older(store::Reader& reader, const ProjectId& project, std::uint64_t push, Subject& to) {
    ORIGIN_TRY(
        refs,
        store::scan_rows<store::RefRow>(reader, Table::Refs, store::Range::prefix(project.view())));
    for (const auto& [key, ref] : refs) {
        if (ref.push < push) {
            to.older.push_back(ref.peeled.value_or(ref.oid));
        }
    }
    return {};
}

Status find_subject(store::Reader& reader,
                    git::Storage& storage,
                    const store::Event& event,
                    const json::object& data,
                    std::optional<Subject>& found) {
    found.reset();
    ORIGIN_TRY(project, find_project(reader, *event.project));
    if (!project) {
        return {};
    }
    Subject subject{*project, project->owner, {}, {}, {}};
    if (event.client) {
        ORIGIN_TRY(client, find_client(reader, *event.client));
        subject.sender = client.value_or(subject.sender);
    }
    if (const auto id = DeploymentId::parse(text_in(data, "deploymentId"))) {
        ORIGIN_TRY(row,
                   store::get_row<store::DeploymentRow>(
                       reader, Table::Deployments, store::deployment_key(*event.project, *id)));
        subject.deployment = row;
    }
    const json::value* push = data.if_contains("push");
    if (event.type == "push" && push != nullptr && push->is_int64()) {
        const auto sequence = static_cast<std::uint64_t>(push->get_int64());
        ORIGIN_CHECK(add_older(reader, *event.project, sequence, subject));
        ORIGIN_TRY(objects, storage.open(reader, *event.project));
        subject.objects = objects;
    }
    found = std::move(subject);
    return {};
}

/// The last kGithubCommitsMax, oldest first. `commits`: newest first.
std::vector<Oid> newest(const std::vector<git::SendCommit>& commits) {
    std::vector<Oid> oids;
    for (const git::SendCommit& commit : commits) {
        if (oids.size() < kGithubCommitsMax) {
            oids.push_back(commit.oid);
        }
    }
    std::ranges::reverse(oids);
    return oids;
}

/// The commits that `after` brought, oldest first; none if that is too much to find out.
std::vector<Oid> brought(const Subject& subject, const Oid& before, const Oid& after) {
    git::HistoryWalk walk(subject.objects, {});
    if (!walk.add_want(after)) {
        return {};
    }
    std::vector<Oid> known = subject.older;
    known.push_back(before);
    for (const Oid& tip : known) {
        if (const auto commit = git::commit_at(*subject.objects, tip)) {
            [[maybe_unused]] const Status added = walk.add_have(*commit);
        }
    }
    for (std::size_t looked = 0; looked < kWalkMax; looked += kWalkStep) {
        const auto over = walk.step(kWalkStep);
        if (!over) {
            return {};
        }
        if (*over) {
            return newest(walk.take_commits());
        }
    }
    return {};
}

/// Adds `commits` and `head_commit`.
void add_commits(json::object& payload,
                 const GithubSource& source,
                 const Subject& subject,
                 const json::object& ref) {
    json::array commits;
    payload["head_commit"] = nullptr;
    const auto before = Oid::from_hex(text_in(ref, "before"));
    const auto after = Oid::from_hex(text_in(ref, "after"));
    const bool is_gone = !after || after->is_zero() || !subject.objects;
    const auto head = is_gone ? std::nullopt : git::commit_at(*subject.objects, *after);
    if (head) {
        const ProjectId& project = subject.project.id;
        for (const Oid& commit : brought(subject, before.value_or(Oid()), *head)) {
            if (auto told = github_commit(source.urls, project, subject.objects, commit)) {
                commits.emplace_back(std::move(*told));
            }
        }
        if (auto told = github_commit(source.urls, project, subject.objects, *head)) {
            payload["head_commit"] = std::move(*told);
        }
    }
    payload["commits"] = std::move(commits);
}

json::object push_payload(const GithubSource& source,
                          const Subject& subject,
                          const json::object& ref) {
    const std::string before = text_in(ref, "before");
    const std::string after = text_in(ref, "after");
    json::object payload{
        {"ref", text_in(ref, "ref")},
        {"before", before},
        {"after", after},
        {"created", flag_in(ref, "created")},
        {"deleted", flag_in(ref, "deleted")},
        {"forced", flag_in(ref, "forced")},
        {"base_ref", nullptr},
        {"compare",
         github_repository_url(source.urls, subject.project.id) + "/compare?base=" + before +
             "&head=" + after},
        {"repository", github_repository(source.urls, subject.project)},
        {"pusher", {{"name", subject.sender.row.slug}, {"email", subject.sender.row.email}}},
        {"sender", github_user(source.urls, subject.sender)}};
    add_commits(payload, source, subject, ref);
    return payload;
}

GithubDeployment deployment_of(const Subject& subject, const json::object& data) {
    const auto id = DeploymentId::parse(text_in(data, "deploymentId"));
    return {subject.project.id, id.value_or(DeploymentId{}), *subject.deployment, subject.sender};
}

GithubEvent deployment_event(const GithubSource& source,
                             const Subject& subject,
                             const store::Event& event,
                             const json::object& data) {
    const GithubDeployment deployment = deployment_of(subject, data);
    json::object payload{{"action", "created"},
                         {"deployment", github_deployment(source.urls, deployment)},
                         {"repository", github_repository(source.urls, subject.project)},
                         {"sender", github_user(source.urls, subject.sender)}};
    if (event.type == "deployment.queued") {
        payload["workflow"] = nullptr;
        payload["workflow_run"] = nullptr;
        return {"deployment", std::move(payload)};
    }
    payload["deployment_status"] =
        github_deployment_status(source.urls,
                                 deployment,
                                 {.number = static_cast<std::int64_t>(event.sequence),
                                  .node = "evt_" + std::to_string(event.sequence),
                                  .state = text_in(data, "state"),
                                  .health = text_in(data, "health"),
                                  .text = text_in(data, "error"),
                                  .url = text_in(data, "url"),
                                  .time = event.time});
    return {"deployment_status", std::move(payload)};
}

}  // namespace

Result<std::vector<GithubEvent>> github_events(
    const GithubSource& source,
    const store::Event& event,
    const json::object& data,
    const std::function<bool(std::string_view)>& wants_ref) {
    std::vector<GithubEvent> events;
    std::optional<Subject> subject;
    ORIGIN_CHECK(source.store.read([&](store::Reader& reader) {
        return find_subject(reader, source.storage, event, data, subject);
    }));
    if (!subject) {
        return events;
    }
    const json::value* refs = data.if_contains("refs");
    if (event.type == "push" && refs != nullptr && refs->is_array()) {
        for (const json::value& ref : refs->get_array()) {
            if (ref.is_object() && wants_ref(text_in(ref.get_object(), "ref"))) {
                events.push_back({"push", push_payload(source, *subject, ref.get_object())});
            }
        }
    } else if (event.type.starts_with("deployment.") && subject->deployment) {
        events.push_back(deployment_event(source, *subject, event, data));
    }
    return events;
}

Result<json::object> github_ping(const GithubSource& source,
                                 const WebhookScope& scope,
                                 const WebhookId& id,
                                 const store::WebhookRow& hook) {
    const auto* project = std::get_if<ProjectId>(&scope);
    const std::string path =
        (project != nullptr ? "/projects/" + project->str() : std::string()) + "/webhooks/";
    const std::string url = source.urls.api(path + id.str());
    const std::int64_t number = github_number(id.view());
    json::array events;
    for (const std::string& glob : hook.events) {
        events.emplace_back(glob);
    }
    if (events.empty()) {
        events.emplace_back("*");
    }
    json::object payload{
        {"zen", "A hook that answers is a hook that hears."},
        {"hook_id", number},
        {"hook",
         {{"type", project != nullptr ? "Repository" : "Organization"},
          {"id", number},
          {"name", "web"},
          {"active", hook.state == store::WebhookState::Active},
          {"events", std::move(events)},
          {"config", {{"content_type", "json"}, {"insecure_ssl", "0"}, {"url", hook.url}}},
          {"updated_at", rfc3339(hook.created_at)},
          {"created_at", rfc3339(hook.created_at)},
          {"url", url},
          {"test_url", url + "/ping"},
          {"ping_url", url + "/ping"},
          {"deliveries_url", url},
          {"last_response", {{"code", nullptr}, {"status", "unused"}, {"message", nullptr}}}}}};
    ORIGIN_CHECK(source.store.read([&](store::Reader& reader) -> Status {
        if (project == nullptr) {
            ORIGIN_TRY(owner, find_client(reader, std::get<ClientId>(scope)));
            payload["sender"] = owner ? github_user(source.urls, *owner) : json::object();
            return {};
        }
        ORIGIN_TRY(found, find_project(reader, *project));
        if (found) {
            payload["repository"] = github_repository(source.urls, *found);
            payload["sender"] = github_user(source.urls, found->owner);
        }
        return {};
    }));
    return payload;
}

}  // namespace origin::hooks

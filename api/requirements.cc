// SPDX-License-Identifier: Apache-2.0
// POST /api/requirements and what follows a run: show, events, cancel, retry.
#include <boost/json.hpp>

#include "api/answers.h"
#include "api/checks.h"
#include "api/endpoints.h"
#include "api/event_stream.h"
#include "api/run_view.h"
#include "api/run_wait.h"
#include "api/views.h"
#include "base/limits.h"
#include "deploy/connectors.h"
#include "deploy/releases.h"
#include "generator/deploy_wish.h"
#include "hooks/target_secret.h"
#include "hooks/webhook_secret.h"
#include "hooks/webhooks.h"
#include "store/rows/access.h"

namespace origin::api {
namespace {

namespace json = boost::json;

struct RequirementBody {
    struct Deployment {
        std::string platform;
        std::map<std::string, std::string> settings;
        std::optional<std::string> target;
        std::optional<Secret> secret;
        bool preview = false;
    };
    struct Webhook {
        std::string url;
        std::vector<std::string> events;
    };
    std::string client;
    std::optional<std::string> project;
    std::string requirements;
    std::optional<Deployment> deployment;
    std::optional<std::string> branch;
    std::optional<std::string> engine;
    bool dry_run = false;
    bool auto_merge = false;
    std::optional<Webhook> webhook;

    static RequirementBody read(Fields& in) {
        RequirementBody body;
        body.client = in.text("clientId");
        body.project = in.maybe_text("projectId");
        body.requirements = in.text("requirements");
        Deployment deployment;
        if (in.object("deployment", [&](Fields& inner) {
                deployment.platform = inner.text("platform");
                deployment.settings = inner.text_map("settings");
                deployment.target = inner.maybe_text("target");
                if (auto secret = inner.maybe_text("secret")) {
                    deployment.secret.emplace(std::move(*secret));
                }
                deployment.preview = inner.flag("preview");
            })) {
            body.deployment = deployment;
        }
        body.branch = in.maybe_text("branch");
        body.engine = in.maybe_text("engine");
        body.dry_run = in.flag("dryRun");
        body.auto_merge = in.flag("autoMerge");
        Webhook webhook;
        if (in.object("webhook", [&](Fields& inner) {
                webhook.url = inner.text("url");
                webhook.events = inner.maybe_texts("events").value_or(
                    std::vector<std::string>{"run.*", "deployment.*"});
            })) {
            body.webhook = webhook;
        }
        return body;
    }
};

/// Whom the requirement is for: the key's own client; a server admin may name another.
Result<auth::Identity> requester(const Call& call, const std::string& client_text) {
    const auto client = ClientId::parse(client_text);
    if (client == call.identity().client) {
        return call.identity();
    }
    if (!call.identity().server_admin) {
        return std::unexpected(Error(Code::Forbidden, "'clientId' is not the client of this key")
                                   .because("client_mismatch"));
    }
    auto other = client ? call.around.gatekeeper.identity_of(*client, std::nullopt)
                        : std::unexpected(Error(Code::NotFound, "no such client"));
    if (!other) {
        return std::unexpected(Error(Code::NotFound, "there is no such client, or it is disabled")
                                   .because("client_not_found"));
    }
    return other;
}

/// Settings of a new target are checked in the transaction that makes it; one that is there keeps
/// its own.
Result<generator::DeployWish> deploy_wish_of(const Call& call,
                                             const RequirementBody::Deployment& asked) {
    const Around& around = call.around;
    ORIGIN_CHECK(around.connectors.check_name(asked.platform));
    generator::DeployWish wish{.platform = asked.platform,
                               .target = asked.target.value_or(""),
                               .settings = asked.settings,
                               .has_secret = asked.secret && !asked.secret->empty(),
                               .preview = asked.preview};
    if (asked.target) {
        ORIGIN_CHECK(check_target_name(wish.target));
    }
    if (wish.has_secret) {
        ORIGIN_CHECK(check_target_secret(*asked.secret));
        wish.seal = [&around, secret = *asked.secret](const ProjectId& project,
                                                      const std::string& target) {
            return hooks::seal_target_secret(
                around.master_key, project, target, secret, around.random);
        };
    }
    wish.check = [&around, asked, has_secret = wish.has_secret] {
        return around.connectors.check(asked.platform, asked.settings, has_secret);
    };
    if (asked.platform == deploy::kLocal) {
        ORIGIN_CHECK(wish.check());
    }
    return wish;
}

Result<generator::Requirement> requirement_of(const Call& call, const RequirementBody& body) {
    generator::Requirement wanted{.project = {},
                                  .text = body.requirements,
                                  .engine = body.engine.value_or(""),
                                  .branch = short_branch(body.branch.value_or("")),
                                  .deployment = {},
                                  .auto_merge = body.auto_merge};
    if (body.project) {
        ORIGIN_TRY(project, need_id<ProjectId>(*body.project, "project"));
        wanted.project = project;
    }
    if (body.deployment) {
        ORIGIN_TRY(wish, deploy_wish_of(call, *body.deployment));
        wanted.deployment = std::move(wish);
    }
    return wanted;
}

Answer dry_run(const Call& call,
               const auth::Identity& identity,
               const generator::Requirement& wanted) {
    ORIGIN_TRY(preview, call.around.runs.dry_run(identity, wanted));
    json::array lines;
    for (const generator::TraceLine& line : preview.output.traceability) {
        lines.push_back({{"id", line.id},
                         {"text", line.text},
                         {"status", generator::name_of(line.status)},
                         {"reason", line.reason},
                         {"evidence", texts_json(line.evidence)}});
    }
    json::array files;
    for (const auto& [path, content] : preview.output.pristine) {
        files.push_back({{"path", path}, {"bytes", content.size()}});
    }
    return json_answer(200,
                       {{"dryRun", true},
                        {"title", preview.output.title},
                        {"summary", preview.output.summary},
                        {"filesChanged", preview.files_changed},
                        {"files", std::move(files)},
                        {"traceability", std::move(lines)}});
}

/// The webhook that a requirement asks for, drawn before the transaction.
struct WebhookPlan {
    hooks::NewWebhook row;
    Secret shown;
};

Result<std::optional<WebhookPlan>> plan_webhook(const Call& call, const RequirementBody& body) {
    if (!body.webhook) {
        return std::optional<WebhookPlan>();
    }
    ORIGIN_CHECK(net::check_outbound_url(body.webhook->url, call.around.outbound));
    ORIGIN_CHECK(check_event_globs(body.webhook->events));
    const WebhookId id = WebhookId::make(call.around.clock, call.around.random);
    const hooks::WebhookSecret secret = hooks::make_webhook_secret(call.around.random);
    return std::optional(
        WebhookPlan{.row = {.id = id,
                            .scope = ProjectId(),
                            .url = body.webhook->url,
                            .sealed_secret = hooks::seal_webhook_secret(
                                call.around.master_key, id, secret.raw, call.around.random),
                            .events = body.webhook->events,
                            .now = call.now()},
                    .shown = secret.shown});
}

json::object secret_json(const std::string& id, const std::optional<Secret>& secret) {
    if (!secret) {
        return {{"id", id}, {"secret", nullptr}, {"secretShown", true}};
    }
    return {{"id", id}, {"secret", secret->reveal()}};
}

/// 200 or 202 with the run, once it is finished or the wait is over.
Answer follow(const Call& call, const RunId& id, json::object extra) {
    return answer_run(call.around,
                      {.id = id,
                       .wait = preferred_wait(call.head),
                       .extra = std::move(extra),
                       .location = "/api/requirements/" + id.str()});
}

struct PermittedRun {
    RunId id;
    auth::Permit permit;
};

Result<PermittedRun> permitted_run(const Call& call,
                                   const std::string& text,
                                   std::initializer_list<auth::Action> actions) {
    ORIGIN_TRY(id, need_id<RunId>(text, "requirement"));
    ORIGIN_TRY(run, read_store(call.around.store, [&](store::Reader& reader) {
                   return generator::need_run(reader, id);
               }));
    auto permit = call.permit_any(run.project, actions);
    if (!permit && permit.error().code() == Code::NotFound) {
        return std::unexpected(Error(Code::NotFound, "no such requirement"));
    }
    ORIGIN_CHECK(permit);
    return PermittedRun{.id = id, .permit = std::move(*permit)};
}

constexpr auto kFollows = {auth::Action::Require, auth::Action::Read};

/// Cancels or retries the run that is named, once.
Answer act_on_run(const Call& call,
                  const std::function<Status(const RunId&, const generator::Runs::Also&)>& act) {
    ORIGIN_TRY(run, permitted_run(call, call.param("id"), {auth::Action::Require}));
    return once_only(
        call,
        [&](const auth::Once& once) -> Answer {
            ORIGIN_CHECK(act(run.id, [&](store::Writer& writer) -> Status {
                ORIGIN_CHECK(call.around.gatekeeper.recheck(writer, run.permit));
                return once.record(writer, {run.id.str()});
            }));
            return follow(call, run.id, {});
        },
        [&](const Ids&) { return follow(call, run.id, {}); });
}

/// An event of the run itself, or of a deployment that it caused.
bool is_about_run(const store::Event& event, std::string_view run) {
    const bool own = event.type.starts_with("run.");
    if (!own && !event.type.starts_with("deployment.")) {
        return false;
    }
    boost::system::error_code error;
    const json::value data = json::parse(event.data, error);
    if (error || !data.is_object()) {
        return false;
    }
    const json::value* id = data.get_object().if_contains(own ? "runId" : "run");
    return id != nullptr && id->is_string() && std::string_view(id->get_string()) == run;
}

}  // namespace

BodyShape requirement_shape() {
    return shape_of<RequirementBody>();
}

Answer post_requirement(const Call& call) {
    ORIGIN_TRY(body, read_body<RequirementBody>(call.body));
    ORIGIN_TRY(identity, requester(call, body.client));
    ORIGIN_TRY(wanted, requirement_of(call, body));
    if (body.dry_run) {
        return dry_run(call, identity, wanted);
    }
    const auto replay = [&](const Ids& ids) -> Answer {
        // Asked again: its project may be shared no more.
        ORIGIN_TRY(run, permitted_run(call, ids.front(), {auth::Action::Require}));
        json::object extra;
        if (ids.size() > 1) {
            extra["webhook"] = secret_json(ids[1], std::nullopt);
        }
        return follow(call, run.id, std::move(extra));
    };
    const auto act = [&](const auth::Once& once) -> Answer {
        ORIGIN_TRY(webhook, plan_webhook(call, body));
        const auto also = [&](store::Writer& writer,
                              const generator::Submitted& submitted) -> Status {
            Ids ids = {submitted.id.str()};
            if (!webhook) {
                return once.record(writer, ids);
            }
            hooks::NewWebhook row = webhook->row;
            row.scope = submitted.run.project;
            ORIGIN_CHECK(auth::Gatekeeper::check_client(
                writer, identity, submitted.run.project, auth::Action::Deploy));
            ORIGIN_CHECK(check_webhook_room(writer, row.scope));
            ORIGIN_CHECK(hooks::create_webhook(writer, row));
            ids.push_back(row.id.str());
            return once.record(writer, ids);
        };
        ORIGIN_TRY(submitted, call.around.runs.submit(identity, wanted, also));
        json::object extra;
        if (webhook) {
            extra["webhook"] = secret_json(webhook->row.id.str(), webhook->shown);
        }
        return follow(call, submitted.id, std::move(extra));
    };
    return once_only(call, act, replay);
}

Answer get_requirement(const Call& call) {
    ORIGIN_TRY(run, permitted_run(call, call.param("id"), kFollows));
    return answer_run(
        call.around,
        {.id = run.id, .wait = preferred_wait(call.head), .extra = {}, .unfinished_status = 200});
}

Answer get_requirement_events(const Call& call) {
    ORIGIN_TRY(asked, permitted_run(call, call.param("id"), kFollows));
    const RunId id = asked.id;
    const VisibleEvents may_see(call.identity(), asked.permit.project());
    EventsWish wish{.shows = [text = id.str(), may_see](store::Reader& reader,
                                                        const store::Event& event) -> Result<bool> {
                        return is_about_run(event, text) ? may_see(reader, event) : false;
                    },
                    .is_over = [id](store::Reader& reader) -> Result<bool> {
                        ORIGIN_TRY(run, generator::need_run(reader, id));
                        ORIGIN_TRY(status, run_status(reader, id, run));
                        return status != "pending";
                    },
                    .identity = call.identity()};
    wish.project = asked.permit.project();
    ORIGIN_CHECK(call.around.store.read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(after, event_start(reader, call));
        wish.after = after;
        return {};
    }));
    return stream_answer(call.around, std::move(wish));
}

Answer cancel_requirement(const Call& call) {
    return act_on_run(call, [&](const RunId& id, const generator::Runs::Also& also) {
        return call.around.runs.cancel(id, also);
    });
}

Answer retry_requirement(const Call& call) {
    return act_on_run(call, [&](const RunId& id, const generator::Runs::Also& also) {
        return call.around.runs.retry(id, also);
    });
}

}  // namespace origin::api

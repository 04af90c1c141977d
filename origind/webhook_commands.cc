// SPDX-License-Identifier: Apache-2.0
// The commands about endpoints that hear of events: a project's with --project, else a client's.
#include "origind/command_line.h"

namespace origin {
namespace {

std::vector<std::string> columns() {
    return {"id", "state", "format", "events", "url", "reason"};
}

void add_whose(CLI::App& c, Options& o) {
    CLI::Option* project = c.add_option("--project", o.project, "a project's webhooks (prj_...)");
    c.add_option("--client", o.slug, "those of all projects of a client (cli_...); for admins")
        ->excludes(project);
}

void add_webhook(CLI::App& c, Options& o) {
    add_whose(c, o);
    c.add_option("id", o.id, "webhook id (whk_...)")->required();
}

void add_delivery(CLI::App& c, Options& o) {
    add_webhook(c, o);
    c.add_option("delivery", o.name, "its number in the list of deliveries")->required();
}

/// "/api/.../webhooks" + `rest`.
std::string path_of(const Options& o, const std::string& rest = {}) {
    const std::string root = o.project.empty() ? "/api" : "/api/projects/" + o.project;
    return root + "/webhooks" + rest + (o.slug.empty() ? "" : "?clientId=" + o.slug);
}

/// A POST without a body to the webhook's `verb`.
std::function<void(ApiCall&)> post(Options& o, const std::string& verb) {
    return [&o, verb](ApiCall& call) {
        call.method = "POST";
        call.target = path_of(o, "/" + o.id + verb);
        call.columns = columns();
    };
}

void add_create(CLI::App& webhook, Options& o) {
    add_call(
        webhook,
        o,
        {"create", "make a webhook; its secret is shown once"},
        [&o](CLI::App& c) {
            add_whose(c, o);
            c.add_option("url", o.file, "where deliveries go")->required();
            c.add_option("--event", o.operations, "a glob over event types: 'deployment.*'")
                ->allow_extra_args(false);
            c.add_option(
                 "--ref", o.projects, "a glob over refs: 'feature/*' (branches), 'refs/tags/v*'")
                ->allow_extra_args(false);
            c.add_option("--format", o.access, "standard or github");
            c.add_option("--signature", o.kid, "v1 (HMAC) or v1a (Ed25519)");
        },
        [&o](ApiCall& call) {
            call.method = "POST";
            call.target = path_of(o);
            call.body = json_of({{"url", o.file},
                                 {"events", array_of(o.operations)},
                                 {"refs", array_of(o.projects)},
                                 {"format", o.access},
                                 {"signature", o.kid}});
            call.columns = columns();
        });
}

void add_rotate(CLI::App& webhook, Options& o) {
    add_call(
        webhook,
        o,
        {"rotate", "a new secret; for a while both sign"},
        [&o](CLI::App& c) {
            add_webhook(c, o);
            c.add_option("--overlap", o.overlap, "seconds for which the old one signs, too")
                ->capture_default_str();
        },
        [&o](ApiCall& call) {
            call.method = "POST";
            call.target = path_of(o, "/" + o.id + "/rotate");
            call.body = boost::json::serialize(boost::json::object{{"overlapSeconds", o.overlap}});
            call.columns = columns();
        });
}

void add_deliveries(CLI::App& webhook, Options& o) {
    const auto each = [&o](CLI::App& c) {
        add_webhook(c, o);
    };
    add_call(
        webhook, o, {"deliveries", "what was delivered, newest first"}, each, [&o](ApiCall& call) {
            call.method = "GET";
            call.target = path_of(o, "/" + o.id);
            call.columns = {"delivery", "eventType", "attempt", "status", "milliseconds", "error"};
            call.list = "deliveries";
        });
    const auto one = [&o](CLI::App& c) {
        add_delivery(c, o);
    };
    add_call(webhook,
             o,
             {"delivery", "one delivery: what was sent and what was answered"},
             one,
             [&o](ApiCall& call) {
                 call.method = "GET";
                 call.target = path_of(o, "/" + o.id + "/deliveries/" + o.name);
             });
    add_call(webhook,
             o,
             {"redeliver", "send a delivery's message again, once"},
             one,
             [&o](ApiCall& call) {
                 call.method = "POST";
                 call.target = path_of(o, "/" + o.id + "/deliveries/" + o.name + "/redeliver");
             });
}

}  // namespace

void add_webhook_commands(CLI::App& app, Options& o) {
    CLI::App* webhook = app.add_subcommand("webhook", "endpoints that hear of events");
    webhook->require_subcommand(1);
    const auto each = [&o](CLI::App& c) {
        add_webhook(c, o);
    };
    add_create(*webhook, o);
    add_call(
        *webhook,
        o,
        {"list", "list webhooks and their states"},
        [&o](CLI::App& c) { add_whose(c, o); },
        [&o](ApiCall& call) {
            call.method = "GET";
            call.target = path_of(o);
            call.columns = columns();
        });
    add_call(*webhook,
             o,
             {"resume", "go on where a paused or disabled webhook stopped"},
             each,
             post(o, "/resume"));
    add_rotate(*webhook, o);
    add_call(*webhook, o, {"ping", "send a ping, once"}, each, post(o, "/ping"));
    add_deliveries(*webhook, o);
    add_call(*webhook, o, {"delete", "remove a webhook"}, each, [&o](ApiCall& call) {
        call.method = "DELETE";
        call.target = path_of(o, "/" + o.id);
    });
}

}  // namespace origin

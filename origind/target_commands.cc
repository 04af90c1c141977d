// SPDX-License-Identifier: Apache-2.0
// The commands about where a project deploys: targets, rules, deployments.
#include "net/http_text.h"
#include "origind/command_line.h"

namespace origin {
namespace {

void add_project(CLI::App& c, Options& o) {
    c.add_option("--project", o.project, "project id (prj_...)")->required();
}

std::string below(const Options& o, const std::string& what) {
    return "/api/projects/" + o.project + what;
}

/// "site=shop" -> {"site": "shop"}
boost::json::object settings_of(const std::vector<std::string>& pairs) {
    boost::json::object settings;
    for (const std::string& pair : pairs) {
        const std::size_t equals = pair.find('=');
        settings[pair.substr(0, equals)] =
            equals == std::string::npos ? std::string() : pair.substr(equals + 1);
    }
    return settings;
}

/// A private key whole; of any other file its first line, without its end.
std::string secret_of(const std::string& file) {
    const std::string text = text_of_file(file);
    return text.starts_with("-----BEGIN ") ? text : text.substr(0, text.find_first_of("\r\n"));
}

void add_health_options(CLI::App& c, Options& o) {
    c.add_option("--health-path", o.deploy.health_path, "look at this path once it is live: /");
    c.add_option("--health-status", o.deploy.health_status, "what it has to answer")
        ->capture_default_str();
    c.add_option("--health-text", o.deploy.health_text, "what has to be on the page");
    c.add_flag("--health-roll-back",
               o.deploy.health_roll_back,
               "if it is not: put the release before it back");
}

void add_target_commands(CLI::App& app, Options& o) {
    CLI::App* target = app.add_subcommand("target", "where a project deploys");
    target->require_subcommand(1);
    add_call(
        *target,
        o,
        {"set", "make a target, or replace its settings"},
        [&o](CLI::App& c) {
            add_project(c, o);
            c.add_option("--name", o.name, "production, staging ...")->required();
            c.add_option("--connector",
                         o.deploy.connector,
                         "local, cloudflare-pages, cloudflare-workers, command, git, netlify, s3, "
                         "sftp, vercel, webhook")
                ->required();
            c.add_option("--setting", o.deploy.settings, "KEY=VALUE; may be repeated")
                ->allow_extra_args(false);
            c.add_option("--publish-root", o.deploy.publish_root, "the folder that is the site");
            c.add_option("--secret-file",
                         o.file,
                         "a file with a private key, or whose first line is the provider's token; "
                         "without it what is stored stays, an empty file removes it")
                ->check(CLI::ExistingFile);
            add_health_options(c, o);
        },
        [&o](ApiCall& call) {
            call.method = "PUT";
            call.target = below(o, "/targets/" + net::percent_encode(o.name));
            boost::json::object body = given_of({{"connector", o.deploy.connector},
                                                 {"settings", settings_of(o.deploy.settings)},
                                                 {"publishRoot", o.deploy.publish_root}});
            if (!o.file.empty()) {
                body["secret"] = secret_of(o.file);  // An empty one takes away what is stored.
            }
            if (!o.deploy.health_path.empty()) {
                body["health"] = boost::json::object{{"path", o.deploy.health_path},
                                                     {"status", o.deploy.health_status},
                                                     {"text", o.deploy.health_text},
                                                     {"rollBack", o.deploy.health_roll_back}};
            }
            call.body = boost::json::serialize(body);
            call.columns = {"target", "connector", "hasSecret", "url"};
        });
    add_call(
        *target,
        o,
        {"list", "list a project's targets"},
        [&o](CLI::App& c) { add_project(c, o); },
        [&o](ApiCall& call) {
            call.method = "GET";
            call.target = below(o, "/targets");
            call.columns = {"target", "connector", "releases", "live", "url"};
        });
    add_call(
        *target,
        o,
        {"remove", "deploy there no more; what is live at a provider stays there"},
        [&o](CLI::App& c) {
            add_project(c, o);
            c.add_option("name", o.name, "the target's name")->required();
        },
        [&o](ApiCall& call) {
            call.method = "DELETE";
            call.target = below(o, "/targets/" + net::percent_encode(o.name));
        });
}

void add_rule_commands(CLI::App& app, Options& o) {
    CLI::App* rule = app.add_subcommand("rule", "which refs deploy to which target");
    rule->require_subcommand(1);
    const auto add_both = [&o](CLI::App& c) {
        add_project(c, o);
        c.add_option(
             "pattern", o.id, "a branch, or a full ref name: main, 'feature/*', 'refs/tags/v*'")
            ->required();
        c.add_option("--target", o.name, "a target's name")->required();
    };
    add_call(
        *rule,
        o,
        {"set", "deploy what is pushed to these refs"},
        [&o, add_both](CLI::App& c) {
            add_both(c);
            c.add_flag("--preview", o.deploy.preview, "at URLs of their own, replacing nothing");
        },
        [&o](ApiCall& call) {
            call.method = "PUT";
            call.target = below(o, "/rules");
            call.body =
                json_of({{"pattern", o.id}, {"target", o.name}, {"preview", o.deploy.preview}});
            call.columns = {"pattern", "target", "preview"};
        });
    add_call(
        *rule,
        o,
        {"list", "list a project's rules"},
        [&o](CLI::App& c) { add_project(c, o); },
        [&o](ApiCall& call) {
            call.method = "GET";
            call.target = below(o, "/rules");
            call.columns = {"pattern", "target", "preview"};
        });
    add_call(*rule, o, {"remove", "deploy them no more"}, add_both, [&o](ApiCall& call) {
        call.method = "DELETE";
        call.target = below(o,
                            "/rules?target=" + net::percent_encode(o.name) +
                                "&pattern=" + net::percent_encode(o.id));
    });
}

void add_one_deployment(CLI::App& c, Options& o) {
    add_project(c, o);
    c.add_option("id", o.id, "deployment id (dep_...)")->required();
}

void add_deployment_list(CLI::App& deployment, Options& o) {
    add_call(
        deployment,
        o,
        {"list", "list a project's deployments, the newest first"},
        [&o](CLI::App& c) {
            add_project(c, o);
            c.add_option("--target", o.name, "of one target only");
        },
        [&o](ApiCall& call) {
            call.method = "GET";
            call.target =
                below(o,
                      "/deployments" + (o.name.empty() ? std::string()
                                                       : "?target=" + net::percent_encode(o.name)));
            call.columns = {"id", "target", "commit", "state", "url"};
        });
}

void add_deployment_create(CLI::App& deployment, Options& o) {
    add_call(
        deployment,
        o,
        {"create", "deploy a branch, tag or commit, whatever rules say"},
        [&o](CLI::App& c) {
            add_project(c, o);
            c.add_option("ref", o.id, "a branch, a tag or a commit")->required();
            c.add_option("--target", o.name, "where to; default: production");
            c.add_flag("--preview", o.deploy.preview, "at a URL of its own, replacing nothing");
        },
        [&o](ApiCall& call) {
            boost::json::object body{{"ref", o.id}, {"target", o.name}};
            if (o.deploy.preview) {
                body["preview"] = true;
            }
            call.method = "POST";
            call.target = below(o, "/deployments");
            call.body = json_of(std::move(body));
            call.columns = {"id", "target", "commit", "state", "url"};
        });
}

void add_deployment_commands(CLI::App& app, Options& o) {
    CLI::App* deployment = app.add_subcommand("deployment", "commits on their way to targets");
    deployment->require_subcommand(1);
    add_deployment_list(*deployment, o);
    add_deployment_create(*deployment, o);
    add_call(
        *deployment,
        o,
        {"show", "show one with its log"},
        [&o](CLI::App& c) { add_one_deployment(c, o); },
        [&o](ApiCall& call) {
            call.method = "GET";
            call.target = below(o, "/deployments/" + o.id);
            call.columns = {"id", "target", "commit", "state", "waiting", "error", "url"};
        });
    for (const auto& [verb, help] :
         {std::pair{"cancel", "end one that is not live yet"},
          std::pair{"retry", "deploy the commit of one that failed or was cancelled once more"}}) {
        add_call(
            *deployment,
            o,
            {verb, help},
            [&o](CLI::App& c) { add_one_deployment(c, o); },
            [&o, word = std::string(verb)](ApiCall& call) {
                call.method = "POST";
                call.target = below(o, "/deployments/" + o.id + "/" + word);
                call.columns = {"id", "target", "commit", "state", "url"};
            });
    }
    add_call(
        *deployment,
        o,
        {"rollback", "have its commit live again; of the one that is live: the one before it"},
        [&o](CLI::App& c) { add_one_deployment(c, o); },
        [&o](ApiCall& call) {
            call.method = "POST";
            call.target = below(o, "/deployments/" + o.id + "/rollback");
            call.columns = {"id", "target", "commit", "state", "url"};
        });
}

}  // namespace

void add_deploy_commands(CLI::App& app, Options& o) {
    add_target_commands(app, o);
    add_rule_commands(app, o);
    add_deployment_commands(app, o);
}

}  // namespace origin

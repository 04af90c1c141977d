// SPDX-License-Identifier: Apache-2.0
// The commands about what a push may do: tokens, branch policies, statuses of commits.
#include "net/http_text.h"
#include "origind/command_line.h"

namespace origin {
namespace {

/// The members of a file's JSON object, and those of `own` beside them.
std::string body_with(const std::string& file, boost::json::object own) {
    boost::system::error_code error;
    boost::json::value read =
        file.empty() ? boost::json::object() : boost::json::parse(text_of_file(file), error);
    if (error || !read.is_object()) {
        return text_of_file(file);  // The API says what is wrong with it.
    }
    for (auto& member : own) {
        read.get_object().insert_or_assign(member.key(), member.value());
    }
    return json_of(std::move(read.get_object()));
}

void add_project(CLI::App& c, Options& o) {
    c.add_option("--project", o.project, "project id (prj_...)")->required();
}

void add_token_commands(CLI::App& app, Options& o) {
    CLI::App* token = app.add_subcommand("token", "short-lived keys for one project");
    token->require_subcommand(1);
    add_call(
        *token,
        o,
        {"create", "make a token; it is shown once"},
        [&o](CLI::App& c) {
            add_project(c, o);
            c.add_option("--title", o.name, "what it is for");
            c.add_option("--operation",
                         o.operations,
                         "git:read, git:write, requirements, deploy; default: the first two")
                ->allow_extra_args(false);
            c.add_option("--expires-in", o.seconds, "seconds; default 900, at most 86400");
            c.add_option(
                 "--limits", o.file, "a JSON file with refs, paths, pushes, packBytes, files")
                ->check(CLI::ExistingFile);
        },
        [&o](ApiCall& call) {
            call.method = "POST";
            call.target = "/api/projects/" + o.project + "/tokens";
            boost::json::object own{{"title", o.name}, {"operations", array_of(o.operations)}};
            if (o.seconds) {
                own["expiresIn"] = *o.seconds;
            }
            call.body = body_with(o.file, std::move(own));
            call.columns = {"keyId", "key", "expiresAt"};
        });
    add_call(
        *token,
        o,
        {"revoke", "refuse a token from now on"},
        [&o](CLI::App& c) {
            add_project(c, o);
            c.add_option("id", o.id, "key id (key_...)")->required();
        },
        [&o](ApiCall& call) {
            call.method = "DELETE";
            call.target = "/api/projects/" + o.project + "/tokens/" + o.id;
        });
}

void add_branch_policy_commands(CLI::App& app, Options& o) {
    CLI::App* policy = app.add_subcommand("policy", "what pushes have to keep to");
    policy->require_subcommand(1);
    const auto target = [&o] {
        return "/api/projects/" + o.project + "/policies";
    };
    add_call(
        *policy,
        o,
        {"list", "list a project's policies"},
        [&o](CLI::App& c) { add_project(c, o); },
        [target](ApiCall& call) {
            call.method = "GET";
            call.target = target();
            call.columns = {"pattern", "pushers", "noForce", "noDelete", "signedCommits", "linear"};
        });
    add_call(
        *policy,
        o,
        {"set", "replace a project's policies"},
        [&o](CLI::App& c) {
            add_project(c, o);
            c.add_option("file", o.file, R"(a JSON file: {"policies": [...]})")
                ->required()
                ->check(CLI::ExistingFile);
        },
        [&o, target](ApiCall& call) {
            call.method = "PUT";
            call.target = target();
            call.body = text_of_file(o.file);
            call.columns = {"pattern", "pushers", "noForce", "noDelete", "signedCommits", "linear"};
        });
}

void add_status_commands(CLI::App& app, Options& o) {
    CLI::App* status = app.add_subcommand("status", "what checks say of a commit");
    status->require_subcommand(1);
    const auto add_commit = [&o](CLI::App& c) {
        add_project(c, o);
        c.add_option("commit", o.id, "a commit's 40 digits, a branch or a tag")->required();
    };
    const auto target = [&o] {
        return "/api/projects/" + o.project + "/commits/" + net::percent_encode(o.id) + "/statuses";
    };
    add_call(*status, o, {"list", "list a commit's statuses"}, add_commit, [target](ApiCall& call) {
        call.method = "GET";
        call.target = target();
        call.columns = {"context", "state", "description", "targetUrl"};
    });
    add_call(
        *status,
        o,
        {"set", "say what a check found"},
        [&o, add_commit](CLI::App& c) {
            add_commit(c);
            c.add_option("state", o.access, "what it found")
                ->required()
                ->check(CLI::IsMember({"pending", "success", "failure", "error"}));
            c.add_option("--context", o.slug, "which check: ci/build; default: default");
            c.add_option("--description", o.name, "a few words");
            c.add_option("--url", o.file, "where more is said");
        },
        [&o, target](ApiCall& call) {
            call.method = "POST";
            call.target = target();
            call.body = json_of({{"state", o.access},
                                 {"context", o.slug},
                                 {"description", o.name},
                                 {"targetUrl", o.file}});
            call.columns = {"context", "state"};
        });
}

void add_gates_commands(CLI::App& app, Options& o) {
    CLI::App* gates = app.add_subcommand("gates", "what pushes are asked beside policies");
    gates->require_subcommand(1);
    const auto fill = [&o](ApiCall& call) {
        call.target = "/api/projects/" + o.project + "/gates";
        call.columns = {"secretScan", "url", "hasSecret", "onFailure", "timeoutMs"};
    };
    add_call(
        *gates,
        o,
        {"show", "show a project's gates"},
        [&o](CLI::App& c) { add_project(c, o); },
        [fill](ApiCall& call) {
            call.method = "GET";
            fill(call);
        });
    add_call(
        *gates,
        o,
        {"set", "replace a project's gates: what is not given gets its default"},
        [&o](CLI::App& c) {
            add_project(c, o);
            c.add_flag("--no-secret-scan", o.no_secret_scan, "let pushes bring secrets");
            c.add_option("--url", o.name, "the project's own gate");
            c.add_option("--secret-file", o.file, "what its requests are signed with (whsec_...)")
                ->check(CLI::ExistingFile);
            c.add_option("--on-failure", o.access, "when it gives no verdict; default: closed")
                ->check(CLI::IsMember({"closed", "open"}));
            c.add_option("--timeout-ms", o.milliseconds, "100 to 10000; default 5000");
        },
        [&o, fill](ApiCall& call) {
            boost::json::object body{{"url", o.name}, {"onFailure", o.access}};
            if (!o.file.empty()) {
                const std::string text = text_of_file(o.file);
                body["secret"] = text.substr(0, text.find('\n'));
            }
            if (o.no_secret_scan) {
                body["secretScan"] = false;
            }
            if (o.milliseconds) {
                body["timeoutMs"] = *o.milliseconds;
            }
            call.body = json_of(std::move(body));
            call.method = "PUT";
            fill(call);
        });
}

}  // namespace

void add_policy_commands(CLI::App& app, Options& o) {
    add_token_commands(app, o);
    add_branch_policy_commands(app, o);
    add_status_commands(app, o);
    add_gates_commands(app, o);
}

}  // namespace origin

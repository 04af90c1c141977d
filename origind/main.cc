// SPDX-License-Identifier: Apache-2.0
// origind/main: the command line. Reading it is reading what the program can do.
#include <csignal>

#include "deploy/git_worker.h"
#include "deploy/sftp_worker.h"
#include "origind/command_line.h"
#include "origind/service.h"

namespace origin {
namespace {

void add_server_commands(CLI::App& app, Options& o) {
    CLI::App* init =
        app.add_subcommand("init", "make a data folder with its first admin client and key");
    add_data(*init, o.init.data);
    init->add_option("--client", o.init.client, "the first client's slug")->capture_default_str();
    add_json(*init, o.init.json);
    init->callback([&o] { o.status = run_init(o.init); });

    CLI::App* serve = app.add_subcommand("serve", "run the server until SIGINT or SIGTERM");
    add_data(*serve, o.serve.data);
    serve->add_option("--config", o.serve.config, "a TOML file (docs/configuration.md)");
    serve->add_option("--http", o.serve.http, "ADDRESS:PORT to listen on; port 0: a free one");
    serve->add_option(
        "--ssh", o.serve.ssh, "ADDRESS:PORT of the SSH door; without it there is none");
    serve->callback([&o] { o.status = run_serve(o.serve); });

    CLI::App* doctor = app.add_subcommand("doctor", "check the data folder and the libraries");
    add_data(*doctor, o.doctor.data);
    add_json(*doctor, o.doctor.json);
    doctor->callback([&o] { o.status = run_doctor(o.doctor); });

    CLI::App* master_key = app.add_subcommand("master-key", "the key that seals stored secrets");
    master_key->require_subcommand(1);
    CLI::App* rotate = master_key->add_subcommand(
        "rotate", "replace master.key; the next start seals stored secrets anew");
    add_data(*rotate, o.master_key.data);
    add_json(*rotate, o.master_key.json);
    rotate->callback([&o] { o.status = run_rotate_master_key(o.master_key); });

    CLI::App* audit = app.add_subcommand(
        "audit", "who changed what about access, and refused logins; the oldest first");
    add_data(*audit, o.audit.data);
    audit
        ->add_option(
            "--since", o.audit.since, "a time (2026-11-22T12:34:56Z), or how long ago: 36h")
        ->capture_default_str();
    audit->add_option("--type", o.audit.type, "a type, or a glob over types: 'key.*'");
    audit->add_option(
        "--client", o.audit.client, "only what this client (cli_...) did or underwent");
    add_json(*audit, o.audit.json);
    audit->callback([&o] { o.status = run_audit(o.audit); });

    CLI::App* out =
        app.add_subcommand("export", "write every project as an ordinary bare repository");
    add_data(*out, o.out.data);
    out->add_option("folder", o.out.out, "where to; made if it is missing")->required();
    add_json(*out, o.out.json);
    out->callback([&o] { o.status = run_export(o.out); });

    CLI::App* gc = app.add_subcommand(
        "gc", "bring packs together and remove what nothing has reached for a while");
    add_data(*gc, o.gc.data);
    gc->add_option("project", o.gc.project, "id or CLIENT/PROJECT; all if it is left out");
    add_json(*gc, o.gc.json);
    gc->callback([&o] { o.status = run_gc(o.gc); });
}

void add_client_commands(CLI::App& app, Options& o) {
    CLI::App* client = app.add_subcommand("client", "accounts that own projects");
    client->require_subcommand(1);
    add_call(
        *client,
        o,
        {"create", "make a client"},
        [&o](CLI::App& c) {
            c.add_option("slug", o.slug, "its name in URLs")->required();
            c.add_option("--name", o.name, "its name for people");
            c.add_option("--email", o.email, "the author's address of its commits");
        },
        [&o](ApiCall& call) {
            call.method = "POST";
            call.target = "/api/clients";
            call.body = json_of({{"slug", o.slug}, {"name", o.name}, {"email", o.email}});
        });
    add_call(
        *client,
        o,
        {"list", "list the clients"},
        [](CLI::App&) {},
        [](ApiCall& call) {
            call.method = "GET";
            call.target = "/api/clients";
            call.columns = {"clientId", "slug", "name"};
        });
    add_call(
        *client,
        o,
        {"set", "change a client"},
        [&o](CLI::App& c) {
            c.add_option("id", o.id, "client id (cli_...)")->required();
            c.add_option("--slug", o.slug, "its name in URLs; those of its projects change, too");
            c.add_option("--name", o.name, "its name for people");
            c.add_option("--email", o.email, "the author's address of its commits");
            c.add_option("--admin", o.admin, "true or false: may it manage the server?");
            c.add_option("--disabled", o.disabled, "true or false: are its keys refused?");
        },
        [&o](ApiCall& call) {
            boost::json::object body = {{"slug", o.slug}, {"name", o.name}, {"email", o.email}};
            if (o.admin) {
                body["admin"] = *o.admin;
            }
            if (o.disabled) {
                body["disabled"] = *o.disabled;
            }
            call.method = "PATCH";
            call.target = "/api/clients/" + o.id;
            call.body = json_of(std::move(body));
            call.columns = {"clientId", "slug", "name", "disabled"};
        });
    add_call(
        *client,
        o,
        {"delete", "delete a client that owns no project, with its keys"},
        [&o](CLI::App& c) {
            c.add_option("id", o.id, "client id (cli_...)")->required();
            c.add_option("--transfer-to", o.name, "a client (slug or id) that gets its projects");
        },
        [&o](ApiCall& call) {
            call.method = "DELETE";
            call.target = "/api/clients/" + o.id + (o.name.empty() ? "" : "?transferTo=" + o.name);
        });
}

void add_project_set(CLI::App& project, Options& o) {
    add_call(
        project,
        o,
        {"set", "change a project's settings"},
        [&o](CLI::App& c) {
            c.add_option("id", o.id, "project id (prj_...)")->required();
            CLI::Option* open = c.add_flag("--public", o.is_public, "anybody may fetch");
            CLI::Option* closed =
                c.add_flag("--private", o.is_private, "only whom it is shared with");
            open->excludes(closed);
            c.add_option("--promote",
                         o.promote,
                         "all: what a push brings to several targets goes live together or not at "
                         "all; each: as it is ready")
                ->check(CLI::IsMember({"all", "each"}));
        },
        [&o](ApiCall& call) {
            boost::json::object body;
            if (o.is_public || o.is_private) {
                body["public"] = o.is_public;
            }
            if (!o.promote.empty()) {
                body["promote"] = o.promote;
            }
            call.method = "PATCH";
            call.target = "/api/projects/" + o.id;
            call.body = boost::json::serialize(body);
            call.columns = {"projectId", "name", "public", "promote"};
        });
}

void add_import(CLI::App& command, Options& o) {
    add_data(command, o.import.data);
    command.add_option("source", o.import.source, "a bare repository's folder, or a Git URL")
        ->required();
    command.add_option("--client", o.import.client, "owner (cli_...); default: the first admin");
    command.add_option(
        "--project", o.import.project, "the project's slug; default: from the source");
    command.add_option(
        "--config", o.import.config, "a TOML file: outbound.allow lists private addresses");
    command.add_option(
        "--ssh-key", o.import.ssh_key, "a private key file for ssh; default: the agent's keys");
    add_json(command, o.import.json);
    command.callback([&o] { o.status = run_import(o.import); });
}

void add_project_commands(CLI::App& app, Options& o) {
    CLI::App* project = app.add_subcommand("project", "repositories");
    project->require_subcommand(1);
    add_call(
        *project,
        o,
        {"create", "make an empty project"},
        [&o](CLI::App& c) {
            c.add_option("name", o.name, "its name")->required();
            c.add_option("--client", o.id, "owner (cli_...); default: the first admin");
        },
        [&o](ApiCall& call) {
            call.method = "POST";
            call.target = "/api/projects";
            call.body = json_of({{"name", o.name}, {"clientId", o.id}});
        });
    add_call(
        *project,
        o,
        {"list", "list the projects"},
        [](CLI::App&) {},
        [](ApiCall& call) {
            call.method = "GET";
            call.target = "/api/projects";
            call.columns = {"projectId", "name", "codeUrl"};
        });
    add_call(
        *project,
        o,
        {"show", "show one project"},
        [&o](CLI::App& c) { c.add_option("id", o.id, "project id (prj_...)")->required(); },
        [&o](ApiCall& call) {
            call.method = "GET";
            call.target = "/api/projects/" + o.id;
        });
    add_call(
        *project,
        o,
        {"transfer", "give a project to another client; its URLs change"},
        [&o](CLI::App& c) {
            c.add_option("id", o.id, "project id (prj_...)")->required();
            c.add_option("--to", o.name, "a client's slug or id (cli_...)")->required();
            c.add_option("--keep", o.access, "what the owner before may still do; default: nothing")
                ->check(CLI::IsMember({"read", "write", "deploy", "admin"}));
        },
        [&o](ApiCall& call) {
            call.method = "POST";
            call.target = "/api/projects/" + o.id + "/transfer";
            call.body = json_of({{"client", o.name}, {"keep", o.access}});
            call.columns = {"projectId", "fullName"};
        });
    add_project_set(*project, o);
    CLI::App* import =
        project->add_subcommand("import", "take over a bare repository or a Git URL");
    add_import(*import, o);
    add_import(*app.add_subcommand("import", "the same as 'project import'"), o);
}

void add_grant_commands(CLI::App& app, Options& o) {
    CLI::App* grant = app.add_subcommand("grant", "whom a project is shared with");
    grant->require_subcommand(1);
    const auto add_project = [&o](CLI::App& c) {
        c.add_option("--project", o.project, "project id (prj_...)")->required();
    };
    const auto add_both = [&o, add_project](CLI::App& c) {
        add_project(c);
        c.add_option("client", o.id, "a client's slug or id (cli_...)")->required();
    };
    const auto target = [&o] {
        return "/api/projects/" + o.project + "/grants";
    };
    add_call(
        *grant,
        o,
        {"set", "share a project with a client, or change what it may do"},
        [&o, add_both](CLI::App& c) {
            add_both(c);
            c.add_option("access", o.access, "what it may do")
                ->required()
                ->check(CLI::IsMember({"read", "write", "deploy", "admin"}));
        },
        [&o, target](ApiCall& call) {
            call.method = "PUT";
            call.target = target() + "/" + o.id;
            call.body = json_of({{"access", o.access}});
            call.columns = {"clientId", "slug", "access"};
        });
    add_call(*grant,
             o,
             {"list", "list whom a project is shared with"},
             add_project,
             [target](ApiCall& call) {
                 call.method = "GET";
                 call.target = target();
                 call.columns = {"clientId", "slug", "access"};
             });
    add_call(*grant, o, {"remove", "share it no more"}, add_both, [&o, target](ApiCall& call) {
        call.method = "DELETE";
        call.target = target() + "/" + o.id;
    });
}

void add_blueprint_command(CLI::App& app, Options& o) {
    CLI::App* blueprint =
        app.add_subcommand("blueprint", "compile a text into a web app, without a server");
    blueprint->add_option("file", o.blueprint.requirement, "the requirement's text")->required();
    blueprint->add_option("--out", o.blueprint.out, "an empty folder for the result")->required();
    blueprint->add_option(
        "--base", o.blueprint_base, "an earlier result: the text is a feature request");
    add_json(*blueprint, o.blueprint.json);
    blueprint->callback([&o] {
        if (!o.blueprint_base.empty()) {
            o.blueprint.base = o.blueprint_base;
        }
        o.status = run_blueprint(o.blueprint, stdout);
    });
}

/// The child that an import starts; not for people, so it is not listed.
void add_remote_worker(CLI::App& app, Options& o) {
    CLI::App* worker = app.add_subcommand("remote-worker", "")->group("");
    worker->require_subcommand(1);
    CLI::App* clone = worker->add_subcommand("clone", "fetch the URL on stdin");
    clone->add_option("out", o.worker.out)->required();
    clone->callback([&o] { run_clone_worker(o.worker); });
    CLI::App* stage = worker->add_subcommand("stage", "read a repository's folder");
    stage->add_option("source", o.worker.source)->required();
    stage->add_option("out", o.worker.out)->required();
    stage->callback([&o] { run_stage_worker(o.worker); });
    CLI::App* git = worker->add_subcommand("git", "push a project to somebody's repository");
    git->add_option("folder", o.worker.out)->required();
    git->callback([&o] { deploy::run_git_worker(o.worker.out); });
    CLI::App* sftp = worker->add_subcommand("sftp", "make a release on somebody's server");
    sftp->add_option("folder", o.worker.out)->required();
    sftp->callback([&o] { deploy::run_sftp_worker(o.worker.out); });
}

int run(int argc, char** argv) {
    CLI::App app(
        "origind: a Git remote that also writes, versions and deploys the projects it holds",
        "origind");
    app.require_subcommand(1);
    app.set_version_flag("--version", kAgent);
    Options options;
    add_server_commands(app, options);
    add_sshd_commands(app, options.sshd, options.status);
    add_client_commands(app, options);
    add_key_commands(app, options);
    add_project_commands(app, options);
    add_grant_commands(app, options);
    add_policy_commands(app, options);
    add_webhook_commands(app, options);
    add_deploy_commands(app, options);
    add_blueprint_command(app, options);
    add_remote_worker(app, options);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        constexpr int kWrongArguments = 2;
        return app.exit(error) == 0 ? 0 : kWrongArguments;
    }
    return options.status;
}

}  // namespace
}  // namespace origin

// NOLINTNEXTLINE(bugprone-exception-escape): without memory nothing can be said about it.
int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);  // A file at its size limit is then an error like a full disk.
    return origin::run(argc, argv);
}

// SPDX-License-Identifier: Apache-2.0
// The commands about keys: secrets, SSH keys, keys that sign.
#include "origind/command_line.h"

namespace origin {
namespace {

void add_ssh_key_commands(CLI::App& key, Options& o) {
    add_call(
        key,
        o,
        {"add-ssh", "let an SSH public key in"},
        [&o](CLI::App& c) {
            c.add_option("file", o.file, "a .pub file")->required()->check(CLI::ExistingFile);
            c.add_option("--client", o.id, "client id (cli_...); default: the first admin");
            c.add_option("--title", o.name, "what it is for; default: the key's comment");
            c.add_option("--project", o.projects, "bind it to projects (prj_...): a deploy key")
                ->allow_extra_args(false);
            c.add_flag("--read-only", o.read_only, "it may fetch, not push");
            add_end(c, o);
        },
        [&o](ApiCall& call) {
            call.method = "POST";
            call.target = "/api/ssh-keys";
            call.body =
                json_of(with_end({{"publicKey", text_of_file(o.file)},
                                  {"clientId", o.id},
                                  {"title", o.name},
                                  {"scopes",
                                   array_of(o.read_only ? std::vector<std::string>{"git:read"}
                                                        : std::vector<std::string>{})},
                                  {"projects", array_of(o.projects)}},
                                 o));
            call.columns = {"keyId", "fingerprint", "title"};
        });
    add_call(
        key,
        o,
        {"list-ssh", "list a client's SSH keys"},
        [&o](CLI::App& c) {
            c.add_option("--client", o.id, "client id (cli_...); default: the first admin");
        },
        [&o](ApiCall& call) {
            call.method = "GET";
            call.target = "/api/ssh-keys" + (o.id.empty() ? "" : "?clientId=" + o.id);
            call.columns = {
                "keyId", "fingerprint", "type", "title", "scopes", "expiresAt", "lastUse"};
        });
    add_call(
        key,
        o,
        {"remove-ssh", "remove an SSH key at once"},
        [&o](CLI::App& c) { c.add_option("id", o.id, "key id (key_...)")->required(); },
        [&o](ApiCall& call) {
            call.method = "DELETE";
            call.target = "/api/ssh-keys/" + o.id;
        });
}

void add_jwt_key_commands(CLI::App& app, Options& o) {
    CLI::App* group =
        app.add_subcommand("jwt-key", "public keys of clients that sign tokens themselves");
    group->require_subcommand(1);
    const auto add_client = [&o](CLI::App& c) {
        c.add_option("--client", o.id, "client id (cli_...); default: the first admin");
    };
    add_call(
        *group,
        o,
        {"add", "take tokens that a key has signed"},
        [&o, add_client](CLI::App& c) {
            c.add_option("file", o.file, "a PEM file: PUBLIC KEY")
                ->required()
                ->check(CLI::ExistingFile);
            c.add_option("--kid", o.kid, "the key's name in the head of tokens")->required();
            add_client(c);
            c.add_option("--title", o.name, "what it is for");
            c.add_option("--scope", o.scopes, "what its tokens may do; give it several times")
                ->allow_extra_args(false);
            c.add_option("--project", o.projects, "bind it to projects (prj_...)")
                ->allow_extra_args(false);
            add_end(c, o);
        },
        [&o](ApiCall& call) {
            call.method = "POST";
            call.target = "/api/jwt-keys";
            call.body = json_of(with_end({{"publicKey", text_of_file(o.file)},
                                          {"kid", o.kid},
                                          {"clientId", o.id},
                                          {"title", o.name},
                                          {"scopes", array_of(o.scopes)},
                                          {"projects", array_of(o.projects)}},
                                         o));
            call.columns = {"keyId", "kid", "title"};
        });
    add_call(*group, o, {"list", "list a client's keys"}, add_client, [&o](ApiCall& call) {
        call.method = "GET";
        call.target = "/api/jwt-keys" + (o.id.empty() ? "" : "?clientId=" + o.id);
        call.columns = {"keyId", "kid", "title", "scopes"};
    });
    add_call(
        *group,
        o,
        {"remove", "its tokens are refused at once"},
        [&o](CLI::App& c) { c.add_option("id", o.id, "key id (key_...)")->required(); },
        [&o](ApiCall& call) {
            call.method = "DELETE";
            call.target = "/api/jwt-keys/" + o.id;
        });
}

void add_signing_key_commands(CLI::App& app, Options& o) {
    CLI::App* group = app.add_subcommand("signing-key", "SSH public keys that sign commits");
    group->require_subcommand(1);
    const auto add_client = [&o](CLI::App& c) {
        c.add_option("--client", o.id, "client id (cli_...); default: the first admin");
    };
    add_call(
        *group,
        o,
        {"add", "let commits count that a key has signed"},
        [&o, add_client](CLI::App& c) {
            c.add_option("file", o.file, "a .pub file")->required()->check(CLI::ExistingFile);
            add_client(c);
            c.add_option("--title", o.name, "what it is for; default: the key's comment");
        },
        [&o](ApiCall& call) {
            call.method = "POST";
            call.target = "/api/signing-keys";
            call.body = json_of(
                {{"publicKey", text_of_file(o.file)}, {"clientId", o.id}, {"title", o.name}});
            call.columns = {"keyId", "fingerprint", "title"};
        });
    add_call(*group, o, {"list", "list a client's signing keys"}, add_client, [&o](ApiCall& call) {
        call.method = "GET";
        call.target = "/api/signing-keys" + (o.id.empty() ? "" : "?clientId=" + o.id);
        call.columns = {"keyId", "fingerprint", "type", "title"};
    });
    add_call(
        *group,
        o,
        {"remove", "its signatures count no more"},
        [&o](CLI::App& c) { c.add_option("id", o.id, "key id (key_...)")->required(); },
        [&o](ApiCall& call) {
            call.method = "DELETE";
            call.target = "/api/signing-keys/" + o.id;
        });
}

void add_quarantine_commands(CLI::App& key, Options& o) {
    const auto add_options = [&o](CLI::App& c) {
        c.add_option("id", o.id, "key id (key_...)")->required();
        c.add_option("--since",
                     o.since,
                     "a time (2026-11-22T12:34:56Z), or how long ago: 36h; default: all its life");
    };
    add_call(key,
             o,
             {"quarantine", "revoke a leaked key at once and list what it moved"},
             add_options,
             [&o](ApiCall& call) {
                 call.method = "POST";
                 call.target = "/api/keys/" + o.id + "/quarantine";
                 call.body = json_of({{"since", o.since}});
                 call.columns = {"keyId"};
             });
    add_call(
        key,
        o,
        {"undo-moves", "take back what a quarantined key moved and nobody built on"},
        [&o, add_options](CLI::App& c) {
            add_options(c);
            c.add_flag("--dry-run", o.dry_run, "only tell what would be done");
        },
        [&o](ApiCall& call) {
            call.method = "POST";
            call.target = "/api/keys/" + o.id + "/quarantine/undo";
            call.body = json_of({{"since", o.since}, {"dryRun", o.dry_run}});
            call.columns = {"project", "ref", "outcome", "before", "after", "reason"};
        });
}

}  // namespace

void add_key_commands(CLI::App& app, Options& o) {
    CLI::App* key = app.add_subcommand("key", "secrets that prove a client");
    key->require_subcommand(1);
    add_call(
        *key,
        o,
        {"create", "make a key; it is shown once"},
        [&o](CLI::App& c) {
            c.add_option("--client", o.id, "client id (cli_...)")->required();
            c.add_option("--title", o.name, "what it is for");
            c.add_option("--scope", o.scopes, "what it may do; give it several times")
                ->capture_default_str();
            c.add_option("--project", o.projects, "bind it to projects (prj_...)");
            add_end(c, o);
        },
        [&o](ApiCall& call) {
            call.method = "POST";
            call.columns = {"keyId"};
            call.target = "/api/keys";
            call.body = json_of(with_end({{"clientId", o.id},
                                          {"title", o.name},
                                          {"scopes", array_of(o.scopes)},
                                          {"projects", array_of(o.projects)}},
                                         o));
        });
    add_call(
        *key,
        o,
        {"list", "list a client's keys"},
        [&o](CLI::App& c) {
            c.add_option("--client", o.id, "client id (cli_...); default: the first admin");
        },
        [&o](ApiCall& call) {
            call.method = "GET";
            call.target = "/api/keys" + (o.id.empty() ? "" : "?clientId=" + o.id);
            call.columns = {"keyId", "title", "scopes", "expiresAt", "revokedAt", "lastUse"};
        });
    add_call(
        *key,
        o,
        {"revoke", "revoke a key at once"},
        [&o](CLI::App& c) { c.add_option("id", o.id, "key id (key_...)")->required(); },
        [&o](ApiCall& call) {
            call.method = "POST";
            call.target = "/api/keys/" + o.id + "/revoke";
            call.columns = {"keyId"};
        });
    add_call(
        *key,
        o,
        {"rotate", "make a key in place of another, which ends after a while"},
        [&o](CLI::App& c) {
            c.add_option("id", o.id, "key id (key_...)")->required();
            c.add_option("--overlap", o.overlap, "seconds for which the old one still works")
                ->capture_default_str();
        },
        [&o](ApiCall& call) {
            call.method = "POST";
            call.target = "/api/keys/" + o.id + "/rotate";
            call.body = json_of({{"overlap", o.overlap}});
            call.columns = {"keyId"};  // One row, though it has lists in it.
        });
    add_quarantine_commands(*key, o);
    add_ssh_key_commands(*key, o);
    add_signing_key_commands(app, o);
    add_jwt_key_commands(app, o);
}

}  // namespace origin

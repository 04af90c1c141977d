// SPDX-License-Identifier: Apache-2.0
// origind/commands: what each command of the command line does. Answers for people go to stdout;
// with `json`, one JSON document does. Errors go to stderr. Every one returns an exit status: 0
// done, 1 refused or failed, 2 wrong arguments, 74 the disk failed, 78 the configuration or the
// data folder is wrong (sysexits(3)).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"

namespace origin {

inline constexpr int kExitFailed = 1;
inline constexpr int kExitConfig = 78;

/// Prints what a person is told of an error. Returns: the exit status it stands for.
int report(const Error& error);

struct InitOptions {
    std::filesystem::path data;
    std::string client = "admin";
    bool json = false;
};
int run_init(const InitOptions& options);

struct ServeOptions {
    std::filesystem::path data;
    std::filesystem::path config;  // Empty: none.
    std::string http;              // ADDR:PORT over the config's; empty: as configured.
    std::string ssh;               // The same for the SSH door; empty and not configured: none.
};
int run_serve(const ServeOptions& options);

/// Commands that are one API call: through the running server's socket, or in this process if there
/// is none (decision D13).
struct ApiCall {
    std::filesystem::path data;
    std::string method;
    std::string target;  // "/api/projects"
    std::string body;    // JSON; empty: none.
    bool json = false;
    std::vector<std::string> columns;  // What people are shown, by JSON field name.
    std::string list;                  // Which of the answer's lists; empty: the first one.
};
int run_api_call(const ApiCall& call);

struct ImportOptions {
    std::filesystem::path data;
    std::string source;             // A bare repository's folder, or a Git URL.
    std::string client;             // Client id or slug; empty: the first admin.
    std::string project;            // Slug; empty: from the source's name.
    std::filesystem::path config;   // TOML file whose outbound.allow counts; empty: none.
    std::filesystem::path ssh_key;  // Private key for ssh URLs; empty: the agent's keys.
    bool json = false;
};
int run_import(const ImportOptions& options);

struct ExportOptions {
    std::filesystem::path data;
    std::filesystem::path out;
    bool json = false;
};
int run_export(const ExportOptions& options);

struct GcOptions {
    std::filesystem::path data;
    std::string project;  // Id or CLIENT/PROJECT; empty: all.
    bool json = false;
};
int run_gc(const GcOptions& options);

struct MasterKeyOptions {
    std::filesystem::path data;
    bool json = false;
};
/// Beside a running server, too: the next start seals anew.
int run_rotate_master_key(const MasterKeyOptions& options);

/// sshd's AuthorizedKeysCommand: the line of a key that may come in, with a ticket for ssh-shell.
struct SshKeysOptions {
    std::filesystem::path data;
    std::string type;  // "ssh-ed25519"
    std::string key;   // Its base64.
};
int run_ssh_keys(const SshKeysOptions& options);

/// sshd's ForceCommand: brings the client's command, ticket and bytes to the server.
struct SshShellOptions {
    std::string socket;
};
int run_ssh_shell(const SshShellOptions& options);

/// The audit log since a time, the oldest event first.
struct AuditOptions {
    std::filesystem::path data;
    std::string since = "24h";  // RFC 3339, or how long ago: "36h".
    std::string type;           // A glob: "key.*"; empty: all.
    std::string client;         // Client id; empty: everybody.
    bool json = false;
};
int run_audit(const AuditOptions& options);

struct DoctorOptions {
    std::filesystem::path data;
    bool json = false;
};
int run_doctor(const DoctorOptions& options);

}  // namespace origin

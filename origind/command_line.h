// SPDX-License-Identifier: Apache-2.0
// origind/command_line: how the commands of main are put together.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "origind/blueprint_command.h"
#include "origind/commands.h"
#include "origind/remote_worker.h"
#include "origind/sshd_commands.h"

namespace origin {

struct DeployOptions {
    std::string connector;
    std::vector<std::string> settings;
    std::string publish_root;
    bool preview = false;
    std::string health_path;
    std::uint32_t health_status = 200;
    std::string health_text;
    bool health_roll_back = false;
};

/// What the options of every command are read into. One command runs, so one of each will do.
struct Options {
    InitOptions init;
    ServeOptions serve;
    BlueprintOptions blueprint;
    std::string blueprint_base;
    ImportOptions import;
    ExportOptions out;
    GcOptions gc;
    DoctorOptions doctor;
    MasterKeyOptions master_key;
    AuditOptions audit;
    SshdOptions sshd;
    WorkerOptions worker;
    ApiCall call;
    std::string id;
    std::string slug;
    std::string name;
    std::string email;
    std::vector<std::string> scopes = {
        "git:read", "git:write", "requirements", "deploy", "projects:create"};
    std::vector<std::string> projects;
    std::string file;
    bool read_only = false;
    bool is_public = false;
    std::string promote;
    bool is_private = false;
    std::optional<bool> admin;
    std::optional<bool> disabled;
    std::string project;
    std::string access;
    std::string expires;
    std::string kid;
    std::string since;
    bool dry_run = false;
    bool no_expiry = false;
    std::int64_t overlap = 24L * 60 * 60;
    std::vector<std::string> operations;
    std::optional<std::uint64_t> seconds;
    std::optional<std::uint64_t> milliseconds;
    bool no_secret_scan = false;
    DeployOptions deploy;
    int status = 0;
};

struct Named {
    const char* name;
    const char* help;
};

void add_data(CLI::App& command, std::filesystem::path& data);
void add_json(CLI::App& command, bool& json);

/// Without the members that were not given: empty texts and lists.
boost::json::object given_of(boost::json::object object);
/// A body of those.
std::string json_of(boost::json::object object);
/// `--expires TIME` or `--no-expiry`; neither: a year.
void add_end(CLI::App& command, Options& o);
/// The same as a member of `body`: expiresAt.
boost::json::object with_end(boost::json::object body, const Options& o);
boost::json::array array_of(const std::vector<std::string>& texts);
std::string text_of_file(const std::string& path);

/// A command that is one API call: `fill` sets method, target and body once the options are read.
void add_call(CLI::App& group,
              Options& o,
              const Named& named,
              const std::function<void(CLI::App&)>& options,
              std::function<void(ApiCall&)> fill);

// key_commands.cc
void add_key_commands(CLI::App& app, Options& o);

// policy_commands.cc
void add_policy_commands(CLI::App& app, Options& o);

// webhook_commands.cc
void add_webhook_commands(CLI::App& app, Options& o);

// target_commands.cc
void add_deploy_commands(CLI::App& app, Options& o);

}  // namespace origin

// SPDX-License-Identifier: Apache-2.0
// deploy/command: the connector `command`: a program of the operator's brings the site where it
// belongs. It runs in a sandbox that has the machine's network.
//
// Told: /box/site, the files; ORIGIN_* variables; on stdin the target's secret, one line.
// Heard: every line goes to the log; `url: https://...` is where the site is live. Exit status: 0,
// it is live; 75, try again later; any other, it failed. It may be run again for the same
// ORIGIN_DEPLOYMENT, after a kill: then it does the rest. docs/deploy/command.md.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "deploy/connector.h"
#include "sandbox/bubblewrap.h"

namespace origin::deploy {

/// What the operator says: docs/configuration.md, [deploy.command].
struct CommandPrograms {
    const sandbox::Bubblewrap* box = nullptr;
    std::function<Status()> usable = {};  // What the sandbox's test of itself said.
    std::map<std::string, std::filesystem::path> programs = {};  // By name.
    std::filesystem::path folder = {};                           // For files without names.
    std::chrono::seconds time_max{30 * 60};
    std::uint64_t site_bytes_max = std::uint64_t{1} << 30;
};

class Command final : public Connector {
public:
    Command(CommandPrograms programs, const Clock& clock)
        : programs_(std::move(programs)), clock_(clock) {}

    std::string_view name() const override { return "command"; }
    Status check(const TargetSettings& settings) const override;
    Result<UploadPlan> plan(Task& task) override;
    Status upload(Task& task, const std::vector<std::size_t>& part) override;
    Status publish(Task& task) override;
    Result<Poll> poll(Task& task) override;
    Status roll_back(Task& task, const store::RemoteDeployment& earlier) override;
    bool finishes_publish() const override { return false; }  // A program may run for ever.
    void cancel(Task& task) override;
    Status remove(Task& task) override;

private:
    const CommandPrograms programs_;
    const Clock& clock_;
};

/// The variable that tells a setting: "siteRoot" -> "ORIGIN_SETTING_SITE_ROOT".
std::string variable_of_setting(std::string_view name);

}  // namespace origin::deploy

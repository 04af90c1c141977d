// SPDX-License-Identifier: Apache-2.0
#include "origind/programs.h"

#include <filesystem>
#include <string>

#include <sys/stat.h>

#include "deploy/command.h"

namespace origin {
namespace {

/// Of this server's boxes: a word that is another's nowhere on this machine, and tells no path.
std::string box_owner(const std::filesystem::path& data) {
    struct stat folder{};
    if (::stat(data.c_str(), &folder) != 0) {
        return {};
    }
    return std::to_string(folder.st_dev) + "-" + std::to_string(folder.st_ino);
}

}  // namespace

Programs::Programs(Around around)
    : around_(around),
      box_(around.clock, box_owner(around.config.data)),
      state_(std::async(std::launch::deferred, [this] { return box_.self_test(); }).share()) {}

void Programs::begin() {
    box_.end_leftovers();
    test_ = std::async(std::launch::async, [state = state_] { state.wait(); });
}

std::vector<git::WholePushGate*> Programs::gates(std::vector<git::WholePushGate*> before) {
    if (around_.config.gate_program.empty()) {
        return before;
    }
    gate_ = std::make_unique<hooks::ProgramGate>(
        hooks::ProgramGate::Around{.store = around_.store,
                                   .storage = around_.storage,
                                   .box = box_,
                                   .usable = usable(),
                                   .program = around_.config.gate_program,
                                   .time_max = around_.config.gate_program_time_max});
    before.push_back(gate_.get());
    return before;
}

void Programs::add_command(deploy::Connectors& connectors) const {
    const Config& config = around_.config;
    if (config.deploy_programs.empty()) {
        return;
    }
    connectors.add(std::make_unique<deploy::Command>(
        deploy::CommandPrograms{.box = &box_,
                                .usable = usable(),
                                .programs = config.deploy_programs,
                                .folder = config.data,
                                .time_max = config.deploy_program_time_max,
                                .site_bytes_max = config.builds.folder_bytes_max},
        around_.clock));
}

deploy::Builds* Programs::builds(git::Quotas* quotas) {
    builds_ =
        std::make_unique<deploy::Builds>(deploy::Builds::Around{.store = around_.store,
                                                                .storage = around_.storage,
                                                                .quotas = quotas,
                                                                .clock = around_.clock,
                                                                .schedule = around_.schedule,
                                                                .box = box_,
                                                                .usable = usable(),
                                                                .folder = around_.config.data,
                                                                .settings = around_.config.builds});
    return builds_.get();
}

}  // namespace origin

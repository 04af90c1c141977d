// SPDX-License-Identifier: Apache-2.0
#include "sandbox/worker.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include <stdlib.h>

#include "sandbox/child.h"

namespace origin::sandbox {
namespace {

namespace fs = std::filesystem;

/// What the child may say for itself: never that our own disk is full or our own bytes are wrong.
Code code_from(std::string_view name) {
    for (const Code code : {Code::InvalidInput,
                            Code::Unauthenticated,
                            Code::Forbidden,
                            Code::NotFound,
                            Code::Conflict,
                            Code::LimitExceeded,
                            Code::Unavailable,
                            Code::Timeout}) {
        if (name == name_of(code)) {
            return code;
        }
    }
    // What it reads are others' bytes.
    return name == name_of(Code::Corrupt) ? Code::InvalidInput : Code::Internal;
}

std::string_view take_word(std::string_view& text) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    return word;
}

Error error_from(std::string_view line) {
    const Code code = code_from(take_word(line));
    const std::string reason(take_word(line));
    return Error(code, std::string(line)).because(reason);
}

}  // namespace

Result<WorkFolder> WorkFolder::make() {
    std::error_code error;
    std::string path = (fs::temp_directory_path(error) / "origind-work-XXXXXX").string();
    if (error || ::mkdtemp(path.data()) == nullptr || !fs::create_directory(path + "/out", error)) {
        return std::unexpected(Error(Code::Internal, "a temporary folder cannot be made", path));
    }
    return WorkFolder(path);
}

WorkFolder::~WorkFolder() {
    if (!path_.empty()) {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
}

Status run_worker(const WorkerCall& call, const Clock& clock) {
    std::vector<std::string> arguments = call.arguments;
    arguments.insert(arguments.begin(), "remote-worker");
    std::vector<std::string> environment = call.environment;
    environment.push_back("HOME=" + call.folder.string());
    std::optional<Error> said;
    std::string stray;
    const auto hear = [&](std::string_view line) {
        if (line.starts_with("! ")) {
            said = error_from(line.substr(2));
        } else if (line.starts_with("- ")) {
            call.progress(line.substr(2));
        } else {
            stray = line;
        }
    };
    Status going;
    const auto watch = [&](pid_t) -> std::string {
        going = call.may_go_on ? call.may_go_on() : Status();
        return going ? "" : "it is to end";
    };
    ORIGIN_TRY(end,
               run_child({.program = "/proc/self/exe",
                          .arguments = std::move(arguments),
                          .environment = std::move(environment),
                          .folder = call.folder,
                          .input = call.input,
                          .time_max = call.time_max,
                          .line = hear,
                          .watch = watch},
                         clock));
    ORIGIN_CHECK(going);
    if (end.ok()) {
        return {};
    }
    if (end.timed_out) {
        return std::unexpected(
            Error(Code::Timeout, "the other server took too long").because("worker_timeout"));
    }
    if (said) {
        return std::unexpected(std::move(*said));
    }
    return std::unexpected(Error(Code::Unavailable,
                                 "the process that speaks to the other server ended by itself",
                                 "signal " + std::to_string(end.signal) + ", status " +
                                     std::to_string(end.status) +
                                     (stray.empty() ? "" : ": " + stray))
                               .because("worker_died"));
}

void tell_parent(std::string_view line) {
    std::printf("- %.*s\n", static_cast<int>(line.size()), line.data());
    std::fflush(stdout);
}

void end_worker(const Status& status) {
    if (status) {
        std::_Exit(0);
    }
    const Error& error = status.error();
    const std::string& detail = error.kept_in_log();
    std::printf("! %s %s %s%s\n",
                std::string(name_of(error.code())).c_str(),
                std::string(error.reason()).c_str(),
                error.told_to_peer().c_str(),
                detail.empty() ? "" : (" (" + detail + ")").c_str());
    std::fflush(stdout);
    std::_Exit(1);
}

}  // namespace origin::sandbox

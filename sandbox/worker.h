// SPDX-License-Identifier: Apache-2.0
// sandbox/worker: this program again as `origind remote-worker ...`, a child that will confine
// itself (decision D5): both ends of what parent and child say to each other.
//
// The child gets a secret on stdin and the rest in a folder, writes its answer into `out` there,
// and prints lines: "- progress", or at its end "! code reason sentence".
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace origin::sandbox {

/// A folder for one child, mode 0700, with a folder `out`; removed with everything in it.
class WorkFolder {
public:
    /// In the system's folder for temporary files. Errors: Internal.
    static Result<WorkFolder> make();
    WorkFolder(WorkFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    WorkFolder& operator=(WorkFolder&&) = delete;
    WorkFolder(const WorkFolder&) = delete;
    WorkFolder& operator=(const WorkFolder&) = delete;
    ~WorkFolder();

    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path out() const { return path_ / "out"; }

private:
    explicit WorkFolder(std::filesystem::path path) : path_(std::move(path)) {}
    std::filesystem::path path_;
};

struct WorkerCall {
    std::vector<std::string> arguments;         // What follows `remote-worker`.
    std::vector<std::string> environment = {};  // "NAME=value"; besides HOME, which is `folder`.
    std::string input;                          // On its stdin; at most kChildInputBytesMax.
    std::filesystem::path folder;               // Where it runs.
    std::chrono::seconds time_max{600};
    std::function<void(std::string_view line)> progress;
    std::function<Status()> may_go_on = {};  // Asked again and again; an error ends the child.
};

/// Runs the child to its end. Errors: the child's own; those of may_go_on(); Timeout
/// `worker_timeout`; Unavailable `worker_died`; those of run_child(). Blocks: until then.
Status run_worker(const WorkerCall& call, const Clock& clock);

/// In the child: a line of progress.
void tell_parent(std::string_view line);
/// In the child: says how it went, and ends there and then: no library's farewell runs confined.
[[noreturn]] void end_worker(const Status& status);

}  // namespace origin::sandbox

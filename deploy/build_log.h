// SPDX-License-Identifier: Apache-2.0
// deploy/build_log: what a foreign program prints, as lines of its deployment's log: cut, made
// printable, without the target's secret, stored once a second, and no more than a number of them.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "deploy/task.h"
#include "sandbox/bubblewrap.h"

namespace origin::deploy {

class BuildLog {
public:
    struct Limits {
        std::size_t lines_max = 0;  // More are counted, and the last ones shown.
        std::size_t line_bytes_max = 0;
    };
    BuildLog(Task& task, const Clock& clock, Limits limits)
        : task_(task), clock_(clock), limits_(limits) {}

    /// Runs a program in `box`; its lines are heard here, and by `program.line` if there is one.
    /// It is ended when the task is to be. Errors: those of Bubblewrap::run(); Conflict
    /// `lease_lost`; those of Task::check_time(). Blocks: until it has ended.
    Result<sandbox::BoxEnd> run(const sandbox::Bubblewrap& box, sandbox::BoxedProgram program);

    void hear(std::string_view line);
    /// The last lines, for an error: ": " and at most 600 bytes; empty if there were none.
    std::string ending() const;

private:
    /// Stores what was heard, if it was some time ago. Errors: Conflict `lease_lost`.
    Status tick();
    /// Stores all of it.
    Status finish();
    Status flush();

    Task& task_;
    const Clock& clock_;
    const Limits limits_;
    std::vector<std::string> heard_;  // Not stored yet.
    std::vector<std::string> last_;   // The last three.
    std::size_t count_ = 0;
    std::chrono::steady_clock::time_point flushed_{};
};

}  // namespace origin::deploy

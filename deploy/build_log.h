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

namespace origin::deploy {

class BuildLog {
public:
    struct Limits {
        std::size_t lines_max = 0;  // More are counted, and the last ones shown.
        std::size_t line_bytes_max = 0;
    };
    BuildLog(Task& task, const Clock& clock, Limits limits)
        : task_(task), clock_(clock), limits_(limits) {}

    void hear(std::string_view line);
    /// Stores what was heard, if it was some time ago. Errors: Conflict `lease_lost`.
    Status tick();
    /// Stores all of it.
    Status finish();
    /// The last lines, for an error: at most 600 bytes.
    std::string ending() const;

private:
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

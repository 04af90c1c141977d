// SPDX-License-Identifier: Apache-2.0
// sandbox/child: runs one program to its end, within a time, and hears every line it says.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "base/clock.h"
#include "base/result.h"

namespace origin::sandbox {

struct ChildProgram {
    std::filesystem::path program;
    std::vector<std::string> arguments;    // Without the program's own name.
    std::vector<std::string> environment;  // "NAME=value"; all there is.
    std::filesystem::path folder;          // Where it runs.
    std::string input;                     // On its stdin; at most kChildInputBytesMax.
    std::chrono::seconds time_max{60};
    /// Each line of its stdout and stderr, without the end; cut at kChildLineBytesMax.
    std::function<void(std::string_view line)> line;
    std::vector<int> files = {};         // Open files that it has as 3, 4, ...: lent.
    int input_file = -1;                 // An open file as its stdin, instead of `input`: lent.
    std::uint64_t output_bytes_max = 0;  // Of stdout and stderr; above it is killed. 0: no limit.
    /// Asked about ten times a second while it runs. Returns: why it is to be killed; empty: go on.
    std::function<std::string(pid_t)> watch = {};
};

struct ChildEnd {
    int status = 0;  // Exit status, if no signal ended it.
    int signal = 0;
    bool timed_out = false;    // Then it was killed.
    std::string killed_for{};  // Not empty: it was killed for this, as `watch` or a limit says.

    bool ok() const { return status == 0 && signal == 0 && !timed_out && killed_for.empty(); }
};

/// The child inherits stdin, stdout and stderr as pipes, `files`, and no other open file.
/// Errors: Internal (it cannot be started); InvalidInput (input too long).
/// Blocks: until it has ended. Its own children, if it makes any, are not waited for.
Result<ChildEnd> run_child(const ChildProgram& child, const Clock& clock);

}  // namespace origin::sandbox

// SPDX-License-Identifier: Apache-2.0
// sandbox/child: runs one program to its end, within a time, and hears every line it says.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

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
};

struct ChildEnd {
    int status = 0;  // Exit status, if no signal ended it.
    int signal = 0;
    bool timed_out = false;  // Then it was killed.

    bool ok() const { return status == 0 && signal == 0 && !timed_out; }
};

/// The child inherits stdin, stdout and stderr as pipes, and no other open file.
/// Errors: Internal (it cannot be started); InvalidInput (input too long).
/// Blocks: until it has ended. Its own children, if it makes any, are not waited for.
Result<ChildEnd> run_child(const ChildProgram& child, const Clock& clock);

}  // namespace origin::sandbox

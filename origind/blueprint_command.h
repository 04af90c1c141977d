// SPDX-License-Identifier: Apache-2.0
// origind/blueprint_command: `origind blueprint FILE --out DIR`: compiles a text without a server.
#pragma once

#include <cstdio>
#include <filesystem>
#include <optional>

namespace origin {

struct BlueprintOptions {
    std::filesystem::path requirement;          // "-" reads nothing: a file is asked for.
    std::filesystem::path out;                  // Made if missing; must be empty or not exist.
    std::optional<std::filesystem::path> base;  // An earlier output: the text is a feature request.
    bool json = false;                          // The report as JSON, for programs.
};

/// Writes the tree and prints the report to `print`.
/// Returns: 0 done; 1 the engine refused or the folder could not be written; 2 wrong arguments.
int run_blueprint(const BlueprintOptions& options, std::FILE* print);

}  // namespace origin

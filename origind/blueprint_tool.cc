// SPDX-License-Identifier: Apache-2.0
// blueprint_tool: `origind blueprint` alone, so that the engine can be tried without the server.
#include <cstdio>
#include <string_view>

#include "origind/blueprint_command.h"

int main(int count, char** values) {
    origin::BlueprintOptions options;
    for (int at = 1; at < count; ++at) {
        const std::string_view word = values[at];
        const bool more = at + 1 < count;
        if (word == "blueprint" && at == 1) {
            continue;
        }
        if (word == "--json") {
            options.json = true;
        } else if (word == "--out" && more) {
            options.out = values[++at];
        } else if (word == "--base" && more) {
            options.base = values[++at];
        } else if (options.requirement.empty() && !word.starts_with("--")) {
            options.requirement = word;
        } else {
            options.requirement.clear();
        }
    }
    if (options.requirement.empty() || options.out.empty()) {
        std::fputs("usage: blueprint_tool FILE --out DIR [--base DIR] [--json]\n", stderr);
        return 2;
    }
    return origin::run_blueprint(options, stdout);
}

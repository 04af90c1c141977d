// SPDX-License-Identifier: Apache-2.0
// generator/blueprint/runtime_files: the files of runtime/, built into the program by embed.cmake.
#pragma once

#include <span>
#include <string_view>

namespace origin::generator {

struct RuntimeFile {
    std::string_view name;  // "store.js"
    std::string_view content;
};

std::span<const RuntimeFile> runtime_files();

}  // namespace origin::generator

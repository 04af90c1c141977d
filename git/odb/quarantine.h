// SPDX-License-Identifier: Apache-2.0
// git/odb/quarantine: the folder in which packs come into being, and what must be done before the
// first file there has a name: after a crash somebody has to know where to look for it.
#pragma once

#include <filesystem>
#include <functional>
#include <utility>

#include "base/result.h"

namespace origin::git {

struct Quarantine {
    /// A folder that somebody clears anyway: nothing need be done.
    Quarantine(std::filesystem::path folder)  // NOLINT(google-explicit-constructor)
        : dir(std::move(folder)) {}
    Quarantine(std::filesystem::path folder, std::function<Status()> before)
        : dir(std::move(folder)), before_file(std::move(before)) {}

    std::filesystem::path dir;
    /// Called before a file is made; if it fails, none is. May be empty. Blocks: may sync.
    std::function<Status()> before_file;
};

}  // namespace origin::git

// SPDX-License-Identifier: Apache-2.0
// deploy/build_settings: what an operator may set of builds.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "deploy/registry_url.h"

namespace origin::deploy {

/// What an operator may set. docs/configuration.md, [build].
struct BuildSettings {
    std::chrono::seconds time_max{15 * 60};
    std::uint64_t memory_bytes_max = std::uint64_t{2} << 30;
    std::uint64_t folder_bytes_max = std::uint64_t{1} << 30;  // Of the work folder: memory too.
    unsigned at_once = 2;
    std::optional<RegistryUrl> registry = {};  // That builds may read; none: no network at all.
};

}  // namespace origin::deploy

// SPDX-License-Identifier: Apache-2.0
// sandbox/confine: a process gives up, for good, everything it does not need for its one task.
// For children that speak to foreign servers or read foreign files through large C libraries
// (decision D5): if one is taken over, there is little left to take.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "base/result.h"

namespace origin::sandbox {

enum class Network : bool { None, Clients };  // Clients: sockets, to connect with.

struct Confinement {
    std::uint64_t memory_bytes_max = 0;  // Address space; mapped files count.
    std::uint64_t cpu_seconds_max = 0;
    std::uint64_t file_bytes_max = 0;  // Of each file it writes.
    Network network = Network::None;
    std::vector<std::filesystem::path> readable;  // Files and folders with all that is below.
    std::vector<std::filesystem::path> writable;  // Folders: to read, make and remove files in.
};

/// What readable usually needs for names to be resolved and certificates to be checked.
std::vector<std::filesystem::path> system_files();

/// What the kernel took. Landlock may be missing: then files are open as the user's rights say.
struct Confined {
    bool files = false;
};

/// Limits; no new privileges; a seccomp filter under which no program can be started, no other
/// process looked at or made, nothing mounted, no kernel interface beyond plain files (and, if
/// asked for, sockets) reached; Landlock for files. The process dies with its parent.
/// Call it with one thread. Errors: Unavailable `not_confined`.
Result<Confined> confine(const Confinement& confinement);

}  // namespace origin::sandbox

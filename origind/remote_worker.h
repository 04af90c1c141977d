// SPDX-License-Identifier: Apache-2.0
// origind/remote_worker: `origind remote-worker VERB ...`: this program again, as a confined child
// that handles what foreigners made (decision D5). It has no data folder; what it may read and
// write is named in its arguments.
//
//   remote-worker clone OUT          fetches the URL on stdin into OUT/clone.git
//   remote-worker stage SOURCE OUT   writes the files of git/serve/import into OUT
//
// What it says and how it ends: sandbox/worker.h.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "git/serve/remote_url.h"

namespace origin {

struct WorkerOptions {
    std::filesystem::path source;
    std::filesystem::path out;
};
/// What the child does. It ends there and then: no library's farewell runs confined.
[[noreturn]] void run_clone_worker(const WorkerOptions& options);
[[noreturn]] void run_stage_worker(const WorkerOptions& options);

using SayProgress = std::function<void(std::string_view line)>;

/// Runs the child. `ssh_key`: a private key file it gets to see (empty: the agent only). `out`: a
/// folder of nobody else's. Errors: those of sandbox::run_worker(); a child that died is
/// InvalidInput. Blocks: until it has ended.
Status clone_in_child(const git::RemoteUrl& url,
                      const std::filesystem::path& ssh_key,
                      const std::filesystem::path& out,
                      const SayProgress& progress);
Status stage_in_child(const std::filesystem::path& source,
                      const std::filesystem::path& out,
                      const SayProgress& progress);

}  // namespace origin

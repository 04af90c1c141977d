// SPDX-License-Identifier: Apache-2.0
// deploy/builds: a commit whose `.origind.toml` names a build is built before it is deployed.
//
// The tree is unpacked in a sandbox without a network (but for deploy/registry_proxy, if the
// operator names a registry), the command runs, and the output folder comes back as a tree, in a
// commit on top of the one it was made of, under the hidden ref refs/origind/builds/<commit>. A
// commit says itself how it is built, so that ref is all there is to know: whoever deploys the
// commit again, or goes back to it, finds it and builds nothing.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/oid.h"
#include "deploy/build_settings.h"
#include "deploy/task.h"
#include "git/serve/quotas.h"
#include "hooks/origind_toml.h"
#include "sandbox/bubblewrap.h"

namespace origin::deploy {

inline constexpr std::uint64_t kBuildOutputBytesMax = std::uint64_t{200} << 20;
inline constexpr std::uint64_t kBuildOutputFilesMax = 100'000;
inline constexpr std::size_t kBuildLogLinesMax = 2'000;   // Shown of one build.
inline constexpr std::size_t kBuildLineBytesMax = 300;    // A longer one is cut.
inline constexpr std::uint32_t kBuildProcessesMax = 256;  // And threads.

/// Thread-safe.
class Builds {
public:
    struct Around {
        store::Store& store;
        git::Storage& storage;
        git::Quotas* quotas;  // Null: there are none.
        const Clock& clock;
        const Clock& schedule;
        const sandbox::Bubblewrap& box;
        std::function<Status()> usable;  // What the sandbox's test of itself said.
        std::filesystem::path folder;    // For files without names.
        BuildSettings settings = {};
    };
    explicit Builds(Around around) : around_(std::move(around)) {}

    /// Must the task's commit be built before it can be deployed? Not if it was before.
    /// Errors: InvalidInput `bad_origind_toml`. Blocks: reads one file of the tree.
    Result<bool> is_needed(Task& task) const;

    /// Builds the task's commit, with what it prints in the deployment's log.
    /// Returns: zero: it is built; else there is no room for it now, ask again after so long.
    /// Errors: InvalidInput `no_sandbox`, as all others the deployment's end; `build_failed`,
    /// `bad_output` and those of git/serve/untar; Unavailable `stopping`.
    /// Blocks: as long as the command runs.
    Result<Milliseconds> build(Task& task);

private:
    struct Work;
    Result<sandbox::Fd> pack_tree(Task& task) const;
    Status run(Task& task, Work& work) const;
    Status keep(Task& task, Work& work) const;

    Around around_;
    std::atomic<unsigned> running_{0};
};

}  // namespace origin::deploy

// SPDX-License-Identifier: Apache-2.0
// deploy/remote_job: what the server's process hands to a child that speaks to a foreign server: a
// peer, its secret and a few words, on stdin; long lists lie in the child's folder.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "deploy/ssh_connection.h"
#include "deploy/task.h"
#include "net/address.h"
#include "sandbox/worker.h"

namespace origin::deploy {

inline constexpr std::chrono::seconds kRemoteTimeMax{2 * 3600};  // Of one child.

struct RemoteJob {
    std::string verb;
    SshPeer peer;
    std::map<std::string, std::string> words;  // The verb's own.

    std::string text() const;
    /// Errors: InvalidInput.
    static Result<RemoteJob> parse(std::string_view text);
    std::string word(std::string_view name) const;
};

/// Runs `origind remote-worker <kind> FOLDER` with the job; its lines go to the deployment's log.
/// Errors: those of run_worker(). Blocks.
Status run_remote_job(Task& task,
                      std::string_view kind,
                      const RemoteJob& job,
                      const sandbox::WorkFolder& folder);

/// In the child: reads the job from stdin. Errors: InvalidInput.
Result<RemoteJob> read_remote_job();

/// In the child: only `folder` can be read, and only its `out` be written; sockets to connect with.
/// `more`: to be read as well.
Status confine_remote(const std::filesystem::path& folder,
                      const std::vector<std::filesystem::path>& more = {});

Status write_text(const std::filesystem::path& path, std::string_view text);
/// Of what a child wrote. Errors: Unavailable `broken_answer` above `bytes_max`.
Result<std::string> read_text(const std::filesystem::path& path, std::size_t bytes_max);

/// The text as a number from 1 to `most`. Errors: InvalidInput `bad_setting`.
Result<std::uint32_t> number_setting(const TargetSettings& settings,
                                     std::string_view name,
                                     std::uint32_t unset,
                                     std::uint32_t most);

}  // namespace origin::deploy

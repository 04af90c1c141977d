// SPDX-License-Identifier: Apache-2.0
// deploy/box_files: what goes into a sandbox: files without names, that a kill leaves nothing of.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "base/result.h"
#include "deploy/task.h"
#include "sandbox/fd.h"

namespace origin::deploy {

/// Errors: StorageFull; Internal.
Status write_all(int file, std::string_view bytes);

/// The files of the task's site, below `site/`, as a tar file that stands at its beginning.
/// `folder`: on whose disk. Errors: LimitExceeded `too_many_bytes`; those of Task::site().
/// Blocks: reads every file.
Result<sandbox::Fd> pack_site(Task& task,
                              const std::filesystem::path& folder,
                              std::uint64_t bytes_max);

}  // namespace origin::deploy

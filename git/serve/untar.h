// SPDX-License-Identifier: Apache-2.0
// git/serve/untar: a tar file that a foreign program made, as a Git tree.
// In: ustar and pax (POSIX.1-2001), any bytes. Out: blobs and trees in a builder.
//
// Taken: files (executable or not; no other bit of their mode), folders that have a file, symbolic
// links as they are. Refused: whatever else a file system can hold, and names that Git or a site
// cannot have.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "base/oid.h"
#include "base/result.h"
#include "git/odb/pack_builder.h"

namespace origin::git {

struct UntarLimits {
    std::uint64_t files_max = 100'000;
    std::uint64_t bytes_max = 200ULL << 20U;  // Of all files.
};

/// The next so many bytes into `out`. Returns: how many there were; fewer: it is the end.
using ReadMore = std::function<Result<std::size_t>(char* out, std::size_t size)>;

/// Returns: the tree; nullopt: there is no file in it.
/// Errors: InvalidInput `bad_file_name`, `not_a_file` (a FIFO, a device ...; the text names it),
///         `bad_archive`; LimitExceeded `too_many_files`, `too_many_bytes`; those of the builder.
Result<std::optional<Oid>> untar(const ReadMore& more,
                                 PackBuilder& builder,
                                 const UntarLimits& limits = {});

}  // namespace origin::git

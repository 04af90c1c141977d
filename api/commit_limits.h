// SPDX-License-Identifier: Apache-2.0
// api/commit_limits: the bounds of a commit that is made over the API.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/limits.h"

namespace origin::api {

inline constexpr std::size_t kCommitActionsMax = 10'000;  // Each is a path in memory, and a lookup.

// As a stream of lines.
inline constexpr std::size_t kCommitChunkBytesMax =
    4 * kMiB;                                                 // Decoded; two of them are in memory.
inline constexpr std::size_t kCommitLineBytesMax = 6 * kMiB;  // A chunk in base64 is 5.4 MiB.
inline constexpr std::uint64_t kCommitContentBytesMax = 256 * kMiB;  // All files, decoded.
inline constexpr std::uint64_t kCommitStreamBytesMax =
    384 * kMiB;  // The same in base64, and paths.
inline constexpr std::size_t kCommitFileIdBytesMax = 64;

}  // namespace origin::api

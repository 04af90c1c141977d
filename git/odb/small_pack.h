// SPDX-License-Identifier: Apache-2.0
// git/odb/small_pack: packs of small writes, which have no files: they are kept as rows of a
// project's journal and read from memory.
// Entries are whole objects, or deltas at a distance whose base is in the same small pack. Never
// deltas on an id, so that joining two packs that share an object cannot make a circle of bases.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/oid.h"
#include "base/result.h"
#include "git/odb/pack.h"
#include "git/odb/pack_index.h"

namespace origin::git {

inline constexpr std::size_t kSmallPackBytesMax = 1024 * 1024;  // A larger one is worth two files.
inline constexpr std::uint32_t kSmallPackObjectsMax = 1000;     // One row, read as a whole.
inline constexpr std::uint64_t kSmallPackInflatedMax = 8ULL * 1024 * 1024;  // Made whole again.

using PackRef = std::shared_ptr<const Pack>;

/// A pack in memory from its entries (as in a pack file, without header and trailer). `index` has
/// offsets as in the file; any order. Errors: Corrupt if they do not belong together.
Result<PackRef> small_pack_from(std::string_view entries, std::vector<IndexEntry> index);

/// A small pack of those objects of `pack` that `is_wanted`. Returns: null if it would not be
/// small. Errors: Corrupt.
Result<PackRef> make_small_pack(const Pack& pack, const std::function<bool(const Oid&)>& is_wanted);

/// Both as one. An object that is in both is twice in it, and either is found.
Result<PackRef> join_small_packs(const Pack& first, const Pack& second);

}  // namespace origin::git

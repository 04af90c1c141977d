// SPDX-License-Identifier: Apache-2.0
// git/serve/journal: small writes as rows of the store, in the transaction of their push: nothing
// to sync before it, nothing left behind by a push that is refused (docs/decisions/0009). In: a
// small pack. Out: a row; and the way back.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/id.h"
#include "git/odb/object_store.h"
#include "git/odb/small_pack.h"
#include "store/store.h"

namespace origin::git {

/// Sealed into a pack from here on. Held in memory while the project is open, so below D12's 64 MB.
inline constexpr std::uint64_t kJournalBytesMax = 16ULL * 1024 * 1024;
inline constexpr std::uint64_t kJournalObjectsMax = 10'000;
/// A journal this many times too large is not being sealed: small writes take files again.
inline constexpr std::uint64_t kJournalOverflow = 4;

/// The value of a row of table Journal. `pack` is small.
std::string journal_value(const Pack& pack, UnixMillis now);

struct JournalPart {
    PackRef pack;              // Null: no rows.
    std::uint64_t last = 0;    // Push of the last row read.
    std::size_t rows = 0;      // How many were read.
    UnixMillis newest_at = 0;  // When the youngest of them was written.
    bool is_all = true;        // False: the limits ended it.
};

struct JournalRange {
    std::uint64_t after = 0;  // Pushes above this one.
    std::size_t rows_max = SIZE_MAX;
    std::uint64_t bytes_max = UINT64_MAX;
};

/// Rows of a project's journal, oldest first, joined into one pack. Errors: Corrupt.
Result<JournalPart> read_journal(store::Reader& reader,
                                 const ProjectId& project,
                                 const JournalRange& range);

/// Erases the rows up to push `last`.
Status erase_journal(store::Writer& writer, const ProjectId& project, std::uint64_t last);

}  // namespace origin::git

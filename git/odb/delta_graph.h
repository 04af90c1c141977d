// SPDX-License-Identifier: Apache-2.0
// git/odb/delta_graph: which delta of an arriving pack leans on which entry.
// In: the pack's bytes (framing already checked) and its entries. Out: the whole objects that
// deltas lean on, and what leans on each entry. After link() any number of threads may ask, as long
// as each entry is written by one of them: what is handed out once is never handed out again.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "git/odb/arrivals.h"

namespace origin::git {

class DeltaGraph {
public:
    /// Lifetime: borrows both. Entries that are added behind those of the pack are known by id
    /// only.
    DeltaGraph(Bytes pack, std::vector<IncomingEntry>& entries);

    /// Finds each delta's base, if the pack has it as a whole object or names it by distance.
    /// Errors: InvalidInput (bad_delta_base).
    Status link();

    std::uint32_t deltas() const { return deltas_; }

    /// The next whole object that deltas lean on, in pack order; nullopt: there is none left.
    std::optional<std::uint32_t> take_root();

    /// What leans on an entry whose id is known now, lightest subtree first.
    std::vector<std::uint32_t> take_children(std::uint32_t entry);

    /// A delta whose base, named by id, has not been met. In the order of the pack, where a base
    /// stands before what leans on it: else an object that is known here and comes again as a delta
    /// would be added, and then come. One thread only.
    struct Orphan {
        Oid base;
        std::uint32_t entry;
    };
    /// The first one at or after `place` (0: the first of all), which is moved behind it.
    std::optional<Orphan> next_orphan(std::size_t& place) const;

private:
    struct Pending {  // A delta on an id that no whole object of the pack has.
        Oid base;
        std::uint32_t entry;
        bool is_taken = false;  // Through std::atomic_ref.
    };

    Result<std::uint32_t> entry_at_offset(std::uint64_t offset) const;
    void list_children();

    Bytes pack_;
    std::vector<IncomingEntry>& entries_;
    std::uint32_t packed_count_;  // Entries of the pack itself.
    std::uint32_t deltas_ = 0;
    std::vector<std::uint32_t> child_begin_;  // children_[child_begin_[i] .. child_begin_[i + 1]).
    std::vector<std::uint32_t> children_;
    std::vector<std::uint32_t> weight_;
    std::vector<std::uint32_t> roots_;
    std::atomic<std::size_t> next_root_ = 0;
    std::vector<Pending> pending_;  // Sorted by base id.
    std::vector<std::uint32_t> pending_by_place_;
};

}  // namespace origin::git

// SPDX-License-Identifier: Apache-2.0
#include "git/odb/delta_graph.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

#include "git/odb/pack.h"

namespace origin::git {

DeltaGraph::DeltaGraph(Bytes pack, std::vector<IncomingEntry>& entries)
    : pack_(pack), entries_(entries), packed_count_(static_cast<std::uint32_t>(entries.size())) {}

Result<std::uint32_t> DeltaGraph::entry_at_offset(std::uint64_t offset) const {
    const auto begin = entries_.begin();
    const auto end = begin + packed_count_;
    const auto found = std::lower_bound(
        begin, end, offset, [](const IncomingEntry& e, std::uint64_t at) { return e.offset < at; });
    if (found == end || found->offset != offset) {
        return std::unexpected(
            Error(Code::InvalidInput, "a delta's base is not the start of an entry")
                .because("bad_delta_base"));
    }
    return static_cast<std::uint32_t>(found - begin);
}

Status DeltaGraph::link() {
    std::vector<std::uint32_t> whole;
    for (std::uint32_t i = 0; i < packed_count_; ++i) {
        if (!is_delta(entries_[i].kind)) {
            whole.push_back(i);
        }
    }
    const auto oid_of = [&](std::uint32_t i) {
        return entries_[i].oid;
    };
    std::ranges::sort(whole, {}, oid_of);
    for (std::uint32_t i = 0; i < packed_count_; ++i) {
        if (!is_delta(entries_[i].kind)) {
            continue;
        }
        ++deltas_;
        ORIGIN_TRY(entry, parse_entry(pack_, entries_[i].offset));
        if (entry.kind == EntryKind::OfsDelta) {
            ORIGIN_TRY(base, entry_at_offset(entry.base_offset));
            entries_[i].base = base;
            continue;
        }
        const auto found = std::ranges::lower_bound(whole, entry.base_oid, {}, oid_of);
        if (found != whole.end() && oid_of(*found) == entry.base_oid) {
            entries_[i].base = *found;
        } else {
            pending_.push_back({.base = entry.base_oid, .entry = i});
        }
    }
    std::ranges::sort(pending_, {}, &Pending::base);
    pending_by_place_.resize(pending_.size());
    std::iota(pending_by_place_.begin(), pending_by_place_.end(), 0U);
    std::ranges::sort(pending_by_place_, {}, [this](std::uint32_t i) { return pending_[i].entry; });
    list_children();
    return {};
}

/// Lists children by base, and weighs subtrees. A distance leads backwards, so every child with
/// children of its own is met, from the end, before its base.
void DeltaGraph::list_children() {
    child_begin_.assign(packed_count_ + 1, 0);
    weight_.assign(packed_count_, 1);
    for (std::uint32_t i = 0; i < packed_count_; ++i) {
        if (entries_[i].base != kNoEntry) {
            ++child_begin_[entries_[i].base + 1];
        }
    }
    std::partial_sum(child_begin_.begin(), child_begin_.end(), child_begin_.begin());
    children_.resize(child_begin_.back());
    std::vector<std::uint32_t> next(child_begin_.begin(), child_begin_.end() - 1);
    for (std::uint32_t i = 0; i < packed_count_; ++i) {
        if (entries_[i].base != kNoEntry) {
            children_[next[entries_[i].base]++] = i;
        }
    }
    for (std::uint32_t i = packed_count_; i-- > 0;) {
        if (entries_[i].base != kNoEntry) {
            weight_[entries_[i].base] += weight_[i];
        }
    }
    for (std::uint32_t i = 0; i < packed_count_; ++i) {
        if (!is_delta(entries_[i].kind) && child_begin_[i] != child_begin_[i + 1]) {
            roots_.push_back(i);
        }
    }
}

std::optional<std::uint32_t> DeltaGraph::take_root() {
    const std::size_t place = next_root_.fetch_add(1, std::memory_order_relaxed);
    return place < roots_.size() ? std::optional(roots_[place]) : std::nullopt;
}

std::vector<std::uint32_t> DeltaGraph::take_children(std::uint32_t entry) {
    std::vector<std::uint32_t> children;
    const Oid& oid = entries_[entry].oid;
    for (Pending& pending : std::ranges::equal_range(pending_, oid, {}, &Pending::base)) {
        if (!std::atomic_ref(pending.is_taken).exchange(true, std::memory_order_relaxed)) {
            children.push_back(pending.entry);
        }
    }
    if (entry < packed_count_) {
        children.insert(children.end(),
                        children_.begin() + child_begin_[entry],
                        children_.begin() + child_begin_[entry + 1]);
    }
    std::ranges::sort(children, {}, [this](std::uint32_t child) { return weight_[child]; });
    return children;
}

std::optional<DeltaGraph::Orphan> DeltaGraph::next_orphan(std::size_t& place) const {
    while (place < pending_by_place_.size()) {
        const Pending& pending = pending_[pending_by_place_[place++]];
        if (!pending.is_taken) {
            return Orphan{pending.base, pending.entry};
        }
    }
    return std::nullopt;
}

}  // namespace origin::git

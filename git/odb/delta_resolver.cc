// SPDX-License-Identifier: Apache-2.0
#include "git/odb/delta_resolver.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <string>
#include <utility>

#include <zlib.h>

#include "git/odb/delta.h"
#include "git/odb/pack_text.h"

namespace origin::git {
namespace {

std::unexpected<Error> refuse(std::string_view reason, std::string what) {
    return std::unexpected(Error(Code::InvalidInput, std::move(what)).because(std::string(reason)));
}

std::unexpected<Error> too_much(std::string_view reason, std::string what) {
    return std::unexpected(
        Error(Code::LimitExceeded, std::move(what)).because(std::string(reason)));
}

std::uint32_t crc_of(std::string_view bytes) {
    return static_cast<std::uint32_t>(
        crc32_z(0, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

}  // namespace

DeltaResolver::DeltaResolver(DeltaResolverParts parts)
    : parts_(std::move(parts)), packed_count_(static_cast<std::uint32_t>(parts_.entries.size())) {}

Result<bool> DeltaResolver::step() {
    if (!is_linked_) {
        ORIGIN_CHECK(link());
        measure();
        is_linked_ = true;
        return unresolved_ == 0;
    }
    if (!stack_.empty()) {
        ORIGIN_CHECK(resolve_child());
        return unresolved_ == 0;
    }
    ORIGIN_TRY(has_root, next_root());
    if (has_root) {
        return false;
    }
    ORIGIN_TRY(has_base, next_missing_base());
    if (has_base || unresolved_ == 0) {
        return unresolved_ == 0;
    }
    // What is left hangs on ids that nobody has, or on itself.
    for (const Pending& pending : pending_) {
        if (is_delta(parts_.entries[pending.entry].kind)) {
            return refuse("missing_delta_base",
                          "a delta's base " + pending.base_oid.hex() + " is missing");
        }
    }
    return refuse("missing_delta_base", "a delta's base is missing");
}

Result<std::uint32_t> DeltaResolver::entry_at_offset(std::uint64_t offset) const {
    const auto begin = parts_.entries.begin();
    const auto end = begin + packed_count_;
    const auto found = std::lower_bound(
        begin, end, offset, [](const IncomingEntry& e, std::uint64_t at) { return e.offset < at; });
    if (found == end || found->offset != offset) {
        return refuse("bad_delta_base", "a delta's base is not the start of an entry");
    }
    return static_cast<std::uint32_t>(found - begin);
}

/// Finds each delta's base, if the pack has it as a whole object or names it by distance.
Status DeltaResolver::link() {
    auto& entries = parts_.entries;
    std::vector<std::uint32_t> whole;
    for (std::uint32_t i = 0; i < packed_count_; ++i) {
        if (!is_delta(entries[i].kind)) {
            whole.push_back(i);
        }
    }
    const auto oid_of = [&](std::uint32_t i) {
        return entries[i].oid;
    };
    std::ranges::sort(whole, {}, oid_of);
    for (std::uint32_t i = 0; i < packed_count_; ++i) {
        if (!is_delta(entries[i].kind)) {
            continue;
        }
        ++unresolved_;
        ORIGIN_TRY(entry, parse_entry(parts_.pack, entries[i].offset));
        if (entry.kind == EntryKind::OfsDelta) {
            ORIGIN_TRY(base, entry_at_offset(entry.base_offset));
            entries[i].base = base;
            continue;
        }
        const auto found = std::ranges::lower_bound(whole, entry.base_oid, {}, oid_of);
        if (found != whole.end() && oid_of(*found) == entry.base_oid) {
            entries[i].base = *found;
        } else {
            pending_.push_back({.base_oid = entry.base_oid, .entry = i});
        }
    }
    std::ranges::sort(pending_, {}, &Pending::base_oid);
    pending_by_place_.resize(pending_.size());
    std::iota(pending_by_place_.begin(), pending_by_place_.end(), 0U);
    std::ranges::sort(pending_by_place_, {}, [this](std::uint32_t i) { return pending_[i].entry; });
    return {};
}

/// Lists children by base, and weighs subtrees. A distance leads backwards, so every child with
/// children of its own is met, from the end, before its base.
void DeltaResolver::measure() {
    const auto& entries = parts_.entries;
    child_begin_.assign(packed_count_ + 1, 0);
    weight_.assign(packed_count_, 1);
    for (std::uint32_t i = 0; i < packed_count_; ++i) {
        if (entries[i].base != kNoEntry) {
            ++child_begin_[entries[i].base + 1];
        }
    }
    std::partial_sum(child_begin_.begin(), child_begin_.end(), child_begin_.begin());
    children_.resize(child_begin_.back());
    std::vector<std::uint32_t> next(child_begin_.begin(), child_begin_.end() - 1);
    for (std::uint32_t i = 0; i < packed_count_; ++i) {
        if (entries[i].base != kNoEntry) {
            children_[next[entries[i].base]++] = i;
        }
    }
    for (std::uint32_t i = packed_count_; i-- > 0;) {
        if (entries[i].base != kNoEntry) {
            weight_[entries[i].base] += weight_[i];
        }
    }
}

std::vector<std::uint32_t> DeltaResolver::children_of(std::uint32_t entry) const {
    std::vector<std::uint32_t> children;
    const Oid& oid = parts_.entries[entry].oid;
    for (const Pending& pending : std::ranges::equal_range(pending_, oid, {}, &Pending::base_oid)) {
        if (is_delta(parts_.entries[pending.entry].kind)) {
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

Status DeltaResolver::add_work(std::uint64_t bytes) {
    work_bytes_ += bytes;
    return parts_.arrivals.add_work(bytes, parts_.pack.size());
}

/// The bytes of an entry's own zlib stream: an object's, or a delta's.
Result<Scratch> DeltaResolver::inflate(std::uint32_t entry) {
    ORIGIN_TRY(packed, parse_entry(parts_.pack, parts_.entries[entry].offset));
    ORIGIN_TRY(data, Scratch::make(parts_.scratch_dir, packed.size));
    ORIGIN_CHECK(inflate_exactly(inflater_, parts_.pack.subspan(packed.data_offset), data.bytes()));
    ORIGIN_CHECK(add_work(packed.size));
    return std::move(data);
}

Result<Scratch> DeltaResolver::build_on(std::string_view base,
                                        std::uint32_t entry,
                                        ObjectType type) {
    ORIGIN_TRY(delta, inflate(entry));
    ORIGIN_TRY(sizes, parse_delta_sizes(delta.text()));
    ORIGIN_CHECK(parts_.arrivals.check_size(type, sizes.result));
    ORIGIN_TRY(object, Scratch::make(parts_.scratch_dir, sizes.result));
    ORIGIN_CHECK(apply_delta(base, delta.text(), object.bytes()));
    ORIGIN_CHECK(add_work(sizes.result));
    return std::move(object);
}

/// An object whose whole chain is resolved, from its root.
Result<Scratch> DeltaResolver::rebuild(std::uint32_t entry, ObjectType type) {
    std::vector<std::uint32_t> chain;
    while (parts_.entries[entry].base != kNoEntry) {
        chain.push_back(entry);
        entry = parts_.entries[entry].base;
    }
    Scratch data;
    if (parts_.entries[entry].is_added) {
        ORIGIN_TRY(object, parts_.base->read(parts_.entries[entry].oid));
        ORIGIN_TRY(copy, Scratch::make(parts_.scratch_dir, object.data.size()));
        std::ranges::copy(object.data, copy.bytes().begin());
        data = std::move(copy);
    } else {
        ORIGIN_TRY(whole, inflate(entry));
        data = std::move(whole);
    }
    for (; !chain.empty(); chain.pop_back()) {
        ORIGIN_TRY(next, build_on(data.text(), chain.back(), type));
        data = std::move(next);
    }
    return std::move(data);
}

Status DeltaResolver::push(std::uint32_t entry,
                           Scratch data,
                           std::uint32_t depth,
                           ObjectType type) {
    auto children = children_of(entry);
    if (children.empty()) {
        return {};
    }
    if (depth >= parts_.limits.delta_chain_max) {
        return too_much("delta_chain", "a chain of deltas is too long");
    }
    heap_bytes_ += data.heap_bytes();
    stack_.push_back({.entry = entry,
                      .depth = depth,
                      .type = type,
                      .data = std::move(data),
                      .children = std::move(children)});
    while (heap_bytes_ > kDeltaCacheBytesMax && dropped_below_ + 1 < stack_.size()) {
        Frame& oldest = stack_[dropped_below_++];
        heap_bytes_ -= oldest.data.heap_bytes();
        oldest.data = Scratch();
        oldest.is_dropped = true;
    }
    return {};
}

void DeltaResolver::pop() {
    heap_bytes_ -= stack_.back().data.heap_bytes();
    stack_.pop_back();
    dropped_below_ = std::min(dropped_below_, stack_.size());
}

Status DeltaResolver::resolve_child() {
    Frame& frame = stack_.back();
    if (frame.is_dropped) {
        ORIGIN_TRY(data, rebuild(frame.entry, frame.type));
        frame.data = std::move(data);
        frame.is_dropped = false;
        heap_bytes_ += frame.data.heap_bytes();
        dropped_below_ = std::min(dropped_below_, stack_.size() - 1);
    }
    const std::uint32_t child = frame.children[frame.next++];
    const std::uint32_t depth = frame.depth + 1;
    const ObjectType type = frame.type;
    IncomingEntry& entry = parts_.entries[child];
    entry.base = frame.entry;
    ORIGIN_TRY(object, build_on(frame.data.text(), child, type));
    if (frame.next == frame.children.size()) {
        pop();  // `frame` is gone.
    }
    ORIGIN_TRY(oid, parts_.arrivals.admit(type, object.text()));
    entry.oid = oid;
    entry.kind = static_cast<EntryKind>(type);
    --unresolved_;
    return push(child, std::move(object), depth, type);
}

/// Begins the next tree of deltas. False: there is none left.
Result<bool> DeltaResolver::next_root() {
    for (; root_ < packed_count_; ++root_) {
        const IncomingEntry& entry = parts_.entries[root_];
        if (entry.base != kNoEntry || is_delta(entry.kind) ||
            child_begin_[root_] == child_begin_[root_ + 1]) {
            continue;
        }
        ORIGIN_TRY(data, inflate(root_));
        ORIGIN_CHECK(push(root_++, std::move(data), 0, entry.type()));
        return true;
    }
    return false;
}

/// Thin packs: takes the next base from the project's own objects. False: there is none left.
/// In the order of the pack, where a base stands before what leans on it: else an object that is
/// known here and comes again as a delta would be added, and then come.
Result<bool> DeltaResolver::next_missing_base() {
    for (; parts_.base != nullptr && pending_at_ < pending_.size(); ++pending_at_) {
        const Pending& pending = pending_[pending_by_place_[pending_at_]];
        if (!is_delta(parts_.entries[pending.entry].kind)) {
            continue;
        }
        auto object = parts_.base->read(pending.base_oid);
        if (object) {
            ORIGIN_CHECK(add_base(pending.base_oid, std::move(*object)));
            return true;
        }
        if (object.error().code() != Code::NotFound) {
            return std::unexpected(std::move(object).error());
        }
        // Perhaps it is itself a delta whose base is added later.
    }
    return false;
}

Status DeltaResolver::add_base(const Oid& oid, Object object) {
    constexpr int kFastest = 1;
    if (bases_added_ == 0) {
        ORIGIN_CHECK(parts_.file.rewind_to(parts_.pack.size() - kOidBytes));
    }
    std::string packed;
    put_entry_header(packed, static_cast<EntryKind>(object.type), object.data.size());
    packed += deflate_all(object.data, kFastest);
    if (parts_.file.size() + packed.size() > parts_.limits.pack_bytes_max ||
        parts_.entries.size() >= parts_.limits.objects_max) {
        return too_much("pack_bytes", "the pack with the bases it needs is too large");
    }
    const auto number = static_cast<std::uint32_t>(parts_.entries.size());
    parts_.entries.push_back({.offset = parts_.file.size(),
                              .crc = crc_of(packed),
                              .oid = oid,
                              .kind = static_cast<EntryKind>(object.type),
                              .is_added = true});
    ++bases_added_;
    ORIGIN_CHECK(parts_.file.append(bytes_of(packed)));
    ORIGIN_CHECK(add_work(object.data.size()));
    ORIGIN_TRY(data, Scratch::make(parts_.scratch_dir, object.data.size()));
    std::ranges::copy(object.data, data.bytes().begin());
    return push(number, std::move(data), 0, object.type);
}

}  // namespace origin::git

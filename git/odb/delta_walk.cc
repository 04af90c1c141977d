// SPDX-License-Identifier: Apache-2.0
#include "git/odb/delta_walk.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "git/odb/delta.h"
#include "git/odb/whole_zlib.h"

namespace origin::git {

Status DeltaWalk::begin(std::uint32_t entry) {
    ORIGIN_TRY(data, inflate(entry));
    return begin(entry, std::move(data));
}

Status DeltaWalk::begin(std::uint32_t entry, Scratch data) {
    ORIGIN_ASSERT(is_idle());
    return push(entry, std::move(data), 0, parts_.entries[entry].type());
}

/// The bytes of an entry's own zlib stream: an object's, or a delta's.
Result<Scratch> DeltaWalk::inflate(std::uint32_t entry) {
    ORIGIN_TRY(packed, parse_entry(parts_.pack, parts_.entries[entry].offset));
    ORIGIN_TRY(data, Scratch::make(parts_.scratch_dir, packed.size));
    ORIGIN_CHECK(inflate_exactly(parts_.pack.subspan(packed.data_offset), data.bytes()));
    work_bytes_ += packed.size;
    return std::move(data);
}

Result<Scratch> DeltaWalk::build_on(std::string_view base, std::uint32_t entry, ObjectType type) {
    ORIGIN_TRY(delta, inflate(entry));
    ORIGIN_TRY(sizes, parse_delta_sizes(delta.text()));
    ORIGIN_CHECK(parts_.arrivals.check_size(type, sizes.result));
    ORIGIN_TRY(object, Scratch::make(parts_.scratch_dir, sizes.result));
    ORIGIN_CHECK(apply_delta(base, delta.text(), object.bytes()));
    work_bytes_ += sizes.result;
    return std::move(object);
}

/// An object whose whole chain is resolved, from its root.
Result<Scratch> DeltaWalk::rebuild(std::uint32_t entry, ObjectType type) {
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

Status DeltaWalk::push(std::uint32_t entry, Scratch data, std::uint32_t depth, ObjectType type) {
    auto children = parts_.graph.take_children(entry);
    if (children.empty()) {
        return {};
    }
    if (depth >= parts_.limits.delta_chain_max) {
        return std::unexpected(
            Error(Code::LimitExceeded, "a chain of deltas is too long").because("delta_chain"));
    }
    heap_bytes_ += data.heap_bytes();
    stack_.push_back({.entry = entry,
                      .depth = depth,
                      .type = type,
                      .data = std::move(data),
                      .children = std::move(children)});
    while (heap_bytes_ > parts_.bases_bytes_max && dropped_below_ + 1 < stack_.size()) {
        Frame& oldest = stack_[dropped_below_++];
        heap_bytes_ -= oldest.data.heap_bytes();
        oldest.data = Scratch();
        oldest.is_dropped = true;
    }
    return {};
}

void DeltaWalk::pop() {
    heap_bytes_ -= stack_.back().data.heap_bytes();
    stack_.pop_back();
    dropped_below_ = std::min(dropped_below_, stack_.size());
}

Status DeltaWalk::step() {
    ORIGIN_ASSERT(!is_idle());
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
    ++resolved_;
    return push(child, std::move(object), depth, type);
}

}  // namespace origin::git

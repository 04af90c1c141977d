// SPDX-License-Identifier: Apache-2.0
// git/odb/delta_walk: one walk through the deltas of an arriving pack.
// In: a root: a whole object. Out: type and id of each entry that leans on it, in small steps.
//
// A root's deltas are a tree, walked depth first. The largest subtree comes last, and a base is let
// go before the walk enters its last child, so at most log2(n) bases are alive. Where subtrees
// cannot be measured in advance (bases named by id) the oldest bases are dropped above a limit, and
// built again when the walk returns to them.
//
// Walks of one graph may go on at once, each on a thread of its own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "git/odb/arrivals.h"
#include "git/odb/delta_graph.h"
#include "git/odb/object_store.h"
#include "git/odb/scratch.h"

namespace origin::git {

class DeltaWalk {
public:
    struct Parts {
        Bytes pack;  // Mapped; trailer included.
        std::vector<IncomingEntry>& entries;
        DeltaGraph& graph;
        Arrivals& arrivals;       // No other walk's.
        const ObjectStore* base;  // May be null.
        const std::filesystem::path& scratch_dir;
        const IntakeLimits& limits;
        std::size_t bases_bytes_max;
    };
    explicit DeltaWalk(Parts parts) : parts_(parts) {}

    bool is_idle() const { return stack_.empty(); }
    /// Begins at a whole object of the pack. Errors: LimitExceeded; StorageFull; Internal.
    Status begin(std::uint32_t entry);
    /// Begins at one whose bytes are here.
    Status begin(std::uint32_t entry, Scratch data);
    /// One delta. If it is_idle(), an assertion fails.
    /// Errors: InvalidInput (bad_delta, what Arrivals says); LimitExceeded (delta_chain,
    /// object_bytes); StorageFull; Internal.
    Status step();

    std::uint32_t resolved() const { return resolved_; }
    /// Inflated bytes handled so far.
    std::uint64_t work_bytes() const { return work_bytes_; }

private:
    struct Frame {
        std::uint32_t entry;
        std::uint32_t depth;
        ObjectType type;
        bool is_dropped = false;
        Scratch data;
        std::vector<std::uint32_t> children;  // Lightest first.
        std::size_t next = 0;
    };

    Status push(std::uint32_t entry, Scratch data, std::uint32_t depth, ObjectType type);
    void pop();
    Result<Scratch> inflate(std::uint32_t entry);
    Result<Scratch> build_on(std::string_view base, std::uint32_t entry, ObjectType type);
    Result<Scratch> rebuild(std::uint32_t entry, ObjectType type);

    Parts parts_;
    std::vector<Frame> stack_;
    std::size_t dropped_below_ = 0;  // Frames under this one hold no data.
    std::size_t heap_bytes_ = 0;
    std::uint32_t resolved_ = 0;
    std::uint64_t work_bytes_ = 0;
};

}  // namespace origin::git

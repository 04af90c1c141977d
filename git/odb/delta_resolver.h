// SPDX-License-Identifier: Apache-2.0
// git/odb/delta_resolver: turns the deltas of an arriving pack into objects, in small steps.
// In: the pack's bytes (framing already checked) and its entries. Out: every entry's type and id.
//
// Each whole object is the root of a tree of deltas, walked depth first. The largest subtree comes
// last, and a base is let go before the walk enters its last child, so at most log2(n) bases are
// alive. Where subtrees cannot be measured in advance (bases named by id) the oldest bases are
// dropped above kDeltaCacheBytesMax, and built again when the walk returns to them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "git/odb/arrivals.h"
#include "git/odb/object_store.h"
#include "git/odb/pack_file.h"
#include "git/odb/scratch.h"
#include "git/odb/zlib_stream.h"

namespace origin::git {

struct DeltaResolverParts {
    Bytes pack;                           // Mapped; trailer included.
    PackFile& file;                       // Where bases of a thin pack are added, over the trailer.
    std::vector<IncomingEntry>& entries;  // In pack order. Added bases come behind.
    Arrivals& arrivals;
    const ObjectStore* base;  // May be null.
    std::filesystem::path scratch_dir;
    IntakeLimits limits;
};

class DeltaResolver {
public:
    explicit DeltaResolver(DeltaResolverParts parts);

    /// One delta, or one base. Returns: true when all are resolved.
    /// Errors: InvalidInput (bad_delta_base, missing_delta_base, bad_delta, what Arrivals says);
    /// LimitExceeded (delta_chain, object_bytes, pack_bytes, pack_work); StorageFull; Internal.
    Result<bool> step();

    std::uint32_t bases_added() const { return bases_added_; }
    /// Inflated bytes handled so far: how a caller sizes its steps.
    std::uint64_t work_bytes() const { return work_bytes_; }

private:
    struct Pending {  // A delta on an id that no whole object of the pack has.
        Oid base_oid;
        std::uint32_t entry;
    };
    struct Frame {
        std::uint32_t entry;
        std::uint32_t depth;
        ObjectType type;
        bool is_dropped = false;
        Scratch data;
        std::vector<std::uint32_t> children;  // Lightest first.
        std::size_t next = 0;
    };

    Status link();
    Result<std::uint32_t> entry_at_offset(std::uint64_t offset) const;
    void measure();
    Result<bool> next_root();
    Result<bool> next_missing_base();
    Status add_base(const Oid& oid, Object object);
    Status resolve_child();
    Status push(std::uint32_t entry, Scratch data, std::uint32_t depth, ObjectType type);
    void pop();
    std::vector<std::uint32_t> children_of(std::uint32_t entry) const;
    Result<Scratch> inflate(std::uint32_t entry);
    Result<Scratch> build_on(std::string_view base, std::uint32_t entry, ObjectType type);
    Result<Scratch> rebuild(std::uint32_t entry, ObjectType type);
    Status add_work(std::uint64_t bytes);

    DeltaResolverParts parts_;
    bool is_linked_ = false;
    std::uint32_t packed_count_;  // Entries of the pack itself.
    std::uint32_t unresolved_ = 0;
    std::vector<std::uint32_t> child_begin_;  // children_[child_begin_[i] .. child_begin_[i + 1]).
    std::vector<std::uint32_t> children_;
    std::vector<std::uint32_t> weight_;
    std::vector<Pending> pending_;  // Sorted by base id.
    std::vector<std::uint32_t> pending_by_place_;
    std::vector<Frame> stack_;
    std::size_t dropped_below_ = 0;  // Frames under this one hold no data.
    std::size_t heap_bytes_ = 0;
    std::uint32_t root_ = 0;
    std::size_t pending_at_ = 0;
    std::uint32_t bases_added_ = 0;
    std::uint64_t work_bytes_ = 0;
    Inflater inflater_;
};

}  // namespace origin::git

// SPDX-License-Identifier: Apache-2.0
// git/odb/delta_resolver: turns the deltas of an arriving pack into objects, in small steps.
// In: the pack's bytes (framing already checked) and its entries. Out: every entry's type and id.
//
// The roots of a large pack are walked on as many threads as have time (SideWork), each with its
// share of the memory; what a thin pack leans on, and small packs, on the caller's alone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/side_work.h"
#include "git/odb/arrivals.h"
#include "git/odb/delta_graph.h"
#include "git/odb/delta_walk.h"
#include "git/odb/object_store.h"
#include "git/odb/pack_file.h"

namespace origin::git {

/// At most so many threads walk one pack's deltas.
inline constexpr unsigned kDeltaLanesMax = 4;

struct DeltaResolverParts {
    Bytes pack;                           // Mapped; trailer included.
    PackFile& file;                       // Where bases of a thin pack are added, over the trailer.
    std::vector<IncomingEntry>& entries;  // In pack order. Added bases come behind.
    Arrivals& arrivals;
    const ObjectStore* base;  // May be null.
    std::filesystem::path scratch_dir;
    IntakeLimits limits;
    SideWork* side_work;  // May be null.
};

class DeltaResolver {
public:
    explicit DeltaResolver(DeltaResolverParts parts);
    DeltaResolver(const DeltaResolver&) = delete;
    DeltaResolver& operator=(const DeltaResolver&) = delete;
    ~DeltaResolver();

    /// Some deltas: 1 MiB of inflated bytes or so on each thread; all are back when it returns.
    /// Returns: true when every delta is resolved.
    /// Errors: InvalidInput (bad_delta_base, missing_delta_base, bad_delta, what Arrivals says);
    /// LimitExceeded (delta_chain, object_bytes, pack_bytes, pack_work); StorageFull; Internal.
    /// Blocks: about 5 ms.
    Result<bool> step();

    std::uint32_t bases_added() const { return bases_added_; }

private:
    struct Lane;
    class Round;

    void make_lanes();
    std::vector<Lane*> lanes_with_work() const;
    Status walk_roots();
    void end_roots();
    Status walk_orphans();
    Status take_missing_base();
    Status add_base(const Oid& oid, Object object);
    Status count_work();
    bool is_resolved() const;

    DeltaResolverParts parts_;
    DeltaGraph graph_;
    bool is_linked_ = false;
    bool has_roots_ = true;
    std::vector<std::unique_ptr<Lane>> lanes_;  // The first one uses the caller's Arrivals.
    std::size_t orphan_at_ = 0;
    std::uint32_t bases_added_ = 0;
    std::uint64_t work_counted_ = 0;
};

}  // namespace origin::git

// SPDX-License-Identifier: Apache-2.0
// git/odb/intake: the firewall every arriving pack passes. Nothing of it is believed: sizes, types,
// counts, checksums, deltas, ids and contents are checked before the pack can become visible.
// In: pack bytes from a peer, in pieces of any length. Out: a complete, indexed pack in quarantine.
// The road: feed() ... until the peer is done -> resolve_some() until it says true (or finish()) ->
// check_connectivity() -> view() for gates -> make_durable() -> the transaction that names the
// pack. Not thread-safe; different steps may run on different threads, one after the other.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/oid.h"
#include "base/result.h"
#include "base/side_work.h"
#include "git/odb/fsck.h"
#include "git/odb/object_store.h"
#include "git/odb/quarantine.h"
#include "git/odb/small_pack.h"

namespace origin::git {

/// Every bound of one intake. The defaults are those of base/limits.h; a plan may lower them.
struct IntakeLimits {
    std::uint64_t pack_bytes_max = kPackBytesMax;
    std::uint64_t blob_bytes_max = kBlobBytesMax;
    std::uint64_t tree_bytes_max = kTreeBytesMax;
    std::uint64_t commit_bytes_max = kCommitBytesMax;
    std::uint32_t objects_max = kPackObjectsMax;
    std::uint32_t delta_chain_max = kDeltaChainMax;
    FsckLevel fsck = FsckLevel::Push;
};

struct IntakeResult {
    std::string pack_name;           // "pack-<40 hex>"; empty if the pack held no objects.
    std::uint32_t object_count = 0;  // Bases added to complete a thin pack included.
    std::uint64_t pack_bytes = 0;    // As stored.
    std::uint32_t bases_added = 0;
};

class PackIntake {
public:
    /// The quarantine must exist and be on the file system of the final folder; files in it get
    /// unique names, so pushes may share it. `base` (may be null) holds the project's objects.
    /// `side_work` (may be null) helps to resolve the deltas of a large pack.
    PackIntake(Quarantine quarantine,
               ObjectStoreRef base,
               const IntakeLimits& limits = {},
               SideWork* side_work = nullptr);
    PackIntake(PackIntake&&) noexcept;
    PackIntake& operator=(PackIntake&&) noexcept;
    PackIntake(const PackIntake&) = delete;
    PackIntake& operator=(const PackIntake&) = delete;
    /// Removes whatever is left in quarantine.
    ~PackIntake();

    /// The next bytes. After an error every further call repeats that error.
    /// Errors: InvalidInput (told_to_peer says what is wrong; reason is stable: "bad_pack_magic",
    /// "bad_object_size", "has_dotgit" ...), LimitExceeded, StorageFull, Internal.
    /// Blocks: writes to disk; about 5 ms for 256 KB.
    Status feed(Bytes bytes);

    /// True when the pack's trailer has been read; more bytes would be an error.
    bool at_end() const;

    /// One step of what remains after the last byte: deltas, special blobs, thin bases, index.
    /// The first call declares the stream complete (a cut-off pack is refused).
    /// Returns: true when done. Blocks: up to about 5 ms.
    Result<bool> resolve_some();

    /// Runs the steps that are left.
    Result<IntakeResult> finish();

    /// After finish(): every id that an incoming object refers to (gitlinks excepted) is in this
    /// pack or in `base`, and has the type it is used as.
    /// Errors: InvalidInput (missing_object, names the id; object_type_mismatch).
    Status check_connectivity() const;

    /// After finish(): `base` and the quarantined pack together.
    Result<ObjectStoreRef> view() const;

    /// After finish(): what was in the pack, for the project's journal. Null if it is not small, or
    /// held nothing. Bases that were added are left out: the project has them.
    /// Errors: Corrupt.
    Result<PackRef> small() const;

    /// After finish(): was this object in the pack (bases that were added do not count)?
    bool brought(const Oid& oid) const;

    /// After finish(): see StagedPack::make_durable. A pack without objects: nothing to do.
    /// The files keep their name: `<final_dir>/<pack_name>.pack` and `.idx`.
    Status make_durable(const std::filesystem::path& final_dir);

    const IntakeResult& result() const;

private:
    class State;
    std::unique_ptr<State> state_;
};

}  // namespace origin::git

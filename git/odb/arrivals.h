// SPDX-License-Identifier: Apache-2.0
// git/odb/arrivals: the checks that every single arriving object passes, and what they leave to be
// checked when all have arrived.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/oid.h"
#include "base/result.h"
#include "git/odb/fsck.h"
#include "git/odb/intake.h"
#include "git/odb/object_store.h"
#include "git/odb/references.h"

namespace origin::git {

inline constexpr std::uint32_t kNoEntry = 0xffffffff;

/// One entry of the arriving pack. `kind` is as packed until a delta is resolved, then the type.
struct IncomingEntry {
    std::uint64_t offset = 0;
    std::uint32_t crc = 0;
    std::uint32_t base = kNoEntry;  // A delta's base, by number, once that is known.
    Oid oid;
    EntryKind kind = EntryKind::Blob;
    bool is_added = false;  // A base of a thin pack, added from the project's own objects.

    ObjectType type() const { return static_cast<ObjectType>(kind); }
};

class Arrivals {
public:
    /// Lifetime: `limits` is copied; `base` may be null.
    Arrivals(ObjectStoreRef base, const IntakeLimits& limits);

    /// May an object of this type be this large? Errors: LimitExceeded (object_bytes).
    Status check_size(ObjectType type, std::uint64_t size) const;

    /// Hash, rules, references, and comparison with an object of the same id that is here already.
    /// Errors: InvalidInput (sha1_collision, git's message ids); Corrupt.
    Result<Oid> admit(ObjectType type, std::string_view data);
    /// The same for a blob that was hashed as it came: only its size can be compared.
    Status admit_streamed_blob(const Oid& oid, std::uint64_t size) const;

    /// Inflated bytes handled so far, against what `pack_bytes` may cost.
    /// Errors: LimitExceeded (pack_work).
    Status add_work(std::uint64_t bytes, std::uint64_t pack_bytes);

    /// For objects that are checked on another thread: the same rules, nothing seen yet.
    Arrivals beside() const { return {base_, limits_}; }
    /// What `other` has seen as well.
    void add_all_of(Arrivals&& other);

    const References& references() const { return references_; }
    /// Sorted, without doubles.
    SpecialBlobs special_blobs() const;

private:
    Status compare_with_known(const Oid& oid, ObjectType type, std::string_view data) const;

    ObjectStoreRef base_;
    IntakeLimits limits_;
    References references_;
    SpecialBlobs special_;
    std::uint64_t work_bytes_ = 0;
};

}  // namespace origin::git

// SPDX-License-Identifier: Apache-2.0
// git/odb/pack_builder: objects made by the server (API commits, merges, runs) become a pack.
// In: objects in memory, from our own code. Out: a staged pack, checked like a pushed one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/oid.h"
#include "base/result.h"
#include "git/odb/intake.h"
#include "git/odb/object_store.h"
#include "git/odb/staged_pack.h"

namespace origin::git {

class PackBuilder {
public:
    /// `existing` (may be null): objects in it are not written again.
    explicit PackBuilder(ObjectStoreRef existing);

    /// Adds an object unless it is here or in `existing` already.
    /// Errors: what check_object says; LimitExceeded (object size, kBuilderBytesMax).
    Result<Oid> add(ObjectType type, std::string data);

    /// A blob that comes into the same pack by another road: header() knows it.
    void expect_blob(const Oid& oid, std::uint64_t size) { expected_.emplace(oid, size); }
    /// What was added, in this order.
    const std::vector<Oid>& added() const { return order_; }

    /// An object that was added; null if it was not. Lifetime: until the builder is gone.
    const Object* find(const Oid& oid) const;
    /// find(), else from `existing`. Errors: NotFound; Corrupt.
    Result<Object> read(const Oid& oid) const;
    bool contains(const Oid& oid) const;
    /// type_and_size without reading. Errors: NotFound; Corrupt.
    Result<ObjectHeader> header(const Oid& oid) const;

    std::size_t count() const { return order_.size(); }
    std::uint64_t bytes() const { return bytes_; }
    bool is_empty() const { return order_.empty(); }
    const ObjectStoreRef& existing() const { return existing_; }

    /// Every id that an added object refers to is here or in `existing`.
    /// Errors: InvalidInput (missing_object).
    Status check_connectivity() const;

    /// The pack of the added objects with its index: in memory if it is small, else in quarantine.
    /// No objects: an empty name. Checks connectivity first. Blocks: may write files.
    struct Built {
        IntakeResult result;
        StagedPack staged;
        PackRef in_memory;  // Set if it is small: nothing is on the disk then.

        /// See StagedPack::make_durable. Without objects: nothing to do.
        Status make_durable(const std::filesystem::path& final_dir) {
            if (result.object_count == 0) {
                return {};
            }
            if (in_memory != nullptr) {
                ORIGIN_CHECK(staged.write(*in_memory));
            }
            return staged.make_durable(final_dir, result.pack_name);
        }
    };
    Result<Built> write(const Quarantine& quarantine) const;

private:
    Status check_special_blobs() const;

    ObjectStoreRef existing_;
    std::unordered_map<Oid, Object, OidHash> objects_;
    std::vector<Oid> order_;
    std::unordered_map<Oid, std::uint64_t, OidHash> expected_;
    std::uint64_t bytes_ = 0;
};

}  // namespace origin::git

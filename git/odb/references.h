// SPDX-License-Identifier: Apache-2.0
// git/odb/references: what new objects point at, and whether it is all there.
// Gitlinks are not references: a submodule's commit lives in another project.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "base/oid.h"
#include "base/result.h"
#include "git/odb/object_store.h"
#include "git/odb/objects.h"

namespace origin::git {

struct Reference {
    Oid oid;
    ObjectType type;  // What it is used as.
    friend auto operator<=>(const Reference&, const Reference&) = default;
};

/// A set. Memory: 21 bytes for each, twice that while it is sorted.
class References {
public:
    void add(const Oid& oid, ObjectType type);
    /// Everything that an object (already through check_object) refers to.
    /// Errors: InvalidInput if it cannot be parsed after all.
    Status add_all_of(ObjectType type, std::string_view data);
    void add_all_of(References&& other);

    using TypeOf = std::function<Result<std::optional<ObjectType>>(const Oid&)>;
    /// Errors: InvalidInput (missing_object, object_type_mismatch), naming the id; those of
    /// `type_of`, which says what an object is, or nullopt if it is nowhere.
    Status check(const TypeOf& type_of) const;

private:
    void compact();

    std::vector<Reference> all_;
    std::size_t compact_at_ = 4096;
};

/// Everything that the objects of `pack` refer to is in `objects`, with the type it is used as.
/// Errors: InvalidInput (missing_object, object_type_mismatch); Corrupt. Blocks: reads the pack.
Status check_pack_connectivity(const Pack& pack, const ObjectStore& objects);

}  // namespace origin::git

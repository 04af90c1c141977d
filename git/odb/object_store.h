// SPDX-License-Identifier: Apache-2.0
// git/odb/object_store: every object of one project, read from its set of packs.
// In: a folder and the pack names that the store's rows list (the folder itself is never listed: a
// pack without a row does not exist). Out: objects by id.
// Immutable: a push makes a new ObjectStore that shares the packs already open. Thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/oid.h"
#include "base/result.h"
#include "git/odb/base_cache.h"
#include "git/odb/objects.h"
#include "git/odb/pack.h"

namespace origin::git {

class ObjectStore;
using ObjectStoreRef = std::shared_ptr<const ObjectStore>;

/// A place: `packs()[pack]`, at `offset`.
struct EntryRef {
    std::uint32_t pack = 0;
    std::uint64_t offset = 0;
    friend auto operator<=>(const EntryRef&, const EntryRef&) = default;
};

class ObjectStore {
public:
    /// Opens `<dir>/<name>.pack` and `.idx` for each name ("pack-<40 hex>").
    /// `cache` may be shared between projects; null makes one of kDeltaCacheBytesMax.
    /// Errors: Corrupt if a pack is missing or damaged (the name is kept in the log).
    /// Blocks: maps files; reads almost nothing.
    static Result<ObjectStoreRef> open(const std::filesystem::path& dir,
                                       const std::vector<std::string>& pack_names,
                                       std::shared_ptr<BaseCache> cache = nullptr);
    /// A store without objects, whose future packs are in `dir`.
    static ObjectStoreRef empty(const std::filesystem::path& dir,
                                std::shared_ptr<BaseCache> cache = nullptr);

    /// This store and one more pack of its folder.
    Result<ObjectStoreRef> with_pack(const std::string& name) const;
    /// This store and one more pack from elsewhere: a quarantined one.
    Result<ObjectStoreRef> with_pack_from(const std::filesystem::path& dir,
                                          const std::string& name) const;
    /// This store and one more pack, open already.
    ObjectStoreRef with(std::shared_ptr<const Pack> pack) const;
    /// This store and one more small pack in memory. Those that are here already are joined with it
    /// while they are not larger than it, so that there are few however many come.
    Result<ObjectStoreRef> with_small(std::shared_ptr<const Pack> pack) const;
    /// Exactly these packs of its folder; those open already are shared. For gc and consolidation.
    Result<ObjectStoreRef> with_packs(const std::vector<std::string>& names) const;

    bool contains(const Oid& oid) const { return locate(oid).has_value(); }
    std::optional<EntryRef> locate(const Oid& oid) const;

    /// Errors, all of these: NotFound (told: which id); Corrupt.
    Result<ObjectHeader> header(const Oid& oid) const;
    Result<ObjectType> type_of(const Oid& oid) const;  // Cheaper than header().
    Result<Object> read(const Oid& oid) const;
    Result<Object> read(const EntryRef& place) const;
    /// The object's bytes if it has this type. Errors: also InvalidInput (wrong_type).
    Result<std::string> read_as(const Oid& oid, ObjectType type) const;

    Result<CommitLinks> commit_links(const Oid& oid) const;
    /// Follows tags to what they point at. Errors: also LimitExceeded above kTagChainMax.
    Result<Oid> peel(const Oid& oid) const;
    /// The entry at `path` ("a/b/c", no leading slash; "" is the tree itself) below a tree.
    /// Returns: nullopt if there is none. The entry's name is empty: the caller has the path.
    Result<std::optional<TreeEntry>> find_path(const Oid& tree, std::string_view path) const;

    const std::vector<std::shared_ptr<const Pack>>& packs() const { return packs_; }
    const std::filesystem::path& dir() const { return dir_; }
    std::uint64_t object_count() const;  // An object in two packs counts twice.
    std::uint64_t memory_bytes() const;  // Of the packs in memory.
    std::uint64_t memory_objects() const;

    /// Which collection of the project's garbage this is a view after: whoever relies on an object
    /// that is here must look again once the project has another one.
    std::uint64_t gc_generation() const { return gc_generation_; }
    ObjectStoreRef at_gc_generation(std::uint64_t generation) const;

private:
    ObjectStore(std::filesystem::path dir,
                std::vector<std::shared_ptr<const Pack>> packs,
                std::shared_ptr<BaseCache> cache);
    ObjectStoreRef with_these(std::vector<std::shared_ptr<const Pack>> packs) const;

    std::filesystem::path dir_;
    std::vector<std::shared_ptr<const Pack>> packs_;
    std::shared_ptr<BaseCache> cache_;
    std::uint64_t gc_generation_ = 0;
};

}  // namespace origin::git

// SPDX-License-Identifier: Apache-2.0
#include "git/odb/object_store.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "git/odb/small_pack.h"

namespace origin::git {
namespace {

std::unexpected<Error> not_found(const Oid& oid) {
    return std::unexpected(Error(Code::NotFound, "no object " + oid.hex()));
}

/// A pack that a row names must be there: its absence is damage, not "not found".
Result<std::shared_ptr<const Pack>> open_pack(const std::filesystem::path& dir,
                                              const std::string& name) {
    auto pack = Pack::open(dir, name);
    if (!pack && pack.error().code() == Code::NotFound) {
        return std::unexpected(
            Error(Code::Corrupt, "a stored pack is missing", pack.error().kept_in_log()));
    }
    return pack;
}

}  // namespace

ObjectStore::ObjectStore(std::filesystem::path dir,
                         std::vector<std::shared_ptr<const Pack>> packs,
                         std::shared_ptr<BaseCache> cache)
    : dir_(std::move(dir)),
      packs_(std::move(packs)),
      cache_(cache != nullptr ? std::move(cache) : std::make_shared<BaseCache>()) {}

Result<ObjectStoreRef> ObjectStore::open(const std::filesystem::path& dir,
                                         const std::vector<std::string>& pack_names,
                                         std::shared_ptr<BaseCache> cache) {
    return empty(dir, std::move(cache))->with_packs(pack_names);
}

ObjectStoreRef ObjectStore::empty(const std::filesystem::path& dir,
                                  std::shared_ptr<BaseCache> cache) {
    return ObjectStoreRef(std::make_shared<ObjectStore>(ObjectStore(dir, {}, std::move(cache))));
}

Result<ObjectStoreRef> ObjectStore::with_pack(const std::string& name) const {
    return with_pack_from(dir_, name);
}

Result<ObjectStoreRef> ObjectStore::with_pack_from(const std::filesystem::path& dir,
                                                   const std::string& name) const {
    ORIGIN_TRY(pack, open_pack(dir, name));
    auto packs = packs_;
    std::erase_if(packs, [&](const auto& known) { return known->name() == name; });
    packs.push_back(pack);
    return with_these(std::move(packs));
}

ObjectStoreRef ObjectStore::with_these(std::vector<std::shared_ptr<const Pack>> packs) const {
    ObjectStore made(dir_, std::move(packs), cache_);
    made.gc_generation_ = gc_generation_;
    return std::make_shared<const ObjectStore>(std::move(made));
}

ObjectStoreRef ObjectStore::at_gc_generation(std::uint64_t generation) const {
    ObjectStore made(dir_, packs_, cache_);
    made.gc_generation_ = generation;
    return std::make_shared<const ObjectStore>(std::move(made));
}

ObjectStoreRef ObjectStore::with(std::shared_ptr<const Pack> pack) const {
    auto packs = packs_;
    packs.push_back(std::move(pack));
    return with_these(std::move(packs));
}

Result<ObjectStoreRef> ObjectStore::with_small(std::shared_ptr<const Pack> pack) const {
    auto packs = packs_;
    while (!packs.empty() && packs.back()->is_in_memory() &&
           packs.back()->size_bytes() <= 2 * pack->size_bytes()) {
        ORIGIN_TRY(joined, join_small_packs(*packs.back(), *pack));
        packs.pop_back();
        pack = std::move(joined);
    }
    packs.push_back(std::move(pack));
    return with_these(std::move(packs));
}

Result<ObjectStoreRef> ObjectStore::with_packs(const std::vector<std::string>& names) const {
    std::vector<std::shared_ptr<const Pack>> packs;
    packs.reserve(names.size());
    for (const std::string& name : names) {
        const auto known = std::ranges::find(packs_, name, [](const auto& p) { return p->name(); });
        if (known != packs_.end()) {
            packs.push_back(*known);
            continue;
        }
        ORIGIN_TRY(pack, open_pack(dir_, name));
        packs.push_back(pack);
    }
    return with_these(std::move(packs));
}

std::optional<EntryRef> ObjectStore::locate(const Oid& oid) const {
    // The newest pack first: what was just pushed is what is asked for.
    for (std::size_t i = packs_.size(); i-- > 0;) {
        if (const auto offset = packs_[i]->find(oid)) {
            return EntryRef{.pack = static_cast<std::uint32_t>(i), .offset = *offset};
        }
    }
    return std::nullopt;
}

Result<ObjectHeader> ObjectStore::header(const Oid& oid) const {
    const auto place = locate(oid);
    if (!place) {
        return not_found(oid);
    }
    return packs_[place->pack]->header(place->offset);
}

Result<ObjectType> ObjectStore::type_of(const Oid& oid) const {
    const auto place = locate(oid);
    if (!place) {
        return not_found(oid);
    }
    return packs_[place->pack]->type_of(place->offset);
}

Result<Object> ObjectStore::read(const Oid& oid) const {
    const auto place = locate(oid);
    if (!place) {
        return not_found(oid);
    }
    return read(*place);
}

Result<Object> ObjectStore::read(const EntryRef& place) const {
    return packs_[place.pack]->read(place.offset, cache_.get());
}

Result<std::string> ObjectStore::read_as(const Oid& oid, ObjectType type) const {
    ORIGIN_TRY(object, read(oid));
    if (object.type != type) {
        return std::unexpected(Error(Code::InvalidInput,
                                     oid.hex() + " is a " + std::string(name_of(object.type)) +
                                         ", not a " + std::string(name_of(type)))
                                   .because("wrong_type"));
    }
    return std::move(object.data);
}

Result<CommitLinks> ObjectStore::commit_links(const Oid& oid) const {
    ORIGIN_TRY(data, read_as(oid, ObjectType::Commit));
    return parse_commit_links(data);
}

Result<Oid> ObjectStore::peel(const Oid& oid) const {
    Oid at = oid;
    for (std::size_t depth = 0; depth <= kTagChainMax; ++depth) {
        ORIGIN_TRY(type, type_of(at));
        if (type != ObjectType::Tag) {
            return at;
        }
        ORIGIN_TRY(data, read_as(at, ObjectType::Tag));
        ORIGIN_TRY(tag, parse_tag(data));
        at = tag.target;
    }
    return std::unexpected(Error(Code::LimitExceeded, "too many tags of tags"));
}

Result<std::optional<TreeEntry>> ObjectStore::find_path(const Oid& tree,
                                                        std::string_view path) const {
    TreeEntry entry{.mode = kModeTree, .name = {}, .oid = tree};
    for (std::size_t depth = 0; !path.empty(); ++depth) {
        if (!entry.is_tree() || depth > kTreeDepthMax || path.ends_with('/')) {
            return std::nullopt;
        }
        const std::size_t slash = path.find('/');
        ORIGIN_TRY(data, read_as(entry.oid, ObjectType::Tree));
        ORIGIN_TRY(found, find_entry(data, path.substr(0, slash)));
        if (!found) {
            return std::nullopt;
        }
        entry = *found;
        entry.name = {};
        path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    }
    return entry;
}

std::uint64_t ObjectStore::object_count() const {
    std::uint64_t count = 0;
    for (const auto& pack : packs_) {
        count += pack->count();
    }
    return count;
}

std::uint64_t ObjectStore::memory_bytes() const {
    std::uint64_t bytes = 0;
    for (const auto& pack : packs_) {
        bytes += pack->is_in_memory() ? pack->size_bytes() + pack->index().bytes().size() : 0;
    }
    return bytes;
}

std::uint64_t ObjectStore::memory_objects() const {
    std::uint64_t count = 0;
    for (const auto& pack : packs_) {
        count += pack->is_in_memory() ? pack->count() : 0;
    }
    return count;
}

}  // namespace origin::git

// SPDX-License-Identifier: Apache-2.0
#include "git/odb/references.h"

#include <algorithm>
#include <string>

namespace origin::git {

void References::add(const Oid& oid, ObjectType type) {
    all_.push_back({oid, type});
    if (all_.size() >= compact_at_) {
        compact();
    }
}

/// Sorts and drops doubles, each time the set has doubled: n log n in all.
void References::compact() {
    std::ranges::sort(all_);
    const auto doubles = std::ranges::unique(all_);
    all_.erase(doubles.begin(), doubles.end());
    compact_at_ = std::max<std::size_t>(compact_at_, all_.size() * 2);
}

Status References::add_all_of(ObjectType type, std::string_view data) {
    switch (type) {
        case ObjectType::Blob:
            return {};
        case ObjectType::Commit: {
            ORIGIN_TRY(links, parse_commit_links(data));
            add(links.tree, ObjectType::Tree);
            for (const Oid& parent : links.parents) {
                add(parent, ObjectType::Commit);
            }
            return {};
        }
        case ObjectType::Tag: {
            ORIGIN_TRY(tag, parse_tag(data));
            add(tag.target, tag.target_type);
            return {};
        }
        case ObjectType::Tree:
            break;
    }
    TreeReader reader(data);
    while (true) {
        ORIGIN_TRY(entry, reader.next());
        if (!entry) {
            return {};
        }
        if (!entry->is_gitlink()) {
            add(entry->oid, entry->is_tree() ? ObjectType::Tree : ObjectType::Blob);
        }
    }
}

void References::add_all_of(References&& other) {
    all_.insert(all_.end(), other.all_.begin(), other.all_.end());
    other.all_ = {};
    compact();
}

Status References::check(const TypeOf& type_of) const {
    for (const Reference& reference : all_) {
        ORIGIN_TRY(type, type_of(reference.oid));
        if (!type) {
            return std::unexpected(
                Error(Code::InvalidInput, "missing object " + reference.oid.hex())
                    .because("missing_object"));
        }
        if (*type != reference.type) {
            return std::unexpected(Error(Code::InvalidInput,
                                         "object " + reference.oid.hex() + " is a " +
                                             std::string(name_of(*type)) + " but is used as a " +
                                             std::string(name_of(reference.type)))
                                       .because("object_type_mismatch"));
        }
    }
    return {};
}

Status check_pack_connectivity(const Pack& pack, const ObjectStore& objects) {
    References references;
    for (std::uint32_t i = 0; i < pack.count(); ++i) {
        ORIGIN_TRY(offset, pack.index().offset_at(i));
        ORIGIN_TRY(type, pack.type_of(offset));
        if (type != ObjectType::Blob) {
            ORIGIN_TRY(object, pack.read(offset, nullptr));
            ORIGIN_CHECK(references.add_all_of(type, object.data));
        }
    }
    return references.check([&](const Oid& oid) -> Result<std::optional<ObjectType>> {
        if (!objects.contains(oid)) {
            return std::nullopt;
        }
        ORIGIN_TRY(type, objects.type_of(oid));
        return type;
    });
}

}  // namespace origin::git

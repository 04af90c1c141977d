// SPDX-License-Identifier: Apache-2.0
#include "git/odb/arrivals.h"

#include <algorithm>
#include <string>
#include <utility>

#include "git/odb/hash.h"

namespace origin::git {
namespace {

std::unexpected<Error> collision(const Oid& oid) {
    return std::unexpected(
        Error(Code::InvalidInput, "object " + oid.hex() + " exists with other contents")
            .because("sha1_collision"));
}

void keep_each_once(std::vector<Oid>& oids) {
    std::ranges::sort(oids);
    const auto doubles = std::ranges::unique(oids);
    oids.erase(doubles.begin(), doubles.end());
}

}  // namespace

Arrivals::Arrivals(ObjectStoreRef base, const IntakeLimits& limits)
    : base_(std::move(base)), limits_(limits) {}

Status Arrivals::check_size(ObjectType type, std::uint64_t size) const {
    std::uint64_t size_max = limits_.commit_bytes_max;
    if (type == ObjectType::Blob) {
        size_max = limits_.blob_bytes_max;
    } else if (type == ObjectType::Tree) {
        size_max = limits_.tree_bytes_max;
    }
    if (size <= size_max) {
        return {};
    }
    return std::unexpected(Error(Code::LimitExceeded,
                                 "a " + std::string(name_of(type)) + " of " + std::to_string(size) +
                                     " bytes; the limit is " + std::to_string(size_max))
                               .because("object_bytes"));
}

Status Arrivals::compare_with_known(const Oid& oid, ObjectType type, std::string_view data) const {
    const auto place = base_ != nullptr ? base_->locate(oid) : std::nullopt;
    if (!place) {
        return {};
    }
    ORIGIN_TRY(known, base_->read(*place));
    return known.type == type && known.data == data ? Status{} : collision(oid);
}

Result<Oid> Arrivals::admit(ObjectType type, std::string_view data) {
    ORIGIN_CHECK(check_object(type, data, limits_.fsck, &special_));
    ORIGIN_TRY(oid, hash_object(type, data));
    ORIGIN_CHECK(references_.add_all_of(type, data));
    ORIGIN_CHECK(compare_with_known(oid, type, data));
    return oid;
}

Status Arrivals::admit_streamed_blob(const Oid& oid, std::uint64_t size) const {
    const auto place = base_ != nullptr ? base_->locate(oid) : std::nullopt;
    if (!place) {
        return {};
    }
    ORIGIN_TRY(known, base_->packs()[place->pack]->header(place->offset));
    return known.type == ObjectType::Blob && known.size == size ? Status{} : collision(oid);
}

Status Arrivals::add_work(std::uint64_t bytes, std::uint64_t pack_bytes) {
    work_bytes_ += bytes;
    if (work_bytes_ <= kPackInflatedBytesFloor + pack_bytes * kPackInflateRatioMax) {
        return {};
    }
    return std::unexpected(
        Error(Code::LimitExceeded, "the pack inflates to far more than its own size")
            .because("pack_work"));
}

void Arrivals::add_all_of(Arrivals&& other) {
    references_.add_all_of(std::move(other.references_));
    special_.gitmodules.insert(special_.gitmodules.end(),
                               other.special_.gitmodules.begin(),
                               other.special_.gitmodules.end());
    special_.gitattributes.insert(special_.gitattributes.end(),
                                  other.special_.gitattributes.begin(),
                                  other.special_.gitattributes.end());
}

SpecialBlobs Arrivals::special_blobs() const {
    SpecialBlobs special = special_;
    keep_each_once(special.gitmodules);
    keep_each_once(special.gitattributes);
    return special;
}

}  // namespace origin::git

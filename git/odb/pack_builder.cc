// SPDX-License-Identifier: Apache-2.0
#include "git/odb/pack_builder.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/limits.h"
#include "git/odb/fsck.h"
#include "git/odb/gitmodules.h"
#include "git/odb/hash.h"
#include "git/odb/pack_file.h"
#include "git/odb/pack_index.h"
#include "git/odb/pack_text.h"
#include "git/odb/references.h"
#include "git/odb/whole_zlib.h"

namespace origin::git {
namespace {

// A third of what a commit costs is deflating it: level 2 takes half as long again for 7 % less.
constexpr int kDeflateLevel = 1;

class BuilderBlobs final : public SpecialBlobSource {
public:
    explicit BuilderBlobs(const PackBuilder& builder) : builder_(builder) {}
    Result<ObjectHeader> header(const Oid& oid) const override { return builder_.header(oid); }
    Result<Object> read(const Oid& oid) const override { return builder_.read(oid); }
    bool is_known(const Oid& oid) const override { return builder_.find(oid) == nullptr; }

private:
    const PackBuilder& builder_;
};

}  // namespace

PackBuilder::PackBuilder(ObjectStoreRef existing) : existing_(std::move(existing)) {}

Result<Oid> PackBuilder::add(ObjectType type, std::string data) {
    ORIGIN_CHECK(check_object(type, data, FsckLevel::Push, nullptr));
    ORIGIN_TRY(oid, hash_object(type, data));
    if (contains(oid)) {
        return oid;
    }
    const std::uint64_t size_max = type == ObjectType::Blob   ? kBlobBytesMax
                                   : type == ObjectType::Tree ? kTreeBytesMax
                                                              : kCommitBytesMax;
    if (data.size() > size_max || bytes_ + data.size() > kBuilderBytesMax) {
        return std::unexpected(
            Error(Code::LimitExceeded, "the new files are too large").because("object_bytes"));
    }
    bytes_ += data.size();
    order_.push_back(oid);
    objects_.emplace(oid, Object{.type = type, .data = std::move(data)});
    return oid;
}

const Object* PackBuilder::find(const Oid& oid) const {
    const auto found = objects_.find(oid);
    return found == objects_.end() ? nullptr : &found->second;
}

bool PackBuilder::contains(const Oid& oid) const {
    return objects_.contains(oid) || (existing_ != nullptr && existing_->contains(oid));
}

Result<Object> PackBuilder::read(const Oid& oid) const {
    if (const Object* object = find(oid)) {
        return *object;
    }
    if (existing_ == nullptr) {
        return std::unexpected(Error(Code::NotFound, "no object " + oid.hex()));
    }
    return existing_->read(oid);
}

Result<ObjectHeader> PackBuilder::header(const Oid& oid) const {
    if (const Object* object = find(oid)) {
        return ObjectHeader{.type = object->type, .size = object->data.size()};
    }
    if (const auto blob = expected_.find(oid); blob != expected_.end()) {
        return ObjectHeader{.type = ObjectType::Blob, .size = blob->second};
    }
    if (existing_ == nullptr) {
        return std::unexpected(Error(Code::NotFound, "no object " + oid.hex()));
    }
    return existing_->header(oid);
}

Status PackBuilder::check_connectivity() const {
    References references;
    for (const auto& [oid, object] : objects_) {
        ORIGIN_CHECK(references.add_all_of(object.type, object.data));
    }
    return references.check([this](const Oid& oid) -> Result<std::optional<ObjectType>> {
        if (const Object* object = find(oid)) {
            return object->type;
        }
        if (existing_ == nullptr || !existing_->contains(oid)) {
            return std::nullopt;
        }
        ORIGIN_TRY(type, existing_->type_of(oid));
        return type;
    });
}

/// The blobs that the new trees name .gitmodules or .gitattributes.
Status PackBuilder::check_special_blobs() const {
    SpecialBlobs special;
    for (const auto& [oid, object] : objects_) {
        ORIGIN_CHECK(check_object(object.type, object.data, FsckLevel::Push, &special));
    }
    return git::check_special_blobs(special, BuilderBlobs(*this), FsckLevel::Push);
}

Result<PackBuilder::Built> PackBuilder::write(const Quarantine& quarantine) const {
    Built built;
    if (order_.empty()) {
        return built;
    }
    ORIGIN_CHECK(check_connectivity());
    ORIGIN_CHECK(check_special_blobs());
    built.staged = StagedPack::in(quarantine.dir);
    PackFile file = PackFile::in_memory(quarantine, built.staged.pack_path(), kSmallPackBytesMax);
    PackHash hash;
    std::string packed;
    put_pack_header(packed, static_cast<std::uint32_t>(order_.size()));
    hash.update(bytes_of(packed));
    ORIGIN_CHECK(file.append(bytes_of(packed)));
    std::vector<IndexEntry> index;
    index.reserve(order_.size());
    const WholeDeflater deflater(kDeflateLevel);
    for (const Oid& oid : order_) {
        const Object& object = objects_.at(oid);
        packed.clear();
        put_entry_header(packed, static_cast<EntryKind>(object.type), object.data.size());
        deflater.append(object.data, packed);
        index.push_back({.offset = file.size(), .crc = crc32_of(packed), .oid = oid});
        hash.update(bytes_of(packed));
        ORIGIN_CHECK(file.append(bytes_of(packed)));
    }
    const Oid checksum = hash.finish();
    ORIGIN_CHECK(file.append(bytes_of(checksum.view())));
    std::ranges::sort(index, {}, &IndexEntry::oid);
    if (order_.size() > kSmallPackObjectsMax) {
        ORIGIN_CHECK(file.spill());
    }
    built.result = {.pack_name = "pack-" + checksum.hex(),
                    .object_count = static_cast<std::uint32_t>(order_.size()),
                    .pack_bytes = file.size(),
                    .bases_added = 0};
    std::string index_bytes = build_index(index, checksum);
    if (file.is_in_memory()) {
        ORIGIN_TRY(pack,
                   Pack::from(built.result.pack_name,
                              MappedFile::of(file.take_memory()),
                              MappedFile::of(std::move(index_bytes))));
        built.in_memory = std::move(pack);
        return built;
    }
    ORIGIN_CHECK(file.flush());
    ORIGIN_CHECK(write_file(built.staged.index_path(), index_bytes));
    return built;
}

}  // namespace origin::git

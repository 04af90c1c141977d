// SPDX-License-Identifier: Apache-2.0
#include "git/odb/blob_reader.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"

namespace origin::git {
namespace {

std::unexpected<Error> damaged() {
    return std::unexpected(Error(Code::Corrupt, "a stored object is damaged", "blob cut short"));
}

}  // namespace

Result<BlobReader> BlobReader::open(ObjectStoreRef objects, const Oid& oid) {
    BlobReader reader(std::move(objects));
    const auto place = reader.objects_->locate(oid);
    if (!place) {
        return std::unexpected(Error(Code::NotFound, "no object " + oid.hex()));
    }
    const Pack& pack = *reader.objects_->packs()[place->pack];
    ORIGIN_TRY(entry, pack.entry_at(place->offset));
    if (entry.kind == EntryKind::Blob && entry.size > kObjectHeapBytesMax) {
        ORIGIN_TRY(stored, pack.stored_bytes(entry));
        reader.stored_ = stored;
        reader.size_ = entry.size;
        reader.inflater_.emplace();
    } else {
        ORIGIN_CHECK(reader.build(oid));
    }
    return reader;
}

Status BlobReader::build(const Oid& oid) {
    ORIGIN_TRY(data, objects_->read_as(oid, ObjectType::Blob));
    size_ = data.size();
    if (size_ > kObjectHeapBytesMax) {
        // Where there is no room for a file it stays in memory.
        if (auto file = Scratch::make(objects_->dir(), size_)) {
            std::ranges::copy(data, file->bytes().begin());
            file_ = std::move(*file);
            return {};
        }
    }
    heap_ = std::move(data);
    return {};
}

Status BlobReader::read(std::string& out, std::size_t most) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(most, left_bytes()));
    if (inflater_) {
        ORIGIN_CHECK(inflate(out, count));
    } else {
        const std::string_view all = file_ ? file_->text() : std::string_view(heap_);
        out += all.substr(at_, count);
    }
    at_ += count;
    return {};
}

Status BlobReader::inflate(std::string& out, std::size_t count) {
    std::size_t end = out.size();
    out.resize(end + count);
    while (end < out.size()) {
        const auto progress = inflater_->step(stored_, std::span(out).subspan(end));
        if (!progress || progress->consumed + progress->produced == 0) {
            return damaged();
        }
        stored_ = stored_.subspan(progress->consumed);
        end += progress->produced;
    }
    return {};
}

}  // namespace origin::git

// SPDX-License-Identifier: Apache-2.0
#include "deploy/digests.h"

#include "crypto/hash.h"
#include "store/rows/access.h"

namespace origin::deploy {
namespace {

using store::Table;

constexpr std::size_t kRowsPerStep = 2000;

/// Git LFS specification, "The Pointer": the first line of every pointer file.
constexpr std::string_view kLfsLine = "version https://git-lfs.github.com/spec/v1\n";
constexpr std::size_t kLfsBytesMax = 1024;

store::BlobDigestsRow digest(std::string_view data) {
    store::BlobDigestsRow row;
    row.size = data.size();
    row.sha1 = crypto::sha1(data);
    row.is_lfs_pointer = data.size() < kLfsBytesMax && data.starts_with(kLfsLine);
    return row;
}

Status keep(store::Store& store, const Digests& fresh) {
    return store.write([&](store::Writer& writer) -> Status {
        for (const auto& [blob, row] : fresh) {
            ORIGIN_CHECK(store::put_row(writer, Table::BlobDigests, blob.view(), row));
        }
        return {};
    });
}

}  // namespace

Result<Digests> digests_of(store::Store& store,
                           const git::ObjectStore& objects,
                           const std::vector<Oid>& blobs) {
    Digests known;
    ORIGIN_CHECK(store.read([&](store::Reader& reader) -> Status {
        for (const Oid& blob : blobs) {
            ORIGIN_TRY(
                row,
                store::get_row<store::BlobDigestsRow>(reader, Table::BlobDigests, blob.view()));
            if (row) {
                known.emplace(blob, std::move(*row));
            }
        }
        return {};
    }));
    Digests fresh;
    for (const Oid& blob : blobs) {
        if (known.contains(blob)) {
            continue;
        }
        ORIGIN_TRY(data, objects.read_as(blob, git::ObjectType::Blob));
        const store::BlobDigestsRow row = digest(data);
        known.emplace(blob, row);
        fresh.emplace(blob, row);
        if (fresh.size() == kRowsPerStep) {
            ORIGIN_CHECK(keep(store, fresh));
            fresh.clear();
        }
    }
    if (!fresh.empty()) {
        ORIGIN_CHECK(keep(store, fresh));
    }
    return known;
}

}  // namespace origin::deploy

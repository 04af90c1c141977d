// SPDX-License-Identifier: Apache-2.0
#include "deploy/digests.h"

#include <algorithm>
#include <set>

#include "crypto/blake3.h"
#include "crypto/encode.h"
#include "crypto/hash.h"
#include "store/rows/access.h"

namespace origin::deploy {
namespace {

using store::Table;

constexpr std::size_t kRowsPerStep = 2000;

/// Git LFS specification, "The Pointer": the first line of every pointer file.
constexpr std::string_view kLfsLine = "version https://git-lfs.github.com/spec/v1\n";
constexpr std::size_t kLfsBytesMax = 1024;

constexpr std::size_t kAssetHashBytes = 16;
constexpr std::size_t kBase64Step = 48UZ * 1024;  // Whole threes: no padding within.

using Extensions = std::set<std::string>;

store::BlobDigestsRow digest(std::string_view data) {
    store::BlobDigestsRow row;
    row.size = data.size();
    row.sha1 = crypto::sha1(data);
    row.is_lfs_pointer = data.size() < kLfsBytesMax && data.starts_with(kLfsLine);
    return row;
}

bool has_all(const store::BlobDigestsRow& row, const Extensions& extensions) {
    return std::ranges::all_of(extensions,
                               [&](const std::string& one) { return row.assets.contains(one); });
}

Status keep(store::Store& store, const Digests& fresh) {
    return store.write([&](store::Writer& writer) -> Status {
        for (const auto& [blob, row] : fresh) {
            ORIGIN_CHECK(store::put_row(writer, Table::BlobDigests, blob.view(), row));
        }
        return {};
    });
}

Result<Digests> read_known(store::Store& store, const std::map<Oid, Extensions>& blobs) {
    Digests known;
    ORIGIN_CHECK(store.read([&](store::Reader& reader) -> Status {
        for (const auto& [blob, extensions] : blobs) {
            ORIGIN_TRY(
                row,
                store::get_row<store::BlobDigestsRow>(reader, Table::BlobDigests, blob.view()));
            if (row) {
                known.emplace(blob, std::move(*row));
            }
        }
        return {};
    }));
    return known;
}

}  // namespace

std::string_view extension_of(std::string_view path) {
    const std::string_view name = path.substr(path.rfind('/') + 1);
    const std::size_t dot = name.rfind('.');
    const bool dots_alone = name.find_first_not_of('.') == name.npos;
    return dot == name.npos || dot == 0 || dots_alone ? std::string_view() : name.substr(dot + 1);
}

std::string asset_hash(std::string_view data, std::string_view extension) {
    crypto::Blake3 hash;
    for (; !data.empty(); data.remove_prefix(std::min(data.size(), kBase64Step))) {
        hash.update(crypto::base64(data.substr(0, kBase64Step)));
    }
    hash.update(extension);
    return crypto::hex(hash.finish(kAssetHashBytes));
}

Result<Digests> digests_of(store::Store& store,
                           const git::ObjectStore& objects,
                           const std::vector<WantedDigest>& wanted) {
    std::map<Oid, Extensions> blobs;
    for (const WantedDigest& one : wanted) {
        Extensions& extensions = blobs[one.blob];
        if (one.extension) {
            extensions.insert(*one.extension);
        }
    }
    ORIGIN_TRY(known, read_known(store, blobs));
    Digests fresh;
    for (const auto& [blob, extensions] : blobs) {
        const auto there = known.find(blob);
        if (there != known.end() && has_all(there->second, extensions)) {
            continue;
        }
        ORIGIN_TRY(data, objects.read_as(blob, git::ObjectType::Blob));
        store::BlobDigestsRow row = there == known.end() ? digest(data) : there->second;
        for (const std::string& extension : extensions) {
            row.assets.try_emplace(extension, asset_hash(data, extension));
        }
        known.insert_or_assign(blob, row);
        fresh.emplace(blob, std::move(row));
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

// SPDX-License-Identifier: Apache-2.0
// deploy/digests: what providers call the bytes of a blob. Made once for each blob, then read from
// table BlobDigests: a deployment of many files with one change reads one.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/oid.h"
#include "git/odb/object_store.h"
#include "store/rows/deploy.h"
#include "store/store.h"

namespace origin::deploy {

using Digests = std::map<Oid, store::BlobDigestsRow>;

struct WantedDigest {
    Oid blob;
    std::optional<std::string> extension;  // The asset hash of a file of this extension as well.
};

/// Size, SHA-1 and kind of each of these blobs, and the asset hashes that are wanted. What is not
/// known yet is read and made, and stored in parts.
/// Errors: NotFound and Corrupt of the objects. Blocks: reads them.
Result<Digests> digests_of(store::Store& store,
                           const git::ObjectStore& objects,
                           const std::vector<WantedDigest>& wanted);

/// What Cloudflare calls a file: the first 32 hex digits of BLAKE3 over the bytes in base64 and the
/// extension. Source: cloudflare/workers-sdk, packages/deploy-helpers, helpers/hash.ts.
std::string asset_hash(std::string_view data, std::string_view extension);

/// As Node's extname() without its dot: "gz" of "a.tar.gz"; empty for ".htaccess", "a." and "a".
std::string_view extension_of(std::string_view path);

}  // namespace origin::deploy

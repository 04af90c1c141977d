// SPDX-License-Identifier: Apache-2.0
#include "githttp/blob_cache.h"

#include <utility>

#include "base/limits.h"

namespace origin::githttp {
void KeptBlob::give(net::Response& response, std::uint64_t first, std::uint64_t bytes) const {
    if (text) {
        response.shared = {.owner = text, .bytes = std::string_view(*text).substr(first, bytes)};
    } else if (const std::string_view part = large->resident(first, bytes); !part.empty()) {
        response.shared = {.owner = large, .bytes = part, .file = large->file(), .at = first};
    } else {
        response.stream = std::make_unique<LargeBlobSource>(large, first, bytes);
        response.stream_bytes = bytes;
    }
}

std::optional<KeptBlob> BlobCache::at_hand(const Oid& oid) {
    auto found = small_.find(oid.view());
    return found ? found : large_.find(oid.view());
}

Result<KeptBlob> BlobCache::get(const git::ObjectStoreRef& objects, const Oid& oid) {
    if (auto found = at_hand(oid)) {
        return std::move(*found);
    }
    ORIGIN_TRY(reader, git::BlobReader::open(objects, oid));
    const std::uint64_t size = reader.size_bytes();
    if (size > kObjectHeapBytesMax) {
        ORIGIN_TRY(large, LargeBlob::make(std::move(reader), folder_));
        return large_.add(oid.view(), KeptBlob{.large = std::move(large)}, size);
    }
    std::string text;
    text.reserve(size);
    ORIGIN_CHECK(reader.read(text, size));
    return small_.add(
        oid.view(), KeptBlob{.text = std::make_shared<const std::string>(std::move(text))}, size);
}

}  // namespace origin::githttp

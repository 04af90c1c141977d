// SPDX-License-Identifier: Apache-2.0
// githttp/site_tree: the files of one published tree, from the caches or from the object database.
// A tree and a blob never change under their id, so nothing here is ever outdated.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "githttp/blob_cache.h"
#include "githttp/coded_blobs.h"
#include "githttp/lru.h"
#include "githttp/site_files.h"
#include "website/header_rules.h"
#include "website/redirects.h"

namespace origin::githttp {

inline constexpr std::string_view kRedirectsFile = "_redirects";
inline constexpr std::string_view kHeadersFile = "_headers";

/// What the tree's own files say of how it is served.
struct SiteRules {
    website::Redirects redirects;
    website::HeaderRules headers;
};
using SiteRulesRef = std::shared_ptr<const SiteRules>;

inline constexpr std::uint64_t kParsedRulesBytesMax = 16ULL * 1024 * 1024;
inline constexpr std::uint64_t kFoundPathsBytesMax = 16ULL * 1024 * 1024;

/// What all sites share.
struct SiteCaches {
    /// `scratch`: where large files are inflated to; `codings`: where codings are kept.
    SiteCaches(std::filesystem::path scratch,
               std::filesystem::path codings,
               Later later,
               Metrics& metrics)
        : blobs(std::move(scratch)), coded(std::move(codings), std::move(later), metrics) {}

    BlobCache blobs;
    CodedBlobs coded;
    Lru<SiteAnswer> paths{kFoundPathsBytesMax};     // By tree and path.
    Lru<SiteRulesRef> rules{kParsedRulesBytesMax};  // By tree.
};

/// For the length of one request.
class SiteTree {
public:
    /// `objects`: null: only what is at hand is read, and nothing blocks.
    SiteTree(SiteCaches& caches, const Oid& root, git::ObjectStoreRef objects)
        : caches_(caches), root_(root), objects_(std::move(objects)) {}

    /// Errors, all three: those of find_site_file() and BlobCache::get(); Unavailable `not_at_hand`
    /// without objects.
    Result<SiteAnswer> find(const std::string& path);
    Result<KeptBlob> blob(const Oid& oid);
    Result<SiteRulesRef> rules();
    /// The file in a coding; null: not now. Never blocks.
    std::shared_ptr<const std::string> coded(website::Coding coding,
                                             const Oid& oid,
                                             const KeptBlob& blob) {
        return caches_.coded.find(coding, oid, blob.text);
    }

private:
    Result<std::string> control_file(std::string_view name) const;

    SiteCaches& caches_;
    const Oid root_;
    const git::ObjectStoreRef objects_;
};

}  // namespace origin::githttp

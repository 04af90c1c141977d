// SPDX-License-Identifier: Apache-2.0
#include "githttp/site_tree.h"

#include "website/lines.h"

namespace origin::githttp {
namespace {

std::unexpected<Error> not_at_hand() {
    return std::unexpected(Error(Code::Unavailable, "not at hand").because("not_at_hand"));
}

}  // namespace

Result<SiteAnswer> SiteTree::find(const std::string& path) {
    if (path == kRedirectsFile || path == kHeadersFile) {
        return NoFile{};  // They are for us.
    }
    const std::string key = std::string(root_.view()) + path;
    if (auto known = caches_.paths.find(key)) {
        return *known;
    }
    if (!objects_) {
        return not_at_hand();
    }
    ORIGIN_TRY(found, find_site_file(*objects_, root_, path));
    return caches_.paths.add(key, found, 0);
}

Result<KeptBlob> SiteTree::blob(const Oid& oid) {
    if (objects_) {
        return caches_.blobs.get(objects_, oid);
    }
    auto known = caches_.blobs.at_hand(oid);
    // Whether a large one is in memory takes a system call to know.
    return known && known->text ? Result<KeptBlob>(std::move(*known)) : not_at_hand();
}

/// One that is too large counts as empty: the deployment's log says so.
Result<std::string> SiteTree::control_file(std::string_view name) const {
    ORIGIN_TRY(entry, objects_->find_path(root_, name));
    if (!entry || entry->is_tree() || entry->is_gitlink() || entry->is_symlink()) {
        return std::string();
    }
    ORIGIN_TRY(header, objects_->header(entry->oid));
    return header.size <= website::kControlFileBytesMax
               ? objects_->read_as(entry->oid, git::ObjectType::Blob)
               : std::string();
}

Result<SiteRulesRef> SiteTree::rules() {
    if (auto known = caches_.rules.find(root_.view())) {
        return *known;
    }
    if (!objects_) {
        return not_at_hand();
    }
    ORIGIN_TRY(redirects, control_file(kRedirectsFile));
    ORIGIN_TRY(headers, control_file(kHeadersFile));
    constexpr std::uint64_t kParsedPerByte = 16;  // "/a /b" becomes a rule of about 200 bytes.
    const std::uint64_t bytes = kParsedPerByte * (redirects.size() + headers.size());
    auto rules = std::make_shared<const SiteRules>(
        SiteRules{.redirects = website::Redirects::parse(redirects).redirects,
                  .headers = website::HeaderRules::parse(headers).headers});
    return caches_.rules.add(root_.view(), std::move(rules), bytes);
}

}  // namespace origin::githttp

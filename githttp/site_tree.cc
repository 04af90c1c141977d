// SPDX-License-Identifier: Apache-2.0
#include "githttp/site_tree.h"

namespace origin::githttp {
namespace {

std::unexpected<Error> not_at_hand() {
    return std::unexpected(Error(Code::Unavailable, "not at hand").because("not_at_hand"));
}

}  // namespace

Result<SiteAnswer> SiteTree::find(const std::string& path) {
    const std::string key = std::string(root_.view()) + path;
    if (auto known = caches_.paths.find(key)) {
        return std::move(*known);
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
    return known ? Result<KeptBlob>(std::move(*known)) : not_at_hand();
}

}  // namespace origin::githttp

// SPDX-License-Identifier: Apache-2.0
#include "githttp/site_files.h"

#include <algorithm>

#include "base/limits.h"
#include "net/content_type.h"
#include "net/http_text.h"

namespace origin::githttp {
namespace {

constexpr std::string_view kIndex = "index.html";

bool is_file(const git::TreeEntry& entry) {
    return !entry.is_tree() && !entry.is_gitlink() && !entry.is_symlink();
}

bool may_be_served(std::string_view segment) {
    return !segment.empty() && (segment.front() != '.' || segment == ".well-known");
}

Result<std::optional<SiteFile>> file_at(const git::ObjectStore& objects,
                                        const Oid& root,
                                        const std::string& path) {
    ORIGIN_TRY(entry, objects.find_path(root, path));
    if (!entry || !is_file(*entry)) {
        return std::optional<SiteFile>();
    }
    return std::optional(SiteFile{entry->oid, net::content_type_of(path)});
}

SiteAnswer answer_of(const std::optional<SiteFile>& file) {
    return file ? SiteAnswer(*file) : SiteAnswer(NoFile{});
}

}  // namespace

std::optional<std::string> site_path(std::string_view raw) {
    if (!raw.starts_with('/') || raw.size() > 3 * kPathBytesMax) {  // Each byte may be an escape.
        return std::nullopt;
    }
    auto decoded = net::percent_decode(raw.substr(1));
    if (!decoded || decoded->size() > kPathBytesMax || decoded->contains('\\')) {
        return std::nullopt;
    }
    std::string_view rest = *decoded;
    while (!rest.empty()) {
        const std::string_view segment = rest.substr(0, rest.find('/'));
        if (!may_be_served(segment)) {
            return std::nullopt;
        }
        rest.remove_prefix(std::min(rest.size(), segment.size() + 1));
    }
    return std::move(*decoded);
}

Result<SiteAnswer> find_site_file(const git::ObjectStore& objects,
                                  const Oid& root,
                                  const std::string& path) {
    if (path.empty() || path.ends_with('/')) {
        ORIGIN_TRY(index, file_at(objects, root, path + std::string(kIndex)));
        if (index || path.empty()) {
            return answer_of(index);
        }
        ORIGIN_TRY(page, file_at(objects, root, path.substr(0, path.size() - 1) + ".html"));
        return page ? SiteAnswer(HasNoSlash{}) : SiteAnswer(NoFile{});
    }
    ORIGIN_TRY(entry, objects.find_path(root, path));
    if (entry && is_file(*entry)) {
        return SiteFile{entry->oid, net::content_type_of(path)};
    }
    if (entry && entry->is_tree()) {
        ORIGIN_TRY(index, file_at(objects, entry->oid, std::string(kIndex)));
        if (index) {
            return NeedsSlash{};
        }
    }
    ORIGIN_TRY(page, file_at(objects, root, path + ".html"));
    return answer_of(page);
}

}  // namespace origin::githttp

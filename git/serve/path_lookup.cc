// SPDX-License-Identifier: Apache-2.0
#include "git/serve/path_lookup.h"

#include <algorithm>

namespace origin::git {

Status PathLookup::open(std::string prefix, const Oid& tree) {
    ORIGIN_TRY(data, objects_.read_as(tree, ObjectType::Tree));
    Folder& folder = open_.emplace_back(std::move(prefix), std::move(data));
    TreeReader reader(folder.data);
    while (true) {
        ORIGIN_TRY(entry, reader.next());
        if (!entry) {
            break;
        }
        folder.entries.push_back(*entry);
    }
    std::ranges::sort(folder.entries, {}, &TreeEntry::name);
    return {};
}

Result<PathLookup::Found> PathLookup::find(std::string_view path) {
    while (!open_.empty() && !path.starts_with(open_.back().prefix)) {
        open_.pop_back();
    }
    if (open_.empty()) {
        if (!tree_) {
            return Found();
        }
        ORIGIN_CHECK(open({}, *tree_));
    }
    while (true) {
        const Folder& folder = open_.back();
        const std::size_t end = std::min(path.find('/', folder.prefix.size()), path.size());
        const std::string_view name = path.substr(folder.prefix.size(), end - folder.prefix.size());
        const auto found = std::ranges::lower_bound(folder.entries, name, {}, &TreeEntry::name);
        if (found == folder.entries.end() || found->name != name) {
            return Found();
        }
        TreeEntry entry = *found;
        entry.name = {};
        if (end == path.size()) {
            return Found{entry, {}};
        }
        if (!entry.is_tree()) {
            return Found{{}, std::string(path.substr(0, end))};
        }
        ORIGIN_CHECK(open(std::string(path.substr(0, end + 1)), entry.oid));
    }
}

}  // namespace origin::git

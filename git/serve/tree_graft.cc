// SPDX-License-Identifier: Apache-2.0
#include "git/serve/tree_graft.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace origin::git {
namespace {

struct Level {
    std::vector<TreeItem> items;
    std::string name;  // Of the item on the path.

    TreeItem* find() {
        const auto at = std::ranges::find(items, name, &TreeItem::name);
        return at == items.end() ? nullptr : &*at;
    }
    void put(const TreeItem& item) {
        if (TreeItem* old = find()) {
            *old = item;
        } else {
            items.push_back(item);
        }
    }
};

Result<std::vector<TreeItem>> items_of(const PackBuilder& builder, const std::optional<Oid>& tree) {
    std::vector<TreeItem> items;
    if (!tree) {
        return items;
    }
    ORIGIN_TRY(object, builder.read(*tree));
    TreeReader reader(object.data);
    while (true) {
        ORIGIN_TRY(entry, reader.next());
        if (!entry) {
            return items;
        }
        items.push_back({entry->mode, std::string(entry->name), entry->oid});
    }
}

}  // namespace

Result<Oid> graft(PackBuilder& builder,
                  const Oid& tree,
                  std::string_view path,
                  const TreeEntry& entry) {
    std::vector<Level> levels;
    std::optional<Oid> folder = tree;
    for (std::string_view rest = path;;) {
        const std::size_t slash = rest.find('/');
        ORIGIN_TRY(items, items_of(builder, folder));
        Level& level = levels.emplace_back(std::move(items), std::string(rest.substr(0, slash)));
        if (slash == std::string_view::npos) {
            break;
        }
        const TreeItem* item = level.find();
        if (item != nullptr && item->mode != kModeTree) {
            return std::unexpected(
                Error(Code::InvalidInput, "a file is where a folder is needed: " + level.name)
                    .because("path_conflict"));
        }
        folder = item != nullptr ? std::optional(item->oid) : std::nullopt;
        rest.remove_prefix(slash + 1);
    }
    TreeItem item{entry.mode, levels.back().name, entry.oid};
    while (true) {
        Level level = std::move(levels.back());
        levels.pop_back();
        level.put(item);
        ORIGIN_TRY(oid, builder.add(ObjectType::Tree, serialize_tree(std::move(level.items))));
        if (levels.empty()) {
            return oid;
        }
        item = {kModeTree, levels.back().name, oid};
    }
}

}  // namespace origin::git

// SPDX-License-Identifier: Apache-2.0
#include "git/odb/tree_edit.h"

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "base/limits.h"

namespace origin::git {
namespace {

using Items = std::map<std::string, TreeItem, std::less<>>;

std::unexpected<Error> refuse(std::string_view reason, std::string what) {
    return std::unexpected(Error(Code::InvalidInput, std::move(what)).because(std::string(reason)));
}

/// The edits as a tree of names.
struct Node {
    std::map<std::string, Node, std::less<>> children;
    const std::optional<FileEdit>* edit = nullptr;

    bool is_removal() const { return edit != nullptr && !edit->has_value(); }
    bool is_file() const { return edit != nullptr && edit->has_value(); }
};

Status add_path(Node& root, const std::string& path, const std::optional<FileEdit>& edit) {
    if (path.empty() || path.size() > kPathBytesMax) {
        return refuse("bad_path", "a path is empty or too long");
    }
    Node* node = &root;
    std::size_t depth = 0;
    for (std::size_t begin = 0; begin <= path.size();) {
        const std::size_t end = std::min(path.find('/', begin), path.size());
        const std::string name = path.substr(begin, end - begin);
        if (name.empty() || name.size() > kPathComponentBytesMax || ++depth > kPathDepthMax ||
            name.find('\0') != std::string::npos) {
            return refuse("bad_path", "a path is not one: " + path);
        }
        if (node->is_file()) {
            return refuse("path_conflict", "a file and a folder at once: " + path);
        }
        node = &node->children[name];
        begin = end + 1;
    }
    node->edit = &edit;
    if (node->is_file() && !node->children.empty()) {
        return refuse("path_conflict", "a file and a folder at once: " + path);
    }
    return {};
}

Result<Items> items_of(const PackBuilder& builder, const std::optional<Oid>& tree) {
    Items items;
    if (!tree) {
        return items;
    }
    ORIGIN_TRY(object, builder.read(*tree));
    if (object.type != ObjectType::Tree) {
        return refuse("wrong_type", tree->hex() + " is not a tree");
    }
    TreeReader reader(object.data);
    while (true) {
        ORIGIN_TRY(entry, reader.next());
        if (!entry) {
            return items;
        }
        const std::string name(entry->name);
        items[name] = {.mode = entry->mode, .name = name, .oid = entry->oid};
    }
}

Result<TreeItem> make_item(PackBuilder& builder, const std::string& name, const FileEdit& edit) {
    const bool is_gitlink = edit.mode == kModeGitlink;
    if (!is_gitlink && edit.mode != kModeFile && edit.mode != kModeExecutable &&
        edit.mode != kModeSymlink) {
        return refuse("bad_mode", "a file mode that git has not");
    }
    TreeItem item{.mode = edit.mode, .name = name, .oid = {}};
    if (const auto* text = std::get_if<std::string>(&edit.content)) {
        if (is_gitlink) {
            return refuse("bad_mode", "a gitlink has no text");
        }
        ORIGIN_TRY(oid, builder.add(ObjectType::Blob, *text));
        item.oid = oid;
        return item;
    }
    item.oid = std::get<Oid>(edit.content);
    if (is_gitlink) {
        return item;
    }
    const auto header = builder.header(item.oid);
    if (!header || header->type != ObjectType::Blob) {
        return refuse("missing_object", "no blob " + item.oid.hex());
    }
    return item;
}

/// Depth is bounded by kPathDepthMax, so recursion is.
class Editor {
public:
    explicit Editor(PackBuilder& builder) : builder_(builder) {}

    /// nullopt: nothing is left in this folder.
    Result<std::optional<Oid>> apply(const Node& node, const std::optional<Oid>& base) {
        ORIGIN_TRY(items, items_of(builder_, base));
        for (const auto& [name, child] : node.children) {
            ORIGIN_CHECK(apply_child(items, name, child));
        }
        if (items.empty()) {
            return std::nullopt;
        }
        ORIGIN_TRY(oid, write(std::move(items)));
        return oid;
    }

    Result<Oid> write(Items items) {
        std::vector<TreeItem> list;
        list.reserve(items.size());
        for (auto& [name, item] : items) {
            list.push_back(std::move(item));
        }
        return builder_.add(ObjectType::Tree, serialize_tree(std::move(list)));
    }

private:
    Status apply_child(Items& items, const std::string& name, const Node& child) {
        const auto known = items.find(name);
        if (child.is_removal()) {
            if (known == items.end()) {
                return refuse("missing_path", "there is nothing to remove: " + name);
            }
            items.erase(known);
        }
        if (child.is_file()) {
            ORIGIN_TRY(item, make_item(builder_, name, **child.edit));
            items[name] = item;
        }
        if (child.children.empty()) {
            return {};
        }
        const bool has_folder = !child.is_removal() && known != items.end() &&
                                (known->second.mode & 0170000) == kModeTree;
        const std::optional<Oid> folder =
            has_folder ? std::optional(known->second.oid) : std::nullopt;
        ORIGIN_TRY(oid, apply(child, folder));
        if (oid) {
            items[name] = {.mode = kModeTree, .name = name, .oid = *oid};
        } else {
            items.erase(name);
        }
        return {};
    }

    PackBuilder& builder_;
};

}  // namespace

Result<Oid> edit_tree(PackBuilder& builder,
                      const std::optional<Oid>& base,
                      const TreeEdits& edits) {
    Node root;
    for (const auto& [path, edit] : edits) {
        ORIGIN_CHECK(add_path(root, path, edit));
    }
    Editor editor(builder);
    ORIGIN_TRY(oid, editor.apply(root, base));
    return oid ? Result<Oid>(*oid) : editor.write({});
}

}  // namespace origin::git

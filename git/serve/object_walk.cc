// SPDX-License-Identifier: Apache-2.0
#include "git/serve/object_walk.h"

#include <algorithm>

namespace origin::git {
namespace {

/// The client's trees of one place, opened: the same name is looked up in each.
class ClientTrees {
public:
    static Result<ClientTrees> open(const ObjectStore& objects, const std::vector<Oid>& trees) {
        ClientTrees opened;
        for (const Oid& tree : trees) {
            ORIGIN_TRY(data, objects.read_as(tree, ObjectType::Tree));
            TreeReader reader(data);
            while (true) {
                ORIGIN_TRY(entry, reader.next());
                if (!entry) {
                    break;
                }
                opened.entries_[std::string(entry->name)].push_back({entry->oid, entry->is_tree()});
            }
        }
        return opened;
    }

    bool has(std::string_view name, const Oid& oid) const {
        const auto found = entries_.find(std::string(name));
        return found != entries_.end() &&
               std::ranges::any_of(found->second, [&](const Entry& e) { return e.oid == oid; });
    }

    std::vector<Oid> folders(std::string_view name) const {
        std::vector<Oid> trees;
        if (const auto found = entries_.find(std::string(name)); found != entries_.end()) {
            for (const Entry& entry : found->second) {
                if (entry.is_tree) {
                    trees.push_back(entry.oid);
                }
            }
        }
        return trees;
    }

private:
    struct Entry {
        Oid oid;
        bool is_tree;
    };
    std::unordered_map<std::string, std::vector<Entry>> entries_;
};

}  // namespace

bool ObjectWalk::send(const Oid& oid) {
    if (!sent_.insert(oid).second) {
        return false;
    }
    oids_.push_back(oid);
    return true;
}

void ObjectWalk::add_object(const Oid& oid, ObjectType type) {
    if (send(oid) && type == ObjectType::Tree) {
        folders_.push_back({oid, {}});
    }
}

void ObjectWalk::begin_commit(const SendCommit& commit) {
    send(commit.oid);
    Folder root{commit.tree, {}};
    for (const Oid& parent : commit.parents) {
        const auto had = client_trees_.find(parent);
        if (had == client_trees_.end()) {
            continue;
        }
        if (had->second == commit.tree) {
            return;
        }
        root.client.push_back(had->second);
    }
    if (send(commit.tree)) {
        folders_.push_back(std::move(root));
    }
}

Status ObjectWalk::open(const Folder& folder) {
    ORIGIN_TRY(client, ClientTrees::open(*objects_, folder.client));
    ORIGIN_TRY(data, objects_->read_as(folder.tree, ObjectType::Tree));
    TreeReader reader(data);
    while (true) {
        ORIGIN_TRY(entry, reader.next());
        if (!entry) {
            return {};
        }
        if (entry->is_gitlink() || client.has(entry->name, entry->oid) || !send(entry->oid)) {
            continue;
        }
        if (entry->is_tree()) {
            folders_.push_back({entry->oid, client.folders(entry->name)});
        }
    }
}

Result<bool> ObjectWalk::step(std::size_t trees) {
    for (std::size_t n = 0; n < trees; ++n) {
        if (!folders_.empty()) {
            const Folder folder = std::move(folders_.back());
            folders_.pop_back();
            ORIGIN_CHECK(open(folder));
        } else if (!commits_.empty()) {
            begin_commit(commits_.back());  // Oldest first: its trees are what later ones build on.
            commits_.pop_back();
        } else {
            return true;
        }
    }
    return folders_.empty() && commits_.empty();
}

}  // namespace origin::git

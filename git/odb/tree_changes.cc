// SPDX-License-Identifier: Apache-2.0
#include "git/odb/tree_changes.h"

#include <algorithm>
#include <map>
#include <optional>

namespace origin::git {
namespace {

struct Entry {
    std::uint32_t mode = 0;
    Oid oid;
    bool is_tree() const { return mode == kModeTree; }
    friend bool operator==(const Entry&, const Entry&) = default;
};
using Entries = std::map<std::string, Entry, std::less<>>;

/// A folder that is not the same in any base.
struct Folder {
    std::string path;  // Empty, or ends in a slash.
    std::optional<Oid> tree;
    std::vector<std::optional<Oid>> bases;  // nullopt: the base has no folder there.
};

std::unexpected<Error> too_many() {
    return std::unexpected(Error(Code::LimitExceeded,
                                 "too much changes at once to be looked at; push in smaller steps")
                               .because("too_many_changes"));
}

class Walk {
public:
    Walk(const ObjectStore& objects, const SeeChange& see) : objects_(objects), see_(see) {}

    Status run(Folder root) {
        folders_.push_back(std::move(root));
        while (!folders_.empty() && !ended_) {
            const Folder folder = std::move(folders_.back());
            folders_.pop_back();
            ORIGIN_CHECK(look_at(folder));
        }
        return {};
    }

private:
    Status look_at(const Folder& folder) {
        ORIGIN_TRY(now, entries(folder.tree));
        std::vector<Entries> before;
        for (const auto& base : folder.bases) {
            ORIGIN_TRY(read, entries(base));
            before.push_back(std::move(read));
        }
        for (const auto& [name, entry] : now) {
            ORIGIN_CHECK(compare(folder.path + name, entry, at(before, name)));
        }
        for (std::size_t i = 0; i < before.size(); ++i) {
            for (const auto& [name, entry] : before[i]) {
                const bool told = now.contains(name) ||
                                  std::any_of(before.begin(),
                                              before.begin() + static_cast<std::ptrdiff_t>(i),
                                              [&](const Entries& b) { return b.contains(name); });
                if (!told) {
                    ORIGIN_CHECK(compare(folder.path + name, std::nullopt, at(before, name)));
                }
            }
        }
        return {};
    }

    /// One name, now and in each base.
    Status compare(std::string path,
                   const std::optional<Entry>& now,
                   const std::vector<std::optional<Entry>>& before) {
        if (ended_ || std::ranges::find(before, now) != before.end()) {
            return {};
        }
        if (path.size() > kTreeChangePathMax) {
            return too_many();
        }
        const bool was_file = !before.empty() && std::ranges::all_of(before, [](const auto& entry) {
            return entry && !entry->is_tree();
        });
        if (now && !now->is_tree()) {
            ended_ = !see_({path, now->mode, now->oid});
        } else if (was_file) {
            ended_ = !see_({path, 0, Oid()});
        }
        Folder below{path + "/", std::nullopt, {}};
        if (now && now->is_tree()) {
            below.tree = now->oid;
        }
        bool any_folder = below.tree.has_value();
        for (const auto& entry : before) {
            const bool is_tree = entry && entry->is_tree();
            below.bases.push_back(is_tree ? std::optional(entry->oid) : std::nullopt);
            any_folder = any_folder || is_tree;
        }
        if (any_folder) {
            folders_.push_back(std::move(below));
        }
        return {};
    }

    Result<Entries> entries(const std::optional<Oid>& tree) {
        Entries entries;
        if (!tree) {
            return entries;
        }
        ORIGIN_TRY(data, objects_.read_as(*tree, ObjectType::Tree));
        TreeReader reader(data);
        while (true) {
            ORIGIN_TRY(entry, reader.next());
            if (!entry) {
                return entries;
            }
            if (++looked_at_ > kTreeChangesMax) {
                return too_many();
            }
            const std::uint32_t mode = entry->is_tree() ? kModeTree : entry->mode;
            entries.emplace(entry->name, Entry{mode, entry->oid});
        }
    }

    static std::vector<std::optional<Entry>> at(const std::vector<Entries>& before,
                                                const std::string& name) {
        std::vector<std::optional<Entry>> found;
        for (const Entries& entries : before) {
            const auto entry = entries.find(name);
            found.push_back(entry == entries.end() ? std::nullopt : std::optional(entry->second));
        }
        return found;
    }

    const ObjectStore& objects_;
    const SeeChange& see_;
    std::vector<Folder> folders_;
    std::size_t looked_at_ = 0;
    bool ended_ = false;
};

}  // namespace

Status tree_changes(const ObjectStore& objects,
                    const std::vector<Oid>& bases,
                    const Oid& tree,
                    const SeeChange& see) {
    if (std::ranges::find(bases, tree) != bases.end()) {
        return {};
    }
    return Walk(objects, see).run({{}, tree, {bases.begin(), bases.end()}});
}

}  // namespace origin::git

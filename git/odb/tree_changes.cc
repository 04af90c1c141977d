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

/// A folder that is not the same in any base: its name, and where it is now and in each base.
struct Folder {
    std::string name;
    std::optional<Oid> tree;
    std::vector<std::optional<Oid>> bases;  // nullopt: the base has no folder there.

    std::size_t bytes() const {
        return sizeof(Folder) + name.size() + bases.size() * sizeof(std::optional<Oid>);
    }
};

/// The folders of one folder that are still to be looked at. What is kept is one of these for each
/// part of the path.
struct Level {
    std::vector<Folder> folders;
    std::size_t path_bytes = 0;  // Of the path above them.
};

std::unexpected<Error> too_many() {
    return std::unexpected(Error(Code::LimitExceeded,
                                 "too much changes at once to be looked at; push in smaller steps")
                               .because("too_many_changes"));
}

class Walk {
public:
    Walk(const ObjectStore& objects, ChangeBudget& budget, const SeeChange& see)
        : objects_(objects), budget_(budget), see_(see) {}

    Status run(const Folder& root) {
        ORIGIN_CHECK(look_at(root));
        while (!levels_.empty() && !ended_) {
            Level& level = levels_.back();
            path_.resize(level.path_bytes);
            if (level.folders.empty()) {
                levels_.pop_back();
                continue;
            }
            const Folder folder = std::move(level.folders.back());
            level.folders.pop_back();
            live_bytes_ -= folder.bytes();
            path_ += folder.name + "/";
            if (path_.size() > kTreeChangePathMax) {
                return too_many();
            }
            ORIGIN_CHECK(look_at(folder));
        }
        return {};
    }

private:
    /// Tells the files of a folder and puts off its folders.
    Status look_at(const Folder& folder) {
        ORIGIN_TRY(now, entries(folder.tree));
        std::vector<Entries> before;
        for (const auto& base : folder.bases) {
            ORIGIN_TRY(read, entries(base));
            before.push_back(std::move(read));
        }
        levels_.push_back({{}, path_.size()});
        for (const auto& [name, entry] : now) {
            ORIGIN_CHECK(compare(name, entry, at(before, name)));
        }
        // A name that is gone was changed only if no base lacks it: the first one knows them all.
        const Entries none;
        const Entries& first = before.empty() ? none : before.front();
        for (const auto& [name, entry] : first) {
            ORIGIN_CHECK(now.contains(name) ? Status()
                                            : compare(name, std::nullopt, at(before, name)));
        }
        return {};
    }

    /// One name, now and in each base.
    Status compare(const std::string& name,
                   const std::optional<Entry>& now,
                   const std::vector<std::optional<Entry>>& before) {
        if (ended_ || std::ranges::find(before, now) != before.end()) {
            return {};
        }
        const bool was_file = !before.empty() && std::ranges::all_of(before, [](const auto& entry) {
            return entry && !entry->is_tree();
        });
        if (now && !now->is_tree()) {
            ended_ = !see_({path_ + name, now->mode, now->oid});
        } else if (was_file) {
            ended_ = !see_({path_ + name, 0, Oid()});
        }
        Folder below{name, std::nullopt, {}};
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
            live_bytes_ += below.bytes();
            levels_.back().folders.push_back(std::move(below));
        }
        return live_bytes_ <= kTreeChangeLiveMax ? Status() : too_many();
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
            if (budget_.entries == 0) {
                return too_many();
            }
            --budget_.entries;
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
    ChangeBudget& budget_;
    const SeeChange& see_;
    std::vector<Level> levels_;
    std::string path_;
    std::size_t live_bytes_ = 0;
    bool ended_ = false;
};

}  // namespace

Status tree_changes(const ObjectStore& objects,
                    const std::vector<Oid>& bases,
                    const Oid& tree,
                    ChangeBudget& budget,
                    const SeeChange& see) {
    if (std::ranges::find(bases, tree) != bases.end()) {
        return {};
    }
    if (bases.size() > kTreeChangeBasesMax) {
        return too_many();
    }
    return Walk(objects, budget, see).run({{}, tree, {bases.begin(), bases.end()}});
}

}  // namespace origin::git

// SPDX-License-Identifier: Apache-2.0
#include "generator/base_commit.h"

#include <queue>
#include <set>

#include "base/limits.h"
#include "git/serve/refs.h"

namespace origin::generator {

Result<std::optional<std::string>> CommitTree::read(const std::string& path) const {
    ORIGIN_TRY(entry, objects_->find_path(tree_, path));
    if (!entry || entry->is_tree() || entry->is_gitlink() || entry->is_symlink()) {
        return std::optional<std::string>();
    }
    ORIGIN_TRY(data, objects_->read_as(entry->oid, git::ObjectType::Blob));
    return std::optional(std::move(data));
}

Result<std::vector<std::string>> CommitTree::paths() const {
    struct Folder {
        Oid tree;
        std::string prefix;
        std::size_t depth;
    };
    std::vector<Folder> open = {{tree_, "", 0}};
    std::set<std::string> paths;
    while (!open.empty()) {
        const Folder folder = std::move(open.back());
        open.pop_back();
        ORIGIN_TRY(data, objects_->read_as(folder.tree, git::ObjectType::Tree));
        git::TreeReader reader(data);
        while (true) {
            ORIGIN_TRY(entry, reader.next());
            if (!entry) {
                break;
            }
            const std::string path = folder.prefix + std::string(entry->name);
            if (entry->is_tree() && folder.depth < kPathDepthMax) {
                open.push_back({entry->oid, path + "/", folder.depth + 1});
            } else if (!entry->is_tree() && !entry->is_gitlink()) {
                paths.insert(path);
            }
            if (paths.size() > kGeneratedPathsMax) {
                return std::unexpected(
                    Error(Code::LimitExceeded, "the project has too many files to generate from")
                        .because("base_too_large"));
            }
        }
    }
    return std::vector<std::string>(paths.begin(), paths.end());
}

std::string pristine_ref(const Oid& commit) {
    return std::string(git::kHiddenPrefix) + "pristine/" + commit.hex();
}

Result<std::optional<Oid>> find_pristine(store::Reader& reader,
                                         const git::ObjectStore& objects,
                                         const ProjectId& project,
                                         const Oid& head) {
    std::priority_queue<std::pair<std::int64_t, Oid>> open;
    std::set<Oid> seen;
    const auto meet = [&](const Oid& oid) -> Status {
        if (seen.insert(oid).second) {
            ORIGIN_TRY(links, objects.commit_links(oid));
            open.emplace(links.committed_seconds, oid);
        }
        return {};
    };
    ORIGIN_CHECK(meet(head));
    while (!open.empty()) {
        const Oid oid = open.top().second;
        open.pop();
        ORIGIN_TRY(ref, git::find_ref(reader, project, pristine_ref(oid)));
        if (ref) {
            return std::optional(ref->oid);
        }
        ORIGIN_TRY(links, objects.commit_links(oid));
        for (const Oid& parent : links.parents) {
            ORIGIN_CHECK(meet(parent));
        }
    }
    return std::optional<Oid>();
}

}  // namespace origin::generator

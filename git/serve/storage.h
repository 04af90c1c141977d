// SPDX-License-Identifier: Apache-2.0
// git/serve/storage: where a project's packs lie on disk, and which of them exist.
// In: pack rows. Out: an ObjectStore of exactly those packs.
// Layout: <root>/<prj_...>/pack/pack-<40 hex>.{pack,idx}, <root>/<prj_...>/quarantine/<any>.
#pragma once

#include <filesystem>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/log.h"
#include "git/odb/object_store.h"
#include "store/store.h"

namespace origin::git {

/// Thread-safe.
class Storage {
public:
    /// `root` is made if it is missing.
    explicit Storage(std::filesystem::path root) : root_(std::move(root)) {}

    /// The objects of a project as `reader`'s snapshot knows them.
    /// Errors: Corrupt if a listed pack is missing or damaged. Blocks: maps files.
    Result<ObjectStoreRef> open(store::Reader& reader, const ProjectId& project);

    /// Makes the project's folders, durably. Blocks: syncs, the first time.
    Status prepare(const ProjectId& project);

    std::filesystem::path pack_dir(const ProjectId& project) const;
    std::filesystem::path quarantine_dir(const ProjectId& project) const;

    /// For the start, before anything is served: removes what a crash left in quarantine, and packs
    /// that no row names (their push was never acknowledged).
    Status sweep(store::Store& store, Log& log);

private:
    struct Open {
        ProjectId project;
        std::vector<std::string> names;
        ObjectStoreRef objects;
    };

    const std::filesystem::path root_;
    std::mutex mutex_;
    std::list<Open> open_;  // Most recently used first; at most kOpenProjectsMax.
    std::map<ProjectId, std::list<Open>::iterator> index_;
};

}  // namespace origin::git

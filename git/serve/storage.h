// SPDX-License-Identifier: Apache-2.0
// git/serve/storage: where a project's packs lie on disk, and which of them exist.
// In: pack and journal rows. Out: an ObjectStore of exactly those.
// Layout: <root>/<prj_...>/pack/pack-<40 hex>.{pack,idx}, <root>/<prj_...>/quarantine/<any>,
// <root>/written/<prj_...>: empty; a project whose folders may hold what no row names.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/id.h"
#include "base/log.h"
#include "git/odb/object_store.h"
#include "git/odb/quarantine.h"
#include "store/store.h"

namespace origin::git {

/// Journals held in memory, of all open projects together. Above it the longest unused is dropped.
inline constexpr std::uint64_t kJournalsMemoryMax = 128ULL * 1024 * 1024;

/// Folders in a quarantine: repositories that a push is shown in (hooks/program_gate).
inline constexpr std::string_view kGateFolderPrefix = "gate-";

/// In the folder of all projects: names of those to be swept at the next start.
inline constexpr std::string_view kWrittenFolder = "written";

/// Thread-safe.
class Storage {
public:
    /// Called when a sync failed other than for want of space: the process must end, since what
    /// the kernel dropped cannot be known (D3). A start recovers.
    using DiskLost = std::function<void(const Error&)>;

    /// `root` is made if it is missing.
    explicit Storage(
        std::filesystem::path root, DiskLost disk_lost = [](const Error&) { std::abort(); })
        : root_(std::move(root)), disk_lost_(std::move(disk_lost)) {}

    /// The objects of a project as `reader`'s snapshot knows them, or later.
    /// Errors: Corrupt if a listed pack is missing or damaged. Blocks: maps files.
    Result<ObjectStoreRef> open(store::Reader& reader, const ProjectId& project);

    /// Lets go of what is kept open of a project that is gone, so that its space comes back.
    void forget(const ProjectId& project);

    /// Makes the project's folders, durably. Blocks: syncs, the first time.
    Status prepare(const ProjectId& project);

    /// prepare(), and has the next start look at the project: before a file with a name is made in
    /// its folders. Blocks: syncs, the first time since the start. Errors: StorageFull; Internal.
    Status expect_files(const ProjectId& project);
    /// For packs that come in: calls expect_files() if they need files. Lifetime: borrows this.
    Quarantine quarantine(const ProjectId& project);

    /// While it lives, the files of a pack of this name are not removed. For whoever is about to
    /// put them there and to name them in a row.
    class Hold {
    public:
        Hold(Storage& storage, const ProjectId& project, std::string name);
        Hold(const Hold&) = delete;
        Hold& operator=(const Hold&) = delete;
        ~Hold();

    private:
        Storage& storage_;
        ProjectId project_;
        std::string name_;
    };

    /// Removes the files of a pack unless a row names it or somebody else holds it.
    /// `own_holds`: holds of the caller. Returns: false if they had to stay.
    Result<bool> remove_unnamed(store::Store& store,
                                const ProjectId& project,
                                const std::string& name,
                                std::size_t own_holds = 0);

    /// For what writing pack files came to: calls DiskLost for "sync_failed". Returns: `written`.
    Status watch(Status written) const;

    /// The folder of all projects.
    const std::filesystem::path& root() const { return root_; }
    std::filesystem::path pack_dir(const ProjectId& project) const;
    std::filesystem::path quarantine_dir(const ProjectId& project) const;

    /// For the start, before anything is served: removes what a crash left in quarantine, and packs
    /// that no row names (their push was never acknowledged). Looks only at projects that
    /// expect_files() has named since they were swept; at all, if the folder of their names is
    /// missing: an origind before it wrote none, and an operator may remove it.
    Status sweep(store::Store& store, Log& log);

private:
    struct Open {
        ProjectId project;
        std::vector<std::string> names;
        std::uint64_t journal_last = 0;  // Push of the last journal row in `objects`.
        ObjectStoreRef objects;
    };

    void keep(Open opened);
    void forget_oldest();
    Result<bool> sweep(store::Store& store, const ProjectId& project, Log& log) const;
    std::filesystem::path mark_of(const ProjectId& project) const;
    Status mark(const ProjectId& project) const;
    Status begin_marking(const std::vector<ProjectId>& unclean) const;
    Status sync_folder(const std::filesystem::path& folder) const;

    const std::filesystem::path root_;
    const DiskLost disk_lost_;
    std::mutex mutex_;
    std::list<Open> open_;  // Most recently used first; at most kOpenProjectsMax.
    std::map<ProjectId, std::list<Open>::iterator> index_;
    std::uint64_t memory_bytes_ = 0;  // Of all journals in open_.
    std::multiset<std::pair<ProjectId, std::string>> held_;
    std::set<ProjectId> marked_;  // Durably, since the start.
};

}  // namespace origin::git

// SPDX-License-Identifier: Apache-2.0
#include "git/serve/storage.h"

#include <set>

#include <fcntl.h>
#include <unistd.h>

#include "base/limits.h"
#include "git/odb/staged_pack.h"
#include "store/rows/keys.h"

namespace origin::git {
namespace {

namespace fs = std::filesystem;

Status sync_folder(const fs::path& folder) {
    const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return std::unexpected(disk_error("open folder", errno));
    }
    const int synced = ::fsync(fd);
    const int error = errno;
    ::close(fd);
    if (synced != 0) {
        return std::unexpected(disk_error("sync folder", error));
    }
    return {};
}

Status make_folder(const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) {
        return std::unexpected(disk_error("make folder", error.value()));
    }
    return {};
}

Result<std::vector<std::string>> pack_names(store::Reader& reader, const ProjectId& project) {
    std::vector<std::string> names;
    ORIGIN_CHECK(reader.scan(store::Table::Packs,
                             store::Range::prefix(project.view()),
                             [&](std::string_view key, std::string_view) {
                                 names.emplace_back(key.substr(kIdBytes));
                                 return true;
                             }));
    return names;
}

/// Removes every file of `folder` whose stem is not in `kept`. Returns: how many.
std::size_t remove_others(const fs::path& folder, const std::set<std::string>& kept) {
    std::size_t removed = 0;
    std::error_code error;
    for (const auto& file : fs::directory_iterator(folder, error)) {
        if (!kept.contains(file.path().stem().string())) {
            removed += fs::remove(file.path(), error) ? 1U : 0U;
        }
    }
    return removed;
}

}  // namespace

fs::path Storage::pack_dir(const ProjectId& project) const {
    return root_ / project.str() / "pack";
}

fs::path Storage::quarantine_dir(const ProjectId& project) const {
    return root_ / project.str() / "quarantine";
}

Status Storage::prepare(const ProjectId& project) {
    std::error_code error;
    if (fs::is_directory(quarantine_dir(project), error)) {
        return {};
    }
    ORIGIN_CHECK(make_folder(pack_dir(project)));
    ORIGIN_CHECK(make_folder(quarantine_dir(project)));
    ORIGIN_CHECK(sync_folder(root_ / project.str()));
    return sync_folder(root_);
}

Result<ObjectStoreRef> Storage::open(store::Reader& reader, const ProjectId& project) {
    ORIGIN_TRY(names, pack_names(reader, project));
    ObjectStoreRef known;
    {
        const std::lock_guard lock(mutex_);
        const auto found = index_.find(project);
        if (found != index_.end()) {
            open_.splice(open_.begin(), open_, found->second);
            if (found->second->names == names) {
                return found->second->objects;
            }
            known = found->second->objects;
        }
    }
    if (!known) {
        known = ObjectStore::empty(pack_dir(project));
    }
    ORIGIN_TRY(objects, known->with_packs(names));
    const std::lock_guard lock(mutex_);
    if (const auto old = index_.find(project); old != index_.end()) {
        open_.erase(old->second);
    }
    open_.push_front(Open{project, names, objects});
    index_[project] = open_.begin();
    if (open_.size() > kOpenProjectsMax) {
        index_.erase(open_.back().project);
        open_.pop_back();
    }
    return objects;
}

Status Storage::sweep(store::Store& store, Log& log) {
    ORIGIN_CHECK(make_folder(root_));
    std::error_code error;
    for (const auto& folder : fs::directory_iterator(root_, error)) {
        const auto project = ProjectId::parse(folder.path().filename().string());
        if (!project) {
            continue;
        }
        std::set<std::string> kept;
        ORIGIN_CHECK(store.read([&](store::Reader& reader) -> Status {
            ORIGIN_TRY(names, pack_names(reader, *project));
            kept.insert(names.begin(), names.end());
            return {};
        }));
        const std::size_t removed =
            remove_others(quarantine_dir(*project), {}) + remove_others(pack_dir(*project), kept);
        if (removed > 0) {
            log.info("removed files of unfinished pushes",
                     {{"project", project->str()}, {"files", std::uint64_t{removed}}});
        }
    }
    return {};
}

}  // namespace origin::git

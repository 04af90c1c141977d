// SPDX-License-Identifier: Apache-2.0
#include "git/serve/storage.h"

#include <set>

#include <fcntl.h>
#include <unistd.h>

#include "base/limits.h"
#include "git/odb/staged_pack.h"
#include "git/serve/journal.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"
#include "store/rows/project.h"

namespace origin::git {
namespace {

namespace fs = std::filesystem;
using store::Table;

Status make_folder(const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) {
        return std::unexpected(disk_error("make folder", error.value()));
    }
    return {};
}

/// `table`: Packs or DeadPacks.
Result<std::vector<std::string>> pack_names(store::Reader& reader,
                                            Table table,
                                            const ProjectId& project) {
    std::vector<std::string> names;
    ORIGIN_CHECK(reader.scan(
        table, store::Range::prefix(project.view()), [&](std::string_view key, std::string_view) {
            names.emplace_back(key.substr(kIdBytes));
            return true;
        }));
    return names;
}

/// Removes every file of `folder` whose stem is not in `kept`; a folder that is not there has none.
/// `removed`: is counted up. Returns: false if it cannot be said that none is left.
bool remove_others(const fs::path& folder,
                   const std::set<std::string>& kept,
                   std::size_t& removed) {
    std::error_code error;
    bool is_clean = true;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
        if (kept.contains(at->path().stem().string())) {
            continue;
        }
        std::error_code why_not;
        if (at->path().filename().string().starts_with(kGateFolderPrefix)) {
            fs::remove_all(at->path(), why_not);
            is_clean = is_clean && !why_not;
            continue;
        }
        removed += fs::remove(at->path(), why_not) ? 1U : 0U;
        is_clean = is_clean && !why_not;
    }
    return is_clean && (!error || error == std::errc::no_such_file_or_directory);
}

/// The projects that entries of `folder` are named after.
Result<std::vector<ProjectId>> projects_in(const fs::path& folder) {
    std::vector<ProjectId> projects;
    std::error_code error;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
        if (const auto project = ProjectId::parse(at->path().filename().string())) {
            projects.push_back(*project);
        }
    }
    if (error) {
        return std::unexpected(disk_error("list " + folder.string(), error.value()));
    }
    return projects;
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
    ORIGIN_CHECK(sync_folder(root_ / project.str()));
    ORIGIN_CHECK(sync_folder(root_));
    // Last, and needed until a restart only: where it is, the others are durable.
    return make_folder(quarantine_dir(project));
}

fs::path Storage::mark_of(const ProjectId& project) const {
    return root_ / kWrittenFolder / project.str();
}

/// Durably. Where there is no folder for it, the next start looks at every project anyway.
Status Storage::mark(const ProjectId& project) const {
    const fs::path path = mark_of(project);
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 && errno == ENOENT) {
        return {};
    }
    if (file < 0) {
        return std::unexpected(disk_error("create " + path.string(), errno));
    }
    ::close(file);
    return sync_folder(path.parent_path());
}

Status Storage::expect_files(const ProjectId& project) {
    ORIGIN_CHECK(prepare(project));
    {
        const std::lock_guard lock(mutex_);
        if (marked_.contains(project)) {
            return {};
        }
    }
    ORIGIN_CHECK(mark(project));
    const std::lock_guard lock(mutex_);
    marked_.insert(project);
    return {};
}

Quarantine Storage::quarantine(const ProjectId& project) {
    return {quarantine_dir(project), [this, project] {
                return expect_files(project);
            }};
}

Status Storage::sync_folder(const fs::path& folder) const {
    const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return std::unexpected(disk_error("open folder", errno));
    }
    const int synced = ::fsync(fd);
    const int error_number = errno;
    ::close(fd);
    if (synced == 0) {
        return {};
    }
    Error error = disk_error("sync folder", error_number);
    if (error.code() != Code::StorageFull) {
        disk_lost_(error);
    }
    return std::unexpected(std::move(error));
}

Status Storage::watch(Status written) const {
    if (!written && written.error().reason() == "sync_failed") {
        disk_lost_(written.error());
    }
    return written;
}

Result<ObjectStoreRef> Storage::open(store::Reader& reader, const ProjectId& project) {
    ORIGIN_TRY(row, store::get_row<store::ProjectRow>(reader, Table::Projects, project.view()));
    ORIGIN_TRY(names, pack_names(reader, Table::Packs, project));
    const std::uint64_t generation = row ? row->gc_generation : 0;
    Open opened{.project = project, .names = std::move(names), .objects = {}};
    bool is_known = false;
    {
        const std::lock_guard lock(mutex_);
        const auto found = index_.find(project);
        if (found != index_.end()) {
            open_.splice(open_.begin(), open_, found->second);
            opened.objects = found->second->objects;
            // Rows leave the journal only when the pack set changes.
            if (found->second->names == opened.names &&
                opened.objects->gc_generation() == generation) {
                opened.journal_last = found->second->journal_last;
                is_known = true;
            }
        }
    }
    if (!opened.objects) {
        opened.objects = ObjectStore::empty(pack_dir(project));
    }
    if (!is_known) {
        ORIGIN_TRY(packs, opened.objects->with_packs(opened.names));
        opened.objects = packs->at_gc_generation(generation);
    }
    ORIGIN_TRY(journal, read_journal(reader, project, {.after = opened.journal_last}));
    if (journal.pack != nullptr) {
        ORIGIN_TRY(objects, opened.objects->with_small(journal.pack));
        opened.objects = std::move(objects);
        opened.journal_last = journal.last;
    } else if (is_known) {
        return opened.objects;
    }
    ObjectStoreRef objects = opened.objects;
    keep(std::move(opened));
    return objects;
}

void Storage::keep(Open opened) {
    const std::lock_guard lock(mutex_);
    if (const auto old = index_.find(opened.project); old != index_.end()) {
        memory_bytes_ -= old->second->objects->memory_bytes();
        open_.erase(old->second);
    }
    memory_bytes_ += opened.objects->memory_bytes();
    open_.push_front(std::move(opened));
    index_[open_.front().project] = open_.begin();
    while (open_.size() > kOpenProjectsMax ||
           (memory_bytes_ > kJournalsMemoryMax && open_.size() > 1)) {
        forget_oldest();
    }
}

void Storage::forget(const ProjectId& project) {
    const std::lock_guard lock(mutex_);
    if (const auto found = index_.find(project); found != index_.end()) {
        memory_bytes_ -= found->second->objects->memory_bytes();
        open_.erase(found->second);
        index_.erase(found);
    }
}

/// Under the mutex.
void Storage::forget_oldest() {
    memory_bytes_ -= open_.back().objects->memory_bytes();
    index_.erase(open_.back().project);
    open_.pop_back();
}

Storage::Hold::Hold(Storage& storage, const ProjectId& project, std::string name)
    : storage_(storage), project_(project), name_(std::move(name)) {
    const std::lock_guard lock(storage_.mutex_);
    storage_.held_.emplace(project_, name_);
}

Storage::Hold::~Hold() {
    const std::lock_guard lock(storage_.mutex_);
    storage_.held_.erase(storage_.held_.find({project_, name_}));
}

Result<bool> Storage::remove_unnamed(store::Store& store,
                                     const ProjectId& project,
                                     const std::string& name,
                                     std::size_t own_holds) {
    // Whoever puts these files in place holds their name first, so under the mutex nobody starts.
    const std::lock_guard lock(mutex_);
    if (held_.count({project, name}) > own_holds) {
        return false;
    }
    bool is_named = false;
    ORIGIN_CHECK(store.read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(row, reader.get(Table::Packs, store::pack_key(project, name)));
        is_named = row.has_value();
        return {};
    }));
    if (is_named) {
        return false;
    }
    std::error_code error;
    for (const char* suffix : {".idx", ".pack"}) {
        fs::remove(pack_dir(project) / (name + suffix), error);
    }
    return true;
}

Status Storage::sweep(store::Store& store, Log& log) {
    const fs::path written = root_ / kWrittenFolder;
    ORIGIN_CHECK(make_folder(root_));
    std::error_code error;
    const bool is_first = !fs::is_directory(written, error);
    ORIGIN_TRY(projects, projects_in(is_first ? root_ : written));
    std::vector<ProjectId> unclean;
    for (const ProjectId& project : projects) {
        ORIGIN_TRY(is_clean, sweep(store, project, log));
        if (!is_clean) {
            unclean.push_back(project);
        } else if (!is_first) {
            fs::remove(mark_of(project), error);  // If it comes back, so does the sweep.
        }
    }
    if (const Status begun = is_first ? begin_marking(unclean) : Status(); !begun) {
        fs::remove_all(written, error);
        log.warning("the next start looks at every project again",
                    {{"why", begun.error().kept_in_log()}});
    }
    return {};
}

/// From now on only projects with a mark are looked at, and these.
Status Storage::begin_marking(const std::vector<ProjectId>& unclean) const {
    ORIGIN_CHECK(make_folder(root_ / kWrittenFolder));
    for (const ProjectId& project : unclean) {
        ORIGIN_CHECK(mark(project));
    }
    return sync_folder(root_);
}

/// Returns: false if there may be more to remove.
Result<bool> Storage::sweep(store::Store& store, const ProjectId& project, Log& log) const {
    std::set<std::string> kept;
    ORIGIN_CHECK(store.read([&](store::Reader& reader) -> Status {
        for (const Table table : {Table::Packs, Table::DeadPacks}) {
            ORIGIN_TRY(names, pack_names(reader, table, project));
            kept.insert(names.begin(), names.end());
        }
        return {};
    }));
    std::size_t removed = 0;
    const bool is_quarantine_clean = remove_others(quarantine_dir(project), {}, removed);
    const bool is_clean = remove_others(pack_dir(project), kept, removed) && is_quarantine_clean;
    if (removed > 0) {
        log.info("removed files of unfinished pushes",
                 {{"project", project.str()}, {"files", std::uint64_t{removed}}});
    }
    if (!is_clean) {
        log.warning("files of unfinished pushes could not be removed",
                    {{"project", project.str()}});
    }
    return is_clean;
}

}  // namespace origin::git

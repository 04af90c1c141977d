// SPDX-License-Identifier: Apache-2.0
#include "git/serve/export.h"

#include <cerrno>
#include <cstring>
#include <fstream>

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "git/odb/staged_pack.h"
#include "git/serve/catalogue.h"
#include "git/serve/fold.h"
#include "git/serve/journal.h"
#include "git/serve/refs.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::git {
namespace {

namespace fs = std::filesystem;
using store::Reader;
using store::Table;

constexpr int kTriesMax = 3;  // A pack may be replaced between looking and linking.
constexpr std::string_view kPackGone = "pack_gone";

/// A project at one instant.
struct Picture {
    std::string name;
    std::string slug;
    std::string head;
    std::string packed_refs;
    std::size_t refs = 0;
    std::vector<std::string> packs;
    PackRef journal;  // What is in no pack yet; null: nothing.
};

std::unexpected<Error> cannot(std::string_view doing, const fs::path& path, int error_number) {
    const bool full = error_number == ENOSPC || error_number == EDQUOT;
    return std::unexpected(Error(full ? Code::StorageFull : Code::Internal,
                                 "cannot " + std::string(doing) + " '" + path.string() +
                                     "': " + std::strerror(error_number)));
}

Result<Picture> take_picture(Reader& reader, const ProjectId& project) {
    ORIGIN_TRY(row, need_project(reader, project));
    ORIGIN_TRY(name, full_name(reader, row));
    Picture picture;
    picture.name = name;
    picture.slug = row.slug;
    picture.head = row.head;
    picture.packed_refs = "# pack-refs with: peeled fully-peeled sorted \n";  // As git writes it.
    ORIGIN_TRY(
        refs,
        store::scan_rows<store::RefRow>(reader, Table::Refs, store::Range::prefix(project.view())));
    for (const auto& [key, ref] : refs) {
        const std::string_view ref_name = std::string_view(key).substr(kIdBytes);
        if (ref_name.starts_with(kHiddenPrefix)) {
            continue;
        }
        picture.packed_refs += ref.oid.hex() + " " + std::string(ref_name) + "\n";
        picture.packed_refs += ref.peeled ? "^" + ref.peeled->hex() + "\n" : std::string();
        picture.refs += 1;
    }
    ORIGIN_CHECK(reader.scan(Table::Packs,
                             store::Range::prefix(project.view()),
                             [&](std::string_view key, std::string_view) {
                                 picture.packs.emplace_back(key.substr(kIdBytes));
                                 return true;
                             }));
    ORIGIN_TRY(journal, read_journal(reader, project, {}));
    picture.journal = std::move(journal.pack);
    return picture;
}

/// The line by which we know our own exports again. Git ignores sections it does not know.
std::string mark_of(const ProjectId& project) {
    return "\tproject = " + project.str() + "\n";
}

std::string config_of(const ProjectId& project) {
    return "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n[origind]\n" +
           mark_of(project);
}

/// A hard link if that is possible, else a copy.
Status place_pack_file(const fs::path& from, const fs::path& to) {
    if (::link(from.c_str(), to.c_str()) == 0) {
        return {};
    }
    if (errno == ENOENT) {
        return std::unexpected(Error(Code::Conflict, "'" + from.string() + "' is gone")
                                   .because(std::string(kPackGone)));
    }
    std::error_code error;
    fs::copy_file(from, to, error);
    return error ? Status(cannot("write", to, error.value())) : Status();
}

Status sync_one(const fs::path& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return cannot("open", path, errno);
    }
    const int synced = ::fsync(file);
    const int error_number = errno;
    ::close(file);
    return synced == 0 ? Status() : Status(cannot("sync", path, error_number));
}

Status sync_tree(const fs::path& folder) {
    std::error_code error;
    for (const auto& entry : fs::recursive_directory_iterator(folder, error)) {
        ORIGIN_CHECK(sync_one(entry.path()));
    }
    return error ? Status(cannot("read", folder, error.value())) : sync_one(folder);
}

Status write_repository(const Picture& picture,
                        const ProjectId& project,
                        const fs::path& packs_from,
                        const fs::path& folder) {
    std::error_code error;
    fs::remove_all(folder, error);  // What an export that was killed left.
    for (const char* part : {"objects/info", "objects/pack", "refs/heads", "refs/tags"}) {
        fs::create_directories(folder / part, error);
        if (error) {
            return cannot("make", folder / part, error.value());
        }
    }
    for (const std::string& pack : picture.packs) {
        // The index last: git takes a pack for real when it sees its index.
        for (const char* suffix : {".pack", ".idx"}) {
            ORIGIN_CHECK(place_pack_file(packs_from / (pack + suffix),
                                         folder / "objects/pack" / (pack + suffix)));
        }
    }
    if (picture.journal != nullptr) {
        const fs::path packs = folder / "objects/pack";
        const ObjectStoreRef objects = ObjectStore::empty(packs)->with(picture.journal);
        ORIGIN_CHECK(write_pack(objects, all_objects_of(*objects), packs, packs));
    }
    ORIGIN_CHECK(write_file(folder / "packed-refs", picture.packed_refs));
    ORIGIN_CHECK(write_file(folder / "config", config_of(project)));
    ORIGIN_CHECK(write_file(folder / "HEAD", "ref: " + picture.head + "\n"));
    return sync_tree(folder);
}

/// May `place` be replaced? Only an earlier export of the same project may.
Status check_place(const fs::path& place, const ProjectId& project) {
    std::error_code error;
    if (!fs::exists(fs::symlink_status(place, error))) {
        return {};
    }
    std::ifstream file(place / "config", std::ios::binary);
    const std::string config(std::istreambuf_iterator<char>(file), {});
    if (config.contains(mark_of(project))) {
        return {};
    }
    return std::unexpected(
        Error(Code::Conflict,
              "'" + place.string() + "' is not an earlier export of this project; move it away")
            .because("export_in_the_way"));
}

/// `made` takes the place of what is at `place`, which then is gone.
Status put_in_place(const fs::path& made, const fs::path& place) {
    std::error_code ignored;
    if (::rename(made.c_str(), place.c_str()) == 0) {
        return sync_one(place.parent_path());
    }
    if (::renameat2(AT_FDCWD, made.c_str(), AT_FDCWD, place.c_str(), RENAME_EXCHANGE) != 0) {
        // A file system without exchange: for a moment there is nothing at the place.
        const fs::path old = place.parent_path() / ("." + place.filename().string() + ".old");
        fs::remove_all(old, ignored);
        if (::rename(place.c_str(), old.c_str()) != 0 ||
            ::rename(made.c_str(), place.c_str()) != 0) {
            return cannot("replace", place, errno);
        }
        fs::remove_all(old, ignored);
    }
    fs::remove_all(made, ignored);
    return sync_one(place.parent_path());
}

}  // namespace

Result<ExportedProject> export_project(store::Store& store,
                                       const Storage& storage,
                                       const ProjectId& project,
                                       const fs::path& folder) {
    for (int tries = 1;; ++tries) {
        Picture picture;
        ORIGIN_CHECK(store.read([&](Reader& reader) -> Status {
            ORIGIN_TRY(taken, take_picture(reader, project));
            picture = std::move(taken);
            return {};
        }));
        const fs::path place = folder / (picture.name + ".git");
        const fs::path made = place.parent_path() / ("." + picture.slug + ".git.new");
        ORIGIN_CHECK(check_place(place, project));
        const Status written = write_repository(picture, project, storage.pack_dir(project), made);
        if (!written && written.error().reason() == kPackGone && tries < kTriesMax) {
            continue;
        }
        if (!written) {
            std::error_code ignored;
            fs::remove_all(made, ignored);
            return std::unexpected(written.error());
        }
        ORIGIN_CHECK(put_in_place(made, place));
        const std::size_t packs = picture.packs.size() + (picture.journal != nullptr ? 1 : 0);
        return ExportedProject{project, picture.name, place, picture.refs, packs};
    }
}

Result<std::vector<ExportedProject>> export_projects(store::Store& store,
                                                     const Storage& storage,
                                                     const fs::path& folder) {
    std::vector<ProjectId> ids;
    ORIGIN_CHECK(store.read([&](Reader& reader) -> Status {
        ids.clear();
        ORIGIN_TRY(rows, store::scan_rows<store::ProjectRow>(reader, Table::Projects, {}));
        for (const auto& [key, row] : rows) {
            const auto id = ProjectId::from_raw(key);
            if (id && row.deleted_at == 0) {
                ids.push_back(*id);
            }
        }
        return {};
    }));
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) {
        return cannot("make", folder, error.value());
    }
    std::vector<ExportedProject> exported;
    for (const ProjectId& id : ids) {
        auto one = export_project(store, storage, id, folder);
        if (one) {
            exported.push_back(std::move(*one));
        } else if (one.error().code() != Code::NotFound) {  // Deleted meanwhile: not there.
            return std::unexpected(std::move(one).error());
        }
    }
    return exported;
}

}  // namespace origin::git

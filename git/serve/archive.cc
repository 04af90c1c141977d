// SPDX-License-Identifier: Apache-2.0
#include "git/serve/archive.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "base/utf8.h"
#include "git/serve/tar.h"

namespace origin::git {
namespace {

constexpr int kGzipLevel = 6;
constexpr std::size_t kStepEntries = 1000;  // Looked at in one step.

bool climbs(std::string_view path) {
    while (!path.empty()) {
        const std::size_t end = std::min(path.find('/'), path.size());
        if (path.substr(0, end) == "..") {
            return true;
        }
        path.remove_prefix(std::min(end + 1, path.size()));
    }
    return false;
}

bool is_below(std::string_view path, std::string_view folder) {
    return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

std::unexpected<Error> too_much(std::string what) {
    return std::unexpected(Error(Code::LimitExceeded, std::move(what)));
}

}  // namespace

std::optional<ArchiveFormat> archive_format_of(std::string_view name) {
    if (name == "tar") {
        return ArchiveFormat::Tar;
    }
    return name == "tar.gz" || name == "tgz" ? std::optional(ArchiveFormat::TarGz) : std::nullopt;
}

Archive::Archive(ObjectStoreRef objects, ArchiveWish wish)
    : objects_(std::move(objects)), wish_(std::move(wish)) {
    if (wish_.format == ArchiveFormat::TarGz) {
        gzip_.emplace(kGzipLevel, Deflater::Format::Gzip);
    }
}

Result<Archive> Archive::of(ObjectStoreRef objects, ArchiveWish wish) {
    const auto is_bad = [](std::string_view path) {
        return path.size() > kPathBytesMax || path.starts_with('/') || climbs(path) ||
               path.contains('\0');
    };
    if (is_bad(wish.prefix) || std::ranges::any_of(wish.paths, is_bad)) {
        return std::unexpected(
            Error(Code::InvalidInput, "a path stays inside, without '..' or a slash in front")
                .because("bad_path"));
    }
    for (const std::string& path : wish.paths) {
        ORIGIN_TRY(entry, objects->find_path(wish.tree, path));
        if (!entry) {
            return std::unexpected(Error(Code::NotFound, "'" + printable(path) + "' is not in it")
                                       .because("path_not_found"));
        }
    }
    wish.seconds = std::max<std::int64_t>(wish.seconds, 0);
    return Archive(std::move(objects), std::move(wish));
}

bool Archive::is_wanted(std::string_view path) const {
    return wish_.paths.empty() || std::ranges::any_of(wish_.paths, [&](const std::string& wanted) {
               return path == wanted || is_below(path, wanted);
           });
}

bool Archive::leads_to_wanted(std::string_view path) const {
    return is_wanted(path) || std::ranges::any_of(wish_.paths, [&](const std::string& wanted) {
               return is_below(wanted, path);
           });
}

/// The folder that path_ names.
Status Archive::enter(const Oid& tree, bool is_written) {
    ORIGIN_TRY(data, objects_->read_as(tree, ObjectType::Tree));
    held_bytes_ += data.size();
    if (held_bytes_ > kArchiveTreeBytesMax) {
        return too_much("its folders are too large for an archive");
    }
    auto folder = std::make_unique<Folder>(
        Folder{tree, std::move(data), TreeReader({}), path_.size(), is_written});
    folder->entries = TreeReader(folder->data);
    folders_.push_back(std::move(folder));
    return {};
}

void Archive::leave() {
    held_bytes_ -= folders_.back()->data.size();
    folders_.pop_back();
    path_.resize(folders_.empty() ? 0 : folders_.back()->path_size);
}

void Archive::put(std::string& tar, const TreeEntry& entry, std::string_view path) {
    append_tar_header(tar,
                      {.path = wish_.prefix + std::string(path),
                       .mode = entry.mode,
                       .oid = entry.oid,
                       .link = {},
                       .size = blob_ ? blob_->size_bytes() : 0,
                       .seconds = std::min(wish_.seconds, kTarSecondsMax)});
}

/// A folder is written with the first thing in it.
void Archive::write_folders(std::string& tar) {
    for (const auto& folder : folders_) {
        if (!folder->is_written) {
            folder->is_written = true;
            put(tar,
                {.mode = kModeTree, .name = {}, .oid = folder->oid},
                std::string_view(path_).substr(0, folder->path_size));
        }
    }
}

Status Archive::add(std::string& tar, const TreeEntry& entry) {
    write_folders(tar);
    const std::string path = path_ + std::string(entry.name);
    if (entry.is_gitlink()) {
        put(tar, entry, path + "/");
        return {};
    }
    ORIGIN_TRY(blob, BlobReader::open(objects_, entry.oid));
    if (!entry.is_symlink()) {
        blob_ = std::move(blob);
        put(tar, entry, path);
        return {};
    }
    if (blob.size_bytes() > kArchiveNameBytesMax) {
        return too_much("a link's target is too long for an archive");
    }
    std::string target;
    ORIGIN_CHECK(blob.read(target, kArchiveNameBytesMax));
    append_tar_header(tar,
                      {.path = wish_.prefix + path,
                       .mode = entry.mode,
                       .oid = entry.oid,
                       .link = target,
                       .size = 0,
                       .seconds = std::min(wish_.seconds, kTarSecondsMax)});
    return {};
}

Status Archive::add_next(std::string& tar) {
    Folder& folder = *folders_.back();
    ORIGIN_TRY(entry, folder.entries.next());
    if (!entry) {
        leave();
        return {};
    }
    if (++seen_ > kArchiveEntriesMax) {
        return too_much("there are too many files for an archive");
    }
    const std::string path = path_ + std::string(entry->name);
    if (path.size() > kArchiveNameBytesMax) {
        return too_much("a path is too long for an archive");
    }
    if (!entry->is_tree()) {
        return is_wanted(path) ? add(tar, *entry) : Status();
    }
    if (!leads_to_wanted(path)) {
        return {};
    }
    path_ = path + "/";
    return enter(entry->oid, false);
}

Status Archive::add_content(std::string& tar) {
    ORIGIN_CHECK(blob_->read(tar, kStepBytes));
    if (blob_->left_bytes() == 0) {
        append_tar_padding(tar, blob_->size_bytes());
        blob_.reset();
    }
    return {};
}

void Archive::begin(std::string& tar) {
    append_tar_global(tar, wish_.commit, wish_.seconds);
    if (wish_.prefix.ends_with('/')) {
        put(tar, {.mode = kModeTree, .name = {}, .oid = wish_.tree}, {});
    }
}

/// Returns: true when that was all.
Result<bool> Archive::add_some(std::string& tar) {
    if (!std::exchange(has_begun_, true)) {
        begin(tar);
        ORIGIN_CHECK(enter(wish_.tree, true));
    }
    for (std::size_t i = 0; i < kStepEntries && tar.size() < kStepBytes; ++i) {
        if (blob_) {
            ORIGIN_CHECK(add_content(tar));
        } else if (!folders_.empty()) {
            ORIGIN_CHECK(add_next(tar));
        } else {
            return true;
        }
    }
    return false;
}

Result<Archive::Progress> Archive::step(std::string& out) {
    std::string tar;
    ORIGIN_TRY(is_all, add_some(tar));
    if (is_all) {
        append_tar_end(tar, written_ + tar.size());
    }
    written_ += tar.size();
    if (gzip_) {
        gzip_->step(tar, is_all, out);
    } else {
        out += tar;
    }
    if (is_all) {
        return Progress::Done;
    }
    return tar.empty() ? Progress::Pause : Progress::More;
}

}  // namespace origin::git

// SPDX-License-Identifier: Apache-2.0
#include "git/odb/repository.h"

#include <array>
#include <cstring>
#include <tuple>
#include <utility>

#include <git2.h>
#include <git2/sys/odb_backend.h>
#include <git2/sys/repository.h>

#include "base/limits.h"
#include "git/odb/history.h"
#include "git/odb/libgit2_handle.h"
#include "git/odb/libgit2_init.h"

namespace origin::git {
namespace {

using TreeHandle = Libgit2Handle<git_tree, git_tree_free>;
using IndexHandle = Libgit2Handle<git_index, git_index_free>;
using DiffHandle = Libgit2Handle<git_diff, git_diff_free>;
using PatchHandle = Libgit2Handle<git_patch, git_patch_free>;

/// Must be called on the thread, and right after the call, that failed.
Error library_error(std::string_view doing) {
    const git_error* last = git_error_last();
    return {Code::Internal,
            "the server could not " + std::string(doing),
            std::string("libgit2: ") + (last != nullptr ? last->message : "no message")};
}

Oid oid_of(const git_oid& id) {
    Oid oid;
    std::memcpy(oid.raw.data(), id.id, kOidBytes);
    return oid;
}

git_oid git2_oid(const Oid& oid) {
    git_oid id{};
    std::memcpy(id.id, oid.raw.data(), kOidBytes);
    return id;
}

/// libgit2's view of a PackBuilder and the store below it.
struct Backend {
    git_odb_backend vtable{};  // First: libgit2 hands this address back.
    PackBuilder* builder = nullptr;
};

Backend& backend_of(git_odb_backend* backend) {
    return *reinterpret_cast<Backend*>(backend);
}

int code_of(const Error& error) {
    git_error_set_str(GIT_ERROR_ODB, error.told_to_peer().c_str());
    return error.code() == Code::NotFound ? GIT_ENOTFOUND : GIT_ERROR;
}

int read_object(void** data,
                std::size_t* size,
                git_object_t* type,
                git_odb_backend* backend,
                const git_oid* id) {
    const auto object = backend_of(backend).builder->read(oid_of(*id));
    if (!object) {
        return code_of(object.error());
    }
    *data = git_odb_backend_data_alloc(backend, object->data.size());
    if (*data == nullptr) {
        return GIT_ERROR;
    }
    std::memcpy(*data, object->data.data(), object->data.size());
    *size = object->data.size();
    *type = static_cast<git_object_t>(object->type);
    return 0;
}

int read_header(std::size_t* size,
                git_object_t* type,
                git_odb_backend* backend,
                const git_oid* id) {
    const auto header = backend_of(backend).builder->header(oid_of(*id));
    if (!header) {
        return code_of(header.error());
    }
    *size = header->size;
    *type = static_cast<git_object_t>(header->type);
    return 0;
}

int has_object(git_odb_backend* backend, const git_oid* id) {
    return backend_of(backend).builder->contains(oid_of(*id)) ? 1 : 0;
}

int write_object(git_odb_backend* backend,
                 const git_oid* /*id*/,
                 const void* data,
                 std::size_t size,
                 git_object_t type) {
    const auto oid = backend_of(backend).builder->add(
        static_cast<ObjectType>(type), std::string(static_cast<const char*>(data), size));
    return oid ? 0 : code_of(oid.error());
}

void free_backend(git_odb_backend* backend) {
    const std::unique_ptr<Backend> owned(&backend_of(backend));
}

std::optional<Oid> side_of(const git_index_entry* entry) {
    return entry == nullptr ? std::nullopt : std::optional(oid_of(entry->id));
}

DiffStatus status_of(git_delta_t status) {
    switch (status) {
        case GIT_DELTA_ADDED:
            return DiffStatus::Added;
        case GIT_DELTA_DELETED:
            return DiffStatus::Deleted;
        case GIT_DELTA_RENAMED:
            return DiffStatus::Renamed;
        case GIT_DELTA_TYPECHANGE:
            return DiffStatus::TypeChanged;
        default:
            return DiffStatus::Modified;
    }
}

DiffEntry entry_of(const git_diff_delta& delta) {
    DiffEntry entry;
    entry.status = status_of(delta.status);
    entry.old_path = delta.old_file.path;
    entry.path = delta.new_file.path;
    if (entry.status != DiffStatus::Added) {
        entry.old_oid = oid_of(delta.old_file.id);
        entry.old_mode = delta.old_file.mode;
    }
    if (entry.status != DiffStatus::Deleted) {
        entry.new_oid = oid_of(delta.new_file.id);
        entry.new_mode = delta.new_file.mode;
    }
    return entry;
}

Result<PatchHandle> patch_of(git_diff* diff, std::size_t number) {
    git_patch* patch = nullptr;
    if (git_patch_from_diff(&patch, diff, number) != 0) {
        return std::unexpected(library_error("compare two files"));
    }
    return PatchHandle(patch);
}

Status count_lines(git_diff* diff, std::size_t number, DiffEntry& entry) {
    ORIGIN_TRY(patch, patch_of(diff, number));
    if (patch == nullptr) {
        return {};
    }
    std::size_t added = 0;
    std::size_t deleted = 0;
    if (git_patch_line_stats(nullptr, &added, &deleted, patch.get()) != 0) {
        return std::unexpected(library_error("count changed lines"));
    }
    entry.lines_added = static_cast<std::uint32_t>(added);
    entry.lines_deleted = static_cast<std::uint32_t>(deleted);
    entry.is_binary = (git_patch_get_delta(patch.get())->flags & GIT_DIFF_FLAG_BINARY) != 0;
    return {};
}

}  // namespace

struct Repository::Libgit2 {
    Libgit2Handle<git_odb, git_odb_free> odb;
    Libgit2Handle<git_config, git_config_free> config;
    Libgit2Handle<git_repository, git_repository_free> repository;  // Declared last: freed first.

    static Result<std::unique_ptr<Libgit2>> open(PackBuilder& builder);
    Result<TreeHandle> tree(const std::optional<Oid>& oid) const;
    Result<DiffHandle> diff(const std::optional<Oid>& old_tree,
                            const std::optional<Oid>& new_tree,
                            const DiffOptions& options) const;
};

Result<std::unique_ptr<Repository::Libgit2>> Repository::Libgit2::open(PackBuilder& builder) {
    use_libgit2();
    auto lib = std::make_unique<Libgit2>();
    git_odb* odb = nullptr;
    if (git_odb_new(&odb) != 0) {
        return std::unexpected(library_error("open an object database"));
    }
    lib->odb.reset(odb);
    auto backend = std::make_unique<Backend>();
    git_odb_init_backend(&backend->vtable, GIT_ODB_BACKEND_VERSION);
    backend->builder = &builder;
    backend->vtable.read = read_object;
    backend->vtable.read_header = read_header;
    backend->vtable.exists = has_object;
    backend->vtable.write = write_object;
    backend->vtable.free = free_backend;
    if (git_odb_add_backend(odb, &backend->vtable, 1) != 0) {
        return std::unexpected(library_error("open an object database"));
    }
    std::ignore = backend.release();  // The odb owns it now.
    git_repository* repository = nullptr;
    if (git_repository_wrap_odb(&repository, odb) != 0) {
        return std::unexpected(library_error("open a repository"));
    }
    lib->repository.reset(repository);
    git_config* config = nullptr;
    if (git_config_new(&config) != 0) {
        return std::unexpected(library_error("open a configuration"));
    }
    lib->config.reset(config);
    if (git_repository_set_config(repository, config) != 0) {
        return std::unexpected(library_error("open a configuration"));
    }
    return lib;
}

Result<TreeHandle> Repository::Libgit2::tree(const std::optional<Oid>& oid) const {
    if (!oid) {
        return TreeHandle();
    }
    const git_oid id = git2_oid(*oid);
    git_tree* tree = nullptr;
    const int verdict = git_tree_lookup(&tree, repository.get(), &id);
    if (verdict == GIT_ENOTFOUND) {
        return std::unexpected(Error(Code::NotFound, "no tree " + oid->hex()));
    }
    if (verdict != 0) {
        return std::unexpected(library_error("read a tree"));
    }
    return TreeHandle(tree);
}

Result<DiffHandle> Repository::Libgit2::diff(const std::optional<Oid>& old_tree,
                                             const std::optional<Oid>& new_tree,
                                             const DiffOptions& options) const {
    ORIGIN_TRY(before, tree(old_tree));
    ORIGIN_TRY(after, tree(new_tree));
    git_diff_options git2_options{};
    git_diff_options_init(&git2_options, GIT_DIFF_OPTIONS_VERSION);
    git2_options.flags = GIT_DIFF_INCLUDE_TYPECHANGE | GIT_DIFF_DISABLE_PATHSPEC_MATCH;
    git2_options.context_lines = options.context_lines;
    git2_options.max_size = static_cast<git_off_t>(kDiffFileBytesMax);
    std::string prefix = options.path_prefix;
    std::array<char*, 1> paths{prefix.data()};
    if (!prefix.empty()) {
        git2_options.pathspec = {.strings = paths.data(), .count = paths.size()};
    }
    git_diff* diff = nullptr;
    if (git_diff_tree_to_tree(&diff, repository.get(), before.get(), after.get(), &git2_options) !=
        0) {
        return std::unexpected(library_error("compare two trees"));
    }
    DiffHandle result(diff);
    if (options.find_renames) {
        git_diff_find_options find{};
        git_diff_find_options_init(&find, GIT_DIFF_FIND_OPTIONS_VERSION);
        find.flags = GIT_DIFF_FIND_RENAMES;
        if (git_diff_find_similar(diff, &find) != 0) {
            return std::unexpected(library_error("look for renamed files"));
        }
    }
    return result;
}

Repository::Repository(PackBuilder& builder) : builder_(builder) {}
Repository::~Repository() = default;

Status Repository::open() {
    if (lib_ == nullptr) {
        ORIGIN_TRY(lib, Libgit2::open(builder_));
        lib_ = std::move(lib);
    }
    return {};
}

Result<MergeOutcome> Repository::merge_trees(const std::optional<Oid>& base,
                                             const Oid& ours,
                                             const Oid& theirs) {
    ORIGIN_CHECK(open());
    ORIGIN_TRY(base_tree, lib_->tree(base));
    ORIGIN_TRY(our_tree, lib_->tree(ours));
    ORIGIN_TRY(their_tree, lib_->tree(theirs));
    git_merge_options options{};
    git_merge_options_init(&options, GIT_MERGE_OPTIONS_VERSION);
    git_index* raw_index = nullptr;
    if (git_merge_trees(&raw_index,
                        lib_->repository.get(),
                        base_tree.get(),
                        our_tree.get(),
                        their_tree.get(),
                        &options) != 0) {
        return std::unexpected(library_error("merge two trees"));
    }
    const IndexHandle index(raw_index);
    MergeOutcome outcome;
    if (git_index_has_conflicts(index.get()) == 0) {
        git_oid id{};
        if (git_index_write_tree_to(&id, index.get(), lib_->repository.get()) != 0) {
            return std::unexpected(library_error("write the merged tree"));
        }
        outcome.tree = oid_of(id);
        return outcome;
    }
    git_index_conflict_iterator* raw_conflicts = nullptr;
    if (git_index_conflict_iterator_new(&raw_conflicts, index.get()) != 0) {
        return std::unexpected(library_error("list the conflicts"));
    }
    const Libgit2Handle<git_index_conflict_iterator, git_index_conflict_iterator_free> conflicts(
        raw_conflicts);
    std::array<const git_index_entry*, 3> sides{};
    while (git_index_conflict_next(&sides[0], &sides[1], &sides[2], conflicts.get()) == 0) {
        MergeConflict conflict;
        for (const git_index_entry* side : sides) {
            if (side != nullptr) {
                conflict.path = side->path;
            }
        }
        conflict.base = side_of(sides[0]);
        conflict.ours = side_of(sides[1]);
        conflict.theirs = side_of(sides[2]);
        outcome.conflicts.push_back(std::move(conflict));
    }
    return outcome;
}

Result<Diff> Repository::diff(const std::optional<Oid>& old_tree,
                              const std::optional<Oid>& new_tree,
                              const DiffOptions& options) {
    ORIGIN_CHECK(open());
    ORIGIN_TRY(handle, lib_->diff(old_tree, new_tree, options));
    Diff diff;
    const std::size_t count = git_diff_num_deltas(handle.get());
    diff.is_truncated = count > options.files_max;
    for (std::size_t i = 0; i < std::min(count, options.files_max); ++i) {
        DiffEntry entry = entry_of(*git_diff_get_delta(handle.get(), i));
        if (options.count_lines) {
            ORIGIN_CHECK(count_lines(handle.get(), i, entry));
        }
        diff.files.push_back(std::move(entry));
    }
    return diff;
}

Result<Patch> Repository::patch(const std::optional<Oid>& old_tree,
                                const std::optional<Oid>& new_tree,
                                const DiffOptions& options) {
    ORIGIN_CHECK(open());
    ORIGIN_TRY(handle, lib_->diff(old_tree, new_tree, options));
    Patch patch;
    const std::size_t count = git_diff_num_deltas(handle.get());
    for (std::size_t i = 0; i < count && !patch.is_truncated; ++i) {
        ORIGIN_TRY(file, patch_of(handle.get(), i));
        git_buf text = GIT_BUF_INIT;
        if (file != nullptr && git_patch_to_buf(&text, file.get()) != 0) {
            return std::unexpected(library_error("print a patch"));
        }
        patch.is_truncated = patch.text.size() + text.size > options.patch_bytes_max;
        if (!patch.is_truncated && text.size > 0) {
            patch.text.append(text.ptr, text.size);
        }
        git_buf_dispose(&text);
    }
    return patch;
}

Result<Oid> Repository::edit_tree(const std::optional<Oid>& base, const TreeEdits& edits) {
    return git::edit_tree(builder_, base, edits);
}

Result<CommitLinks> Repository::commit_links(const Oid& oid) const {
    ORIGIN_TRY(object, builder_.read(oid));
    if (object.type != ObjectType::Commit) {
        return std::unexpected(
            Error(Code::InvalidInput, oid.hex() + " is not a commit").because("wrong_type"));
    }
    return parse_commit_links(object.data);
}

Result<std::vector<Oid>> Repository::merge_bases(const Oid& a, const Oid& b) const {
    return git::merge_bases([this](const Oid& oid) { return commit_links(oid); }, a, b);
}

Result<bool> Repository::is_ancestor(const Oid& ancestor, const Oid& descendant) const {
    return git::is_ancestor(
        [this](const Oid& oid) { return commit_links(oid); }, ancestor, descendant);
}

}  // namespace origin::git

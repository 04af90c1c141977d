// SPDX-License-Identifier: Apache-2.0
// git/serve/export: projects as ordinary bare repositories, for plain git and for going elsewhere.
// In: the store, and the packs on disk. Out: `<folder>/<client>/<slug>.git` for each project.
//
// A repository is written beside its place under another name, synced, and put there by one rename;
// an older export of the same project gives way in that same instant. Packs are hard links where
// the file system allows it, else copies. What is hidden (refs/origind/) is left out.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/id.h"
#include "git/serve/storage.h"
#include "store/store.h"

namespace origin::git {

struct ExportedProject {
    ProjectId id;
    std::string name;  // "client/slug"
    std::filesystem::path folder;
    std::size_t refs = 0;
    std::size_t packs = 0;
};

/// Every project that is not deleted, in the order of their ids.
/// Errors: those of export_project(); the projects before it stay exported.
Result<std::vector<ExportedProject>> export_projects(store::Store& store,
                                                     const Storage& storage,
                                                     const std::filesystem::path& folder);

/// Errors: NotFound; Conflict (`export_in_the_way`: something else is at that place); StorageFull;
///         Internal. These texts name paths: they are for the operator, who named the folder.
/// Blocks: links or copies packs, syncs.
Result<ExportedProject> export_project(store::Store& store,
                                       const Storage& storage,
                                       const ProjectId& project,
                                       const std::filesystem::path& folder);

}  // namespace origin::git

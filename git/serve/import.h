// SPDX-License-Identifier: Apache-2.0
// git/serve/import: a repository that was made elsewhere becomes a project.
// Two halves, for two processes. stage_import() reads the foreign folder (libgit2, in a confined
// child) and writes two plain files; import_staged() believes nothing of them: the pack passes the
// streaming intake, the refs move by ordinary pushes.
//
// Files: `refs` (git/odb/foreign_refs, serialize()), `objects.pack` (everything the refs reach).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "auth/identity.h"
#include "git/odb/foreign_repository.h"
#include "git/serve/push.h"

namespace origin::git {

/// Writes the two files into `staged`, which exists and is empty.
/// Errors: those of ForeignRepository; StorageFull; LimitExceeded (`pack_bytes`).
Status stage_import(const std::filesystem::path& source,
                    const std::filesystem::path& staged,
                    const ForeignRepository::Progress& progress);

struct ImportOrder {
    std::filesystem::path staged;
    auth::Identity owner;  // Whose project it becomes.
    std::string slug;
};

struct Imported {
    ProjectId project;
    std::string name;  // "client/slug"
    std::size_t refs = 0;
    std::uint32_t objects = 0;
    std::uint64_t pack_bytes = 0;
    std::vector<LeftOut> left_out;  // Refs that were not taken over, and why.
};

struct ImportAround {
    PushService& pushes;
    const auth::Gatekeeper& gatekeeper;
    Random& random;
};

/// Makes the project with the first push, which brings the pack; the other refs follow, at most
/// kImportRefsPerPush a push. If one of those fails the project is deleted again.
/// Errors: Conflict (`slug_taken`), InvalidInput (`bad_slug`, `bad_refs_text`; what the intake
///         says), NotFound (`not_staged`; or the owner may not create projects), StorageFull,
///         Corrupt.
/// Blocks: for as long as the pack takes.
Result<Imported> import_staged(const ImportAround& around, const ImportOrder& order);

}  // namespace origin::git

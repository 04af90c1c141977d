// SPDX-License-Identifier: Apache-2.0
// git/serve/mirror: a project as a bare repository for the process that pushes it elsewhere,
// without a copy of its packs: `objects/info/alternates` names the project's own folder, and what
// is in no pack yet (the journal) becomes a pack beside it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/id.h"
#include "git/odb/remote_push.h"
#include "git/serve/storage.h"
#include "store/store.h"

namespace origin::git {

struct MirrorSource {
    std::vector<PushedRef> refs;        // Of one instant; those shown to clients that match.
    std::size_t left_out = 0;           // That point at a tree or a blob: libgit2 cannot push them.
    std::filesystem::path pack_folder;  // To be read besides `folder`.
};

/// `folder` is made. Refs that only the server writes (refs/origind/, refs/deployments/) are never
/// among them, whatever the patterns say. Errors: NotFound; Corrupt; StorageFull; Internal.
/// Blocks: writes a pack of the journal.
Result<MirrorSource> make_mirror_source(store::Store& store,
                                        Storage& storage,
                                        const ProjectId& project,
                                        const std::vector<std::string>& patterns,
                                        const std::filesystem::path& folder);

}  // namespace origin::git

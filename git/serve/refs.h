// SPDX-License-Identifier: Apache-2.0
// git/serve/refs: the refs of a project, read from one snapshot.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/oid.h"
#include "git/wire/advertisement.h"
#include "store/rows/project.h"
#include "store/store.h"

namespace origin::git {

/// Refs nobody but the server writes or lists: generated pristine trees, builds.
inline constexpr std::string_view kHiddenPrefix = "refs/origind/";
inline constexpr std::size_t kReleasesShown = 20;  // Of each target.
/// Says what is live where: the server's word, so nobody else writes it.
inline constexpr std::string_view kDeploymentsPrefix = "refs/deployments/";

/// The target, if the name is refs/deployments/<target>/live: what is pushed there is a rollback.
std::optional<std::string> target_of_live_ref(std::string_view name);

/// Of the commit that holds what the build of `commit` left (deploy/builds).
std::string build_ref(const Oid& commit);

/// What clients are shown: heads, tags, notes, requirements. Sorted by name.
struct RefsSnapshot {
    AdvertisedHead head;
    std::vector<AdvertisedRef> refs;
};

/// Does a full ref name belong to what clients are shown?
bool is_shown(std::string_view name);

/// Errors: NotFound (the project), Corrupt.
Result<RefsSnapshot> read_refs(store::Reader& reader, const ProjectId& project);

/// The same for who fetches: also refs/deployments/<target>/live and <n>, of the last
/// kReleasesShown releases of each target. They are no rows: they say what the releases' rows say.
Result<RefsSnapshot> read_fetch_refs(store::Reader& reader, const ProjectId& project);

/// One ref, hidden ones too; nullopt if there is none.
Result<std::optional<store::RefRow>> find_ref(store::Reader& reader,
                                              const ProjectId& project,
                                              std::string_view name);

/// The sequence of the project's latest push; 0 before the first.
Result<std::uint64_t> latest_push(store::Reader& reader, const ProjectId& project);

/// The tip of a branch, tag or full ref name, or HEAD; or the id itself if `name` is 40 hex digits.
/// Peeled to a commit. It says nothing about whether the permit shows an id: see Visibility.
Result<std::optional<Oid>> resolve_name(store::Reader& reader,
                                        const ProjectId& project,
                                        std::string_view name);

}  // namespace origin::git

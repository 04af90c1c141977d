// SPDX-License-Identifier: Apache-2.0
// git/serve/revision: what is shown of a project, and the commit that a name means there.
#pragma once

#include <string>
#include <string_view>

#include "auth/identity.h"
#include "git/serve/fetch.h"
#include "git/serve/storage.h"
#include "store/rows/project.h"

namespace origin::git {

struct ProjectView {
    store::ProjectRow project;
    FetchView fetch;  // Its refs are the shown ones only.
};

/// Errors: NotFound, Corrupt.
Result<ProjectView> open_view(store::Reader& reader, Storage& storage, const auth::Permit& permit);

/// The commit that a branch, tag, full ref name, HEAD or 40 hex digits mean; empty is HEAD.
/// Errors: NotFound `ref_not_found`: there is none, or no shown ref reaches it; InvalidInput
///         `not_a_commit`.
Result<Oid> shown_commit(const ProjectView& view, std::string_view name);

/// The full name of the branch or tag that `name` means; empty: it is a commit's, or nothing's.
std::string shown_ref(const ProjectView& view, std::string_view name);

}  // namespace origin::git

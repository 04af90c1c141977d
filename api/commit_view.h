// SPDX-License-Identifier: Apache-2.0
// api/commit_view: what a permit shows of a repository: refs, and the commits that they reach.
#pragma once

#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "api/call.h"
#include "git/odb/objects.h"
#include "git/serve/fetch.h"
#include "store/rows/project.h"

namespace origin::api {

struct ProjectView {
    store::ProjectRow project;
    git::FetchView fetch;  // Its refs are the shown ones only.
};

/// One snapshot. Errors: NotFound, Corrupt.
Result<ProjectView> open_view(const Call& call, const auth::Permit& permit);

/// The commit that a branch, tag, full ref name, HEAD or 40 hex digits mean; empty is HEAD.
/// Errors: NotFound `ref_not_found`: there is none, or no shown ref reaches it; InvalidInput
///         `not_a_commit`.
Result<Oid> visible_commit(const ProjectView& view, std::string_view name);

/// Errors: NotFound, Corrupt.
Result<git::Commit> read_commit(const git::ObjectStore& objects, const Oid& oid);

boost::json::object commit_json(const Oid& oid, const git::Commit& commit);

}  // namespace origin::api

// SPDX-License-Identifier: Apache-2.0
// api/commit_view: what a permit shows of a repository: refs, and the commits that they reach.
#pragma once

#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "api/call.h"
#include "git/odb/objects.h"
#include "git/serve/revision.h"

namespace origin::api {

using git::ProjectView;
using git::shown_commit;
using git::shown_ref;

/// One snapshot. Errors: NotFound, Corrupt.
Result<ProjectView> open_view(const Call& call, const auth::Permit& permit);

/// Errors: NotFound, Corrupt.
Result<git::Commit> read_commit(const git::ObjectStore& objects, const Oid& oid);

boost::json::object commit_json(const Oid& oid, const git::Commit& commit);

}  // namespace origin::api

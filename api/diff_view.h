// SPDX-License-Identifier: Apache-2.0
// api/diff_view: what changed between two trees, as JSON.
#pragma once

#include <optional>
#include <string>

#include <boost/json/object.hpp>

#include "base/oid.h"
#include "base/result.h"
#include "git/odb/object_store.h"

namespace origin::api {

struct DiffWish {
    std::optional<Oid> old_tree;  // None: the empty tree.
    std::optional<Oid> new_tree;
    std::string path;  // Only this file or folder; empty: everything.
    bool with_patch = false;
};

/// Adds `files` (with counts of lines), `truncated` and, if wanted, `patch`.
/// Limits: kDiffFilesMax, kDiffPatchBytesMax. Errors: Corrupt.
Status add_diff(boost::json::object& body,
                const git::ObjectStoreRef& objects,
                const DiffWish& wish);

}  // namespace origin::api

// SPDX-License-Identifier: Apache-2.0
// git/serve/revision: the commit that a name means, of those that may be seen.
#pragma once

#include <string_view>

#include "git/serve/fetch.h"

namespace origin::git {

/// A branch, tag, full ref name, HEAD or 40 hex digits; empty is HEAD. `head`: the default branch's
/// full name. `view`: its refs are the shown ones only.
/// Errors: NotFound `ref_not_found`: there is none, or no shown ref reaches it; InvalidInput
///         `not_a_commit`.
Result<Oid> shown_commit(const FetchView& view, std::string_view head, std::string_view name);

}  // namespace origin::git

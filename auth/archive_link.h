// SPDX-License-Identifier: Apache-2.0
// auth/archive_link: a link to the files of one commit, for whoever holds it, until it expires:
// what a deployment's endpoint fetches without a key.
#pragma once

#include <string>
#include <string_view>

#include "auth/preview_link.h"
#include "auth/urls.h"
#include "base/id.h"
#include "base/oid.h"

namespace origin::auth {

/// "https://git.example/api/projects/prj_.../archive?ref=<40 hex>&origin_ticket=..."
std::string archive_link(const PreviewLinks& links,
                         const Urls& urls,
                         const ProjectId& project,
                         const Oid& commit,
                         UnixMillis expires_at);

/// Was the ticket made for this commit of this project, and is it still good?
bool is_archive_ticket(const PreviewLinks& links,
                       std::string_view ticket,
                       const ProjectId& project,
                       const Oid& commit,
                       UnixMillis now);

}  // namespace origin::auth

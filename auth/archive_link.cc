// SPDX-License-Identifier: Apache-2.0
#include "auth/archive_link.h"

namespace origin::auth {
namespace {

/// What the ticket is for. No host name has a space, so no preview's ticket opens an archive.
std::string subject_of(const ProjectId& project, const Oid& commit) {
    return "archive " + project.str() + " " + commit.hex();
}

}  // namespace

std::string archive_link(const PreviewLinks& links,
                         const Urls& urls,
                         const ProjectId& project,
                         const Oid& commit,
                         UnixMillis expires_at) {
    return urls.api("/projects/" + project.str() + "/archive") + "?ref=" + commit.hex() + "&" +
           std::string(kTicketParameter) + "=" +
           links.ticket(subject_of(project, commit), expires_at);
}

bool is_archive_ticket(const PreviewLinks& links,
                       std::string_view ticket,
                       const ProjectId& project,
                       const Oid& commit,
                       UnixMillis now) {
    return links.is_valid(ticket, subject_of(project, commit), now);
}

}  // namespace origin::auth

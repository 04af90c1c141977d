// SPDX-License-Identifier: Apache-2.0
// deploy/local_site: what the connector `local` does beside moving a pointer: its settings, host
// names of its own, and what the log says of a commit's `_headers` and `_redirects`.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/urls.h"
#include "base/oid.h"
#include "git/serve/storage.h"
#include "hooks/deployments.h"
#include "store/rows/deploy.h"
#include "store/store.h"
#include "website/site_settings.h"

namespace origin::deploy {

/// Errors: InvalidInput `unknown_setting`, `bad_setting`, `missing_secret`.
Status check_local(const std::map<std::string, std::string>& settings, bool has_secret);

/// Whose host names these are to be.
struct HostClaim {
    const ProjectId& project;
    std::string_view target;
    const store::TargetRow& before;
    const store::TargetRow& after;
    bool by_operator = false;  // Nobody else adds a name.
};

/// Gives the target the host names of its setting `hosts`, and frees those it no longer names. In
/// the transaction that writes the target's row.
/// Errors: Forbidden `operator_only`; Conflict `host_taken`: another target has it; InvalidInput
/// `bad_setting`: it is this server's own, or below the sites' domain.
Status claim_hosts(store::Writer& writer, const auth::Urls& urls, const HostClaim& claim);

/// Who may see what is live there: of a row that check_local() let in.
website::Access access_of(const store::TargetRow& row, std::string_view target);

/// What people are told when a commit goes live.
struct LocalNotes {
    std::optional<Oid> commit;  // Of the newest deployment that is open.
    std::vector<std::string> lines;
};

/// Nothing for another connector, and where nothing can be read. Blocks: reads the disk.
LocalNotes local_notes(store::Store& store,
                       git::Storage& storage,
                       const hooks::DeploySubject& subject);

}  // namespace origin::deploy

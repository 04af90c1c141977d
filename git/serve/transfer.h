// SPDX-License-Identifier: Apache-2.0
// git/serve/transfer: a project gets another owner. Plain functions for a store transaction.
#pragma once

#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "git/serve/quotas.h"
#include "store/rows/grant.h"
#include "store/rows/project.h"
#include "store/store.h"

namespace origin::git {

/// Projects in one transaction: each is some ten rows of kWriteRowsMax.
inline constexpr std::size_t kTransfersMax = 1000;

struct Transfer {
    ProjectId project;
    ClientId to;
    std::optional<store::Access> kept = {};  // What the owner before keeps; nullopt: nothing.
    ClientId by;
    UnixMillis now = 0;
    Quotas* quotas = nullptr;  // Of the new owner; null: not asked.
};

/// The project keeps its id, slug, site and grants; its URLs change with its owner's slug, and the
/// old ones are of nothing. Writes the event `project.transferred`.
/// Errors: NotFound: no such project, or `client_not_found`; Conflict (`slug_taken`: the new owner
///         has a project of that slug; `already_owner`; `client_disabled`); LimitExceeded
///         `quota_exceeded`: of the new owner's projects or bytes. After the transaction
///         both owners are to be forgotten by Quotas.
Result<store::ProjectRow> transfer_project(store::Writer& writer, const Transfer& transfer);

/// What a client owns. Errors: LimitExceeded `too_many_projects`: more than kTransfersMax.
Result<std::vector<ProjectId>> projects_of(store::Reader& reader, const ClientId& owner);

}  // namespace origin::git

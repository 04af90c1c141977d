// SPDX-License-Identifier: Apache-2.0
#include "store/store.h"

#include <array>

namespace origin::store {

std::string_view name_of(Table table) {
    static constexpr std::array<std::string_view, kTables> kNames = {"meta",
                                                                     "clients",
                                                                     "keys",
                                                                     "projects",
                                                                     "slugs",
                                                                     "refs",
                                                                     "ref_history",
                                                                     "packs",
                                                                     "pushes",
                                                                     "events",
                                                                     "events_by_project",
                                                                     "jobs",
                                                                     "jobs_ready",
                                                                     "runs",
                                                                     "targets",
                                                                     "rules",
                                                                     "deployments",
                                                                     "releases",
                                                                     "webhooks",
                                                                     "deliveries",
                                                                     "cursors",
                                                                     "idempotency",
                                                                     "sites",
                                                                     "ref_folds",
                                                                     "journal",
                                                                     "dead_packs",
                                                                     "jobs_leased",
                                                                     "grants",
                                                                     "key_uses",
                                                                     "key_pushes",
                                                                     "policies",
                                                                     "statuses",
                                                                     "audit",
                                                                     "open_deployments",
                                                                     "blob_digests",
                                                                     "gates",
                                                                     "tree_rules",
                                                                     "previews"};
    return kNames[static_cast<std::size_t>(table)];
}

Range Range::prefix(std::string_view prefix) {
    Range range{std::string(prefix), std::string(prefix)};
    // The first key after all that begin with the prefix: drop trailing 0xff, then count one up.
    while (!range.to.empty() && static_cast<unsigned char>(range.to.back()) == 0xff) {
        range.to.pop_back();
    }
    if (!range.to.empty()) {
        range.to.back() = static_cast<char>(static_cast<unsigned char>(range.to.back()) + 1);
    }
    return range;
}

}  // namespace origin::store

// SPDX-License-Identifier: Apache-2.0
// githttp/publications: which tree a site's host name shows at this moment (decisions D8 and D9).
// In: a site and a label. Out: the objects and the tree that is the site's root.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "auth/urls.h"
#include "base/id.h"
#include "base/oid.h"
#include "git/odb/object_store.h"
#include "git/serve/storage.h"
#include "githttp/lru.h"
#include "store/store.h"

namespace origin::githttp {

/// The target whose live deployment the site's plain host name shows.
inline constexpr std::string_view kProductionTarget = "production";

inline constexpr std::uint64_t kKeptSitesBytesMax = 4ULL * 1024 * 1024;  // About 15,000 sites.

/// How many bytes a label may have beside this site's name in one DNS label.
std::size_t preview_label_bytes_max(std::string_view site);

struct Publication {
    ProjectId project;
    Oid root;  // A tree: the commit's, or its folder publish_root.
};

struct Opened {
    Publication site;
    git::ObjectStoreRef objects;
};

/// Thread-safe.
class Publications {
public:
    Publications(store::Store& store, git::Storage& storage) : store_(store), storage_(storage) {}

    /// nullopt: no such site, nothing live there, or a commit that nothing shown reaches.
    /// Errors: Corrupt. Blocks: one read of the store; for `c-` labels perhaps a walk of at most
    /// kPreviewWalkCommitsMax commits, whose outcome is remembered until the project's next push.
    Result<std::optional<Opened>> find(const auth::SiteHost& host);

    /// What find() said of a live site, if no deployment, target, project or site has changed
    /// since: an acknowledged deployment is never answered with what was live before it.
    /// nullopt: ask find(). Never blocks.
    std::optional<Publication> at_hand(const auth::SiteHost& host);

private:
    /// How often the tables have changed that decide what a live site shows.
    using Versions = std::array<std::uint64_t, 3>;
    struct Kept {
        Versions versions;
        Publication site;
    };
    Versions versions() const;
    Result<std::optional<Opened>> read(const auth::SiteHost& host);
    /// What one snapshot of the store says.
    struct Look {
        ProjectId project;
        git::ObjectStoreRef objects;
        std::string publish_root;
        std::optional<Oid> commit;
        std::string prefix;     // Of the commit that a `c-` label asks for.
        std::vector<Oid> tips;  // Commits of the refs that everybody with a permit is shown.
        std::uint64_t last_push = 0;
    };
    Status look(store::Reader& reader, const auth::SiteHost& host, Look& look);
    Status look_at_label(store::Reader& reader, const auth::SiteHost& host, Look& look);
    Status look_at_commit(store::Reader& reader, Look& look);
    /// What an earlier request found out, if nothing was pushed since.
    std::optional<Oid> remembered(const Look& look);
    void remember(const Look& look);

    store::Store& store_;
    git::Storage& storage_;

    struct Reached {
        std::uint64_t last_push = 0;
        Oid commit;
    };
    Lru<Kept> kept_{kKeptSitesBytesMax};
    std::mutex mutex_;
    std::map<std::pair<ProjectId, std::string>, Reached> reached_;  // At most kPreviewCacheRowsMax.
};

}  // namespace origin::githttp

// SPDX-License-Identifier: Apache-2.0
// githttp/publications: which tree a site's host name shows at this moment (decisions D8 and D9).
// In: a site and a label. Out: the objects and the tree that is the site's root.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
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
#include "store/rows/deploy.h"
#include "store/store.h"
#include "website/site_settings.h"

namespace origin::githttp {

inline constexpr std::uint64_t kKeptSitesBytesMax = 4ULL * 1024 * 1024;  // About 15,000 sites.

/// Is it a commit's or a branch's: shown by a signed link, whatever a target says?
bool is_of_a_ref(const auth::SiteHost& host);

/// How many bytes a label may have beside this site's name in one DNS label.
std::size_t preview_label_bytes_max(std::string_view site);

struct Publication {
    ProjectId project;
    Oid root;  // A tree: the commit's, or its folder publish_root, or what its build left.
    website::Access access = website::Access::Public;
    bool spa = false;
    std::string target = {};         // Whose deployment it is; empty: a commit or a branch.
    std::string sealed_secret = {};  // Of the target: the password, if `access` wants one.
};
using PublicationRef = std::shared_ptr<const Publication>;

struct Opened {
    PublicationRef site;
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

    /// What find() said of a target's site, if no deployment, target, project or site has changed
    /// since: an acknowledged deployment is never answered with what was live before it.
    /// Null: ask find(). Never blocks.
    PublicationRef at_hand(const auth::SiteHost& host);

    /// The site that has this host name (in lower case, without a port) of its own. nullopt: none.
    /// Errors: Corrupt. Blocks: one read of the store.
    Result<std::optional<auth::SiteHost>> find_host(const std::string& host);
    /// What find_host() said, if it still holds. Never blocks.
    std::optional<auth::SiteHost> host_at_hand(std::string_view host);

private:
    /// How often the tables have changed that decide what a live site shows.
    using Versions = std::array<std::uint64_t, 3>;
    struct Kept {
        Versions versions;
        PublicationRef site;
    };
    struct KeptHost {
        Versions versions;
        auth::SiteHost host;
    };
    Versions versions() const;
    Result<std::optional<Opened>> read(const auth::SiteHost& host);
    /// What one snapshot of the store says.
    struct Look {
        ProjectId project;
        git::ObjectStoreRef objects;
        std::string publish_root;
        Publication site;
        std::optional<Oid> commit;
        std::optional<Oid> built;  // The commit that holds what its build left.
        std::string prefix;        // Of the commit that a `c-` label asks for.
        std::vector<Oid> tips;     // Commits of the refs that everybody with a permit is shown.
        std::uint64_t last_push = 0;
    };
    Status look(store::Reader& reader, const auth::SiteHost& host, Look& look);
    Status look_at_label(store::Reader& reader, const auth::SiteHost& host, Look& look);
    Status look_at_commit(store::Reader& reader, Look& look);
    static Status look_for_build(store::Reader& reader, Look& look);
    /// What an earlier request found out, if nothing was pushed since.
    std::optional<Oid> remembered(const Look& look);
    void remember(const Look& look);

    store::Store& store_;
    git::Storage& storage_;

    struct Reached {
        std::uint64_t last_push = 0;
        Oid commit;
    };
    Status look_at_target(store::Reader& reader, const store::TargetRow& target, Look& look);

    Lru<Kept> kept_{kKeptSitesBytesMax};
    Lru<KeptHost> hosts_{kKeptSitesBytesMax};
    std::mutex mutex_;
    std::map<std::pair<ProjectId, std::string>, Reached> reached_;  // At most kPreviewCacheRowsMax.
};

}  // namespace origin::githttp

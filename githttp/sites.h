// SPDX-License-Identifier: Apache-2.0
// githttp/sites: live sites and previews, served straight from the object database by host name.
// In: a GET of a site's host. Out: a file of the tree that the host shows. Nothing else lives here:
// no Authorization is read, no API, no Git, no CORS.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "auth/preview_link.h"
#include "auth/urls.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "git/serve/storage.h"
#include "githttp/password_gate.h"
#include "githttp/preview_gate.h"
#include "githttp/publications.h"
#include "githttp/site_tree.h"
#include "net/http.h"
#include "store/store.h"

namespace origin::githttp {

/// Thread-safe. What it is given outlives it.
class Sites {
public:
    struct Around {
        store::Store& store;
        git::Storage& storage;
        const auth::Urls& urls;
        const auth::PreviewLinks& links;
        const Clock& clock;
        OpenSecret open_secret;
        Later later;
        std::filesystem::path codings;  // A folder for what can be made again.
        Metrics& metrics;
    };
    explicit Sites(const Around& around);

    net::Begun begin(const net::RequestHead& head, const auth::SiteHost& host);
    /// The site that has a host name of its own. Errors: Corrupt. Blocks: one read of the store.
    Result<std::optional<auth::SiteHost>> find_host(std::string_view host);
    std::optional<auth::SiteHost> host_at_hand(std::string_view host);
    /// The answer, if all of it is at hand: a live site's file that was asked for lately. Never
    /// blocks.
    std::optional<net::Response> at_once(const net::RequestHead& head, const auth::SiteHost& host);

private:
    net::Response answer(const net::RequestHead& head, const auth::SiteHost& host);
    net::Begun login(const net::RequestHead& head, const auth::SiteHost& host);
    std::optional<net::Response> stop(const net::RequestHead& head,
                                      const auth::SiteHost& host,
                                      const Publication* site) const;
    net::Response show(const net::RequestHead& head,
                       const std::string& path,
                       const std::optional<Opened>& found);

    Publications publications_;
    SiteCaches caches_;
    PreviewGate gate_;
    PasswordGate passwords_;
};

}  // namespace origin::githttp

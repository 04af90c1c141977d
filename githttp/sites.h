// SPDX-License-Identifier: Apache-2.0
// githttp/sites: live sites and previews, served straight from the object database by host name.
// In: a GET of a site's host. Out: a file of the tree that the host shows. Nothing else lives here:
// no Authorization is read, no API, no Git, no CORS.
#pragma once

#include <optional>
#include <string>

#include "auth/preview_link.h"
#include "auth/urls.h"
#include "base/clock.h"
#include "git/serve/storage.h"
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
    };
    explicit Sites(const Around& around);

    net::Begun begin(const net::RequestHead& head, const auth::SiteHost& host);
    /// The answer, if all of it is at hand: a live site's file that was asked for lately. Never
    /// blocks.
    std::optional<net::Response> at_once(const net::RequestHead& head, const auth::SiteHost& host);

private:
    net::Response answer(const net::RequestHead& head, const auth::SiteHost& host);
    Result<net::Response> open(const net::RequestHead& head,
                               const auth::SiteHost& host,
                               const std::string& path);

    Publications publications_;
    SiteCaches caches_;
    PreviewGate gate_;
};

}  // namespace origin::githttp

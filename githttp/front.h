// SPDX-License-Identifier: Apache-2.0
// githttp/front: the first look at every HTTP request: whose host, which door.
// In: a request's head. Out: what the site, the Git door, the API or a page answers; 421 for a host
// that is not ours (decision D9).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "auth/urls.h"
#include "githttp/git_door.h"
#include "githttp/sites.h"
#include "net/http.h"

namespace origin::githttp {

/// Thread-safe. What it is given outlives it.
class Front final : public net::Handler {
public:
    struct Around {
        const auth::Urls& urls;
        auth::RateLimits& limits;  // The doors count for themselves.
        GitDoor& git;
        Sites& sites;
        net::Handler& api;  // /api, /healthz, /readyz, /metrics.
    };
    explicit Front(const Around& around);

    net::Begun begin(const net::RequestHead& head) override;
    std::optional<net::Response> at_once(const net::RequestHead& head) override;

private:
    bool is_main_host(std::string_view host) const;
    std::optional<net::Response> count(const net::RequestHead& head);
    net::Begun begin_main(const net::RequestHead& head);

    Around around_;
    bool loopback_ = false;  // public_url names this machine: each of its loopback names is good.
};

}  // namespace origin::githttp

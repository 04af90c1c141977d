// SPDX-License-Identifier: Apache-2.0
// githttp/preview_gate: lets a visitor see a private preview: a signed link first, a cookie then.
// In: a request to a preview's host. Out: nothing (go on), or a redirect that sets the cookie, or
// 403. No other credential is looked at: the page's own scripts share its origin.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "auth/preview_link.h"
#include "base/clock.h"
#include "net/http.h"

namespace origin::githttp {

class PreviewGate {
public:
    /// `secure`: the cookie may travel over HTTPS only. Lifetime: `links` and `clock` outlive it.
    PreviewGate(const auth::PreviewLinks& links, const Clock& clock, bool secure)
        : links_(links), clock_(clock), secure_(secure) {}

    /// nullopt: the visitor may see it. `head.path` has passed site_path().
    std::optional<net::Response> stop(const net::RequestHead& head) const;

private:
    net::Response exchange(const net::RequestHead& head, std::string_view ticket) const;

    const auth::PreviewLinks& links_;
    const Clock& clock_;
    bool secure_;
};

}  // namespace origin::githttp

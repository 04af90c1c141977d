// SPDX-License-Identifier: Apache-2.0
// githttp/password_gate: a site with a password: a small form, then a cookie of that host.
// In: a request to the site's host. Out: nothing (go on), the form, or what became of a try.
// HTTP Basic is not read (decision D9): a page of the site could not be kept from it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "auth/failure_table.h"
#include "auth/preview_link.h"
#include "base/clock.h"
#include "githttp/publications.h"
#include "net/http.h"

namespace origin::githttp {

/// Where the form is sent to. No site has a file there: its first segment begins with a dot.
inline constexpr std::string_view kLoginPath = "/.origin/login";
inline constexpr std::size_t kLoginBodyBytesMax = 4096;

/// Opens a target's sealed secret.
using OpenSecret = std::function<Result<std::string>(
    const ProjectId& project, std::string_view target, std::string_view sealed)>;

/// Thread-safe. What it is given outlives it.
class PasswordGate {
public:
    struct Around {
        const auth::PreviewLinks& links;
        const Clock& clock;
        OpenSecret open;
        bool secure = false;  ///< The cookie may travel over HTTPS only.
    };
    explicit PasswordGate(Around around) : around_(std::move(around)), failures_(around_.clock) {}

    /// nullopt: the visitor has a good cookie: one that was given for this host and this password.
    std::optional<net::Response> stop(const net::RequestHead& head, const Publication& site) const;

    /// A try: `password` and `to`, a path of the site, as a form. An address that fails five times
    /// waits for longer and longer.
    net::Begun login(const net::RequestHead& head, PublicationRef site);

private:
    net::Response judge(const net::RequestHead& head,
                        const Publication& site,
                        const std::string& body);
    bool is_right(const Publication& site, std::string_view password) const;

    const Around around_;
    auth::FailureTable failures_;
};

}  // namespace origin::githttp

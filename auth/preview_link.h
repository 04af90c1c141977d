// SPDX-License-Identifier: Apache-2.0
// auth/preview_link: a link that shows one private preview, to whoever holds it, until it expires.
// Format of a ticket: <expiry, Unix seconds, decimal> "." <base64url of HMAC-SHA-256(key,
// "preview\n" host "\n" expiry)>. The same ticket travels in the link's query and then in a cookie.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/log.h"

namespace origin::auth {

inline constexpr std::string_view kTicketParameter = "origin_ticket";

class PreviewLinks {
public:
    /// `key`: any secret bytes that last, derived from the master key.
    explicit PreviewLinks(Secret key) : key_(std::move(key)) {}

    /// `host`: the preview's host name in lower case, without a port.
    std::string ticket(std::string_view host, UnixMillis expires_at) const;
    /// False: malformed, for another host, altered or expired.
    bool is_valid(std::string_view ticket, std::string_view host, UnixMillis now) const;
    /// When a valid ticket ends, in Unix seconds.
    static std::int64_t expiry_of(std::string_view ticket);

private:
    Secret key_;
};

/// `url` ("http://host[:port]/") as a signed link: "http://host/?origin_ticket=...".
std::string signed_link(const PreviewLinks& links, std::string_view url, UnixMillis expires_at);

}  // namespace origin::auth

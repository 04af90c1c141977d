// SPDX-License-Identifier: Apache-2.0
// githttp/ticket_cookie: a signed ticket (auth/preview_link.h) as a cookie of one host.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "net/http.h"

namespace origin::githttp {

/// A host's name without its port. A site's host is a name, never an IPv6 address.
std::string_view without_port(std::string_view host);

/// Takes the text before `separator` off `rest`.
std::string_view take_item(std::string_view& rest, char separator);

/// The value of `name=value`; nullopt for anything else.
std::optional<std::string_view> value_of_item(std::string_view item, std::string_view name);

/// Is there a cookie of this name whose value is good? Another site of the domain can plant one
/// beside ours: the first kPreviewCookiesMax are tried.
bool has_good_cookie(const net::RequestHead& head,
                     std::string_view name,
                     const std::function<bool(std::string_view)>& is_good);

/// The value of Set-Cookie: for this host alone, out of reach of scripts. `secure`: HTTPS only.
std::string ticket_cookie(std::string_view name,
                          std::string_view ticket,
                          std::int64_t seconds,
                          bool secure);

}  // namespace origin::githttp

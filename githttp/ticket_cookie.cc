// SPDX-License-Identifier: Apache-2.0
#include "githttp/ticket_cookie.h"

#include <algorithm>

#include "base/limits.h"

namespace origin::githttp {

std::string_view without_port(std::string_view host) {
    return host.substr(0, host.find(':'));
}

std::string_view take_item(std::string_view& rest, char separator) {
    const std::string_view item = rest.substr(0, rest.find(separator));
    rest.remove_prefix(std::min(rest.size(), item.size() + 1));
    return item;
}

std::optional<std::string_view> value_of_item(std::string_view item, std::string_view name) {
    if (!item.starts_with(name) || item.size() == name.size() || item[name.size()] != '=') {
        return std::nullopt;
    }
    return item.substr(name.size() + 1);
}

bool has_good_cookie(const net::RequestHead& head,
                     std::string_view name,
                     const std::function<bool(std::string_view)>& is_good) {
    std::string_view cookies = head.header("cookie");
    std::size_t tried = 0;
    while (!cookies.empty() && tried < kPreviewCookiesMax) {
        std::string_view item = take_item(cookies, ';');
        item.remove_prefix(std::min(item.find_first_not_of(' '), item.size()));
        if (const auto value = value_of_item(item, name)) {
            ++tried;
            if (is_good(*value)) {
                return true;
            }
        }
    }
    return false;
}

std::string ticket_cookie(std::string_view name,
                          std::string_view ticket,
                          std::int64_t seconds,
                          bool secure) {
    return std::string(name) + "=" + std::string(ticket) +
           "; Path=/; Max-Age=" + std::to_string(seconds) + "; HttpOnly; SameSite=Lax" +
           (secure ? "; Secure" : "");
}

}  // namespace origin::githttp

// SPDX-License-Identifier: Apache-2.0
#include "githttp/preview_gate.h"

#include <algorithm>

#include "base/limits.h"
#include "githttp/pages.h"

namespace origin::githttp {
namespace {

constexpr std::string_view kCookie = "origin_preview";
constexpr std::int64_t kMillisPerSecond = 1000;

std::string_view without_port(std::string_view host) {
    return host.substr(0, host.find(':'));  // A site's host is a name, never an IPv6 address.
}

/// Takes the text before `separator` off `rest`.
std::string_view take(std::string_view& rest, char separator) {
    const std::string_view item = rest.substr(0, rest.find(separator));
    rest.remove_prefix(std::min(rest.size(), item.size() + 1));
    return item;
}

/// The value of `name=value`; nullopt for anything else.
std::optional<std::string_view> value_of(std::string_view item, std::string_view name) {
    if (!item.starts_with(name) || item.size() == name.size() || item[name.size()] != '=') {
        return std::nullopt;
    }
    return item.substr(name.size() + 1);
}

/// A raw query taken apart: the ticket, and the rest as the site's own scripts will see it. A
/// ticket has no character that needs an escape, so nothing is decoded.
struct SplitQuery {
    std::string_view ticket;
    std::string rest;
};

SplitQuery split(std::string_view query) {
    SplitQuery parts;
    while (!query.empty()) {
        const std::string_view item = take(query, '&');
        if (const auto ticket = value_of(item, auth::kTicketParameter)) {
            parts.ticket = *ticket;
        } else {
            parts.rest.append(parts.rest.empty() ? "?" : "&").append(item);
        }
    }
    return parts;
}

}  // namespace

std::optional<net::Response> PreviewGate::stop(const net::RequestHead& head) const {
    const std::string_view host = without_port(head.host);
    const SplitQuery query = split(head.query);
    if (!query.ticket.empty() && links_.is_valid(query.ticket, host, clock_.now())) {
        return exchange(head, query.ticket);
    }
    if (has_good_cookie(head, host)) {
        return std::nullopt;
    }
    net::Response response =
        plain(403,
              "This preview is private. Ask for a fresh link: the one you followed has expired, or "
              "it was for another page.");
    response.headers.push_back({"Referrer-Policy", "no-referrer"});
    return response;
}

net::Response PreviewGate::exchange(const net::RequestHead& head, std::string_view ticket) const {
    const std::int64_t left =
        auth::PreviewLinks::expiry_of(ticket) - clock_.now() / kMillisPerSecond;
    std::string cookie = std::string(kCookie) + "=" + std::string(ticket) +
                         "; Path=/; Max-Age=" + std::to_string(left) + "; HttpOnly; SameSite=Lax";
    if (secure_) {
        cookie += "; Secure";
    }
    net::Response response = plain(303, "The page is at the same address without the ticket.");
    response.headers.push_back({"Location", head.path + split(head.query).rest});
    response.headers.push_back({"Set-Cookie", std::move(cookie)});
    response.headers.push_back({"Referrer-Policy", "no-referrer"});
    return response;
}

bool PreviewGate::has_good_cookie(const net::RequestHead& head, std::string_view host) const {
    std::string_view cookies = head.header("cookie");
    std::size_t tried = 0;
    // Another site of the domain can plant a cookie of this name beside ours: try a few.
    while (!cookies.empty() && tried < kPreviewCookiesMax) {
        std::string_view item = take(cookies, ';');
        item.remove_prefix(std::min(item.find_first_not_of(' '), item.size()));
        if (const auto ticket = value_of(item, kCookie)) {
            ++tried;
            if (links_.is_valid(*ticket, host, clock_.now())) {
                return true;
            }
        }
    }
    return false;
}

}  // namespace origin::githttp

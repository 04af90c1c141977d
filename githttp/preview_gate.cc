// SPDX-License-Identifier: Apache-2.0
#include "githttp/preview_gate.h"

#include "githttp/pages.h"
#include "githttp/ticket_cookie.h"

namespace origin::githttp {
namespace {

constexpr std::string_view kCookie = "origin_preview";
constexpr std::int64_t kMillisPerSecond = 1000;

/// A raw query taken apart: the ticket, and the rest as the site's own scripts will see it. A
/// ticket has no character that needs an escape, so nothing is decoded.
struct SplitQuery {
    std::string_view ticket;
    std::string rest;
};

SplitQuery split(std::string_view query) {
    SplitQuery parts;
    while (!query.empty()) {
        const std::string_view item = take_item(query, '&');
        if (const auto ticket = value_of_item(item, auth::kTicketParameter)) {
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
    const bool has_been_here = has_good_cookie(head, kCookie, [&](std::string_view ticket) {
        return links_.is_valid(ticket, host, clock_.now());
    });
    if (has_been_here) {
        return std::nullopt;
    }
    net::Response response =
        plain(403,
              "This page is private. Ask for a fresh link: the one you followed has expired, or "
              "it was for another page.");
    response.headers.push_back({"Referrer-Policy", "no-referrer"});
    return response;
}

net::Response PreviewGate::exchange(const net::RequestHead& head, std::string_view ticket) const {
    const std::int64_t left =
        auth::PreviewLinks::expiry_of(ticket) - clock_.now() / kMillisPerSecond;
    net::Response response = plain(303, "The page is at the same address without the ticket.");
    response.headers.push_back({"Location", head.path + split(head.query).rest});
    response.headers.push_back({"Set-Cookie", ticket_cookie(kCookie, ticket, left, secure_)});
    response.headers.push_back({"Referrer-Policy", "no-referrer"});
    return response;
}

}  // namespace origin::githttp

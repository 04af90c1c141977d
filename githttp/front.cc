// SPDX-License-Identifier: Apache-2.0
#include "githttp/front.h"

#include <algorithm>
#include <array>

#include "githttp/git_path.h"
#include "githttp/git_refusal.h"
#include "githttp/pages.h"
#include "net/door_codes.h"

namespace origin::githttp {
namespace {

constexpr std::array<std::string_view, 3> kOperations = {"/healthz", "/readyz", "/metrics"};
constexpr std::size_t kIpv4Parts = 4;

bool is_api(std::string_view path) {
    return path == "/api" || path.starts_with("/api/") ||
           std::ranges::find(kOperations, path) != kOperations.end();
}

bool is_digits(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// 127.0.0.0/8 as four decimal numbers of one to three digits.
bool is_loopback_ipv4(std::string_view name) {
    for (std::size_t part = 0; part < kIpv4Parts; ++part) {
        const std::size_t dot = std::min(name.find('.'), name.size());
        const std::string_view number = name.substr(0, dot);
        if (!is_digits(number) || number.size() > 3 || (part == 0 && number != "127") ||
            (dot == name.size()) != (part + 1 == kIpv4Parts)) {
            return false;
        }
        name.remove_prefix(std::min(dot + 1, name.size()));
    }
    return true;
}

/// "localhost", "127.x.y.z" or "[::1]", with any port.
bool is_loopback(std::string_view host) {
    const std::size_t colon = host.rfind(':');
    const std::size_t bracket = host.rfind(']');
    if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
        if (!is_digits(host.substr(colon + 1))) {
            return false;
        }
        host = host.substr(0, colon);
    }
    return host == "localhost" || host == "[::1]" || is_loopback_ipv4(host);
}

bool knows_who_asks(GitCall call) {
    return call == GitCall::InfoRefs || call == GitCall::UploadPack || call == GitCall::ReceivePack;
}

}  // namespace

Front::Front(const Around& around)
    : around_(around), loopback_(is_loopback(around.urls.public_host())) {}

bool Front::is_main_host(std::string_view host) const {
    return host == around_.urls.public_host() || (loopback_ && is_loopback(host));
}

std::optional<net::Response> Front::at_once(const net::RequestHead& head) {
    if (head.local_operator) {
        return std::nullopt;
    }
    auto site = around_.urls.site_of(head.host);
    if (!site && !is_main_host(head.host)) {
        site = around_.sites.host_at_hand(head.host);
    }
    auto response = site ? around_.sites.at_once(head, *site) : std::nullopt;
    if (response) {  // Else begin() counts it.
        if (auto refused = count(head)) {
            return refused;
        }
    }
    return response;
}

net::Begun Front::begin(const net::RequestHead& head) {
    if (head.local_operator) {
        return begin_main(head);
    }
    auto site = around_.urls.site_of(head.host);
    if (!site && is_main_host(head.host)) {
        return begin_main(head);
    }
    if (auto refused = count(head)) {
        return std::move(*refused);
    }
    if (!site) {
        auto found = around_.sites.find_host(head.host);
        if (!found) {
            return plain(net::http_status_of(found.error().code()), "The page cannot be read now.");
        }
        site = std::move(*found);
    }
    return site ? around_.sites.begin(head, *site)
                : plain(421, "This server does not answer for that host name.");
}

/// What anybody may ask for is counted by address.
std::optional<net::Response> Front::count(const net::RequestHead& head) {
    if (head.local_operator) {
        return std::nullopt;
    }
    const auto excess = around_.limits.take(auth::Counted::Requests, auth::Party::at(head.peer));
    return excess ? std::optional(git_refusal(*excess)) : std::nullopt;
}

net::Begun Front::begin_main(const net::RequestHead& head) {
    if (is_api(head.path)) {
        return around_.api.begin(head);
    }
    const bool home = head.path == "/";
    const auto path = home ? std::nullopt : parse_git_path(head.path);
    if (path && knows_who_asks(path->call)) {
        return around_.git.begin(head, *path);
    }
    if (auto refused = count(head)) {
        return std::move(*refused);
    }
    if (!home && (!path || path->call != GitCall::Page)) {
        return path ? around_.git.begin(head, *path) : git_refusal(404);
    }
    if (head.method != "GET" && head.method != "HEAD") {
        return read_only();
    }
    return home ? home_page(around_.urls) : project_page(around_.urls, path->project);
}

}  // namespace origin::githttp

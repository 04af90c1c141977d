// SPDX-License-Identifier: Apache-2.0
#include "githttp/password_gate.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/limits.h"
#include "crypto/encode.h"
#include "crypto/hash.h"
#include "crypto/hmac.h"
#include "githttp/pages.h"
#include "githttp/ticket_cookie.h"
#include "net/address.h"
#include "net/http_text.h"
#include "net/string_sink.h"

namespace origin::githttp {
namespace {

constexpr std::string_view kCookie = "origin_site";
constexpr std::size_t kIpv6NetworkBytes = 8;

/// What a ticket is signed for: another host, target or password makes another one of it. A link's
/// ticket is for a host's name alone, which holds no newline.
std::string scope_of(const net::RequestHead& head, const Publication& site) {
    return "password\n" + std::string(without_port(head.host)) + "\n" +
           crypto::hex(site.project.view()) + "\n" + site.target + "\n" +
           crypto::hex(crypto::sha256(site.sealed_secret));
}

/// Who is counted: an address, of IPv6 its /64; and for which site.
std::string party_of(const net::RequestHead& head, const Publication& site) {
    std::string who = head.peer;
    if (const auto address = net::Address::parse(head.peer); address && !address->is_v4()) {
        who.assign(reinterpret_cast<const char*>(address->bytes.data()), kIpv6NetworkBytes);
    }
    return who + "\n" + std::string(site.project.view()) + site.target;
}

/// A path of this site: nothing that a browser takes for another host.
std::string safe_path(std::string_view to) {
    const bool good = to.starts_with('/') && !to.starts_with("//") && !to.contains('\\') &&
                      std::ranges::all_of(to, [](char c) { return c > ' ' && c < '\x7f'; }) &&
                      !to.starts_with(kLoginPath);
    return good ? std::string(to) : "/";
}

net::Response form(int status, std::string_view to, std::string_view sentence) {
    return login_page(status, {.action = kLoginPath, .to = to, .sentence = sentence});
}

}  // namespace

std::optional<net::Response> PasswordGate::stop(const net::RequestHead& head,
                                                const Publication& site) const {
    const std::string scope = scope_of(head, site);
    const bool good =
        !site.sealed_secret.empty() && has_good_cookie(head, kCookie, [&](std::string_view ticket) {
            return around_.links.is_valid(ticket, scope, around_.clock.now());
        });
    if (good) {
        return std::nullopt;
    }
    return form(403, head.path + (head.query.empty() ? "" : "?" + head.query), {});
}

net::Begun PasswordGate::login(const net::RequestHead& head, PublicationRef site) {
    if (!head.header("content-type").starts_with("application/x-www-form-urlencoded")) {
        return plain(415, "The form sends application/x-www-form-urlencoded.");
    }
    return std::make_unique<net::StringSink>(
        kLoginBodyBytesMax, [this, &head, site = std::move(site)](const std::string& body) {
            return net::Reply(judge(head, *site, body));
        });
}

net::Response PasswordGate::judge(const net::RequestHead& head,
                                  const Publication& site,
                                  const std::string& body) {
    const std::string party = party_of(head, site);
    if (const auto wait = failures_.wait_for(party); wait.count() > 0) {
        net::Response response = plain(429, "Too many wrong passwords. Try again later.");
        response.headers.push_back({"Retry-After", std::to_string(wait.count())});
        return response;
    }
    const auto sent = net::parse_query(body);
    const std::string to = safe_path(sent ? sent->get("to").value_or("/") : "/");
    if (!sent || !is_right(site, sent->get("password").value_or(""))) {
        failures_.record(party);
        return form(403, to, "That is not the password.");
    }
    const std::string ticket = around_.links.ticket(
        scope_of(head, site), around_.clock.now() + Milliseconds(kPreviewLinkKept).count());
    net::Response response = plain(303, "You are in.");
    response.headers.push_back({"Location", to});
    response.headers.push_back(
        {"Set-Cookie",
         ticket_cookie(
             kCookie, ticket, std::chrono::seconds(kPreviewLinkKept).count(), around_.secure)});
    return response;
}

bool PasswordGate::is_right(const Publication& site, std::string_view password) const {
    const auto wanted = around_.open(site.project, site.target, site.sealed_secret);
    return wanted && !wanted->empty() &&
           crypto::constant_time_equal(crypto::sha256(*wanted), crypto::sha256(password));
}

}  // namespace origin::githttp

// SPDX-License-Identifier: Apache-2.0
#include "auth/preview_link.h"

#include <charconv>

#include "base/limits.h"
#include "crypto/encode.h"
#include "crypto/hmac.h"

namespace origin::auth {
namespace {

/// A ticket that would live longer was signed while the clock was wrong. Minutes for clocks that
/// are set a little back.
constexpr Milliseconds kLongest = kPreviewLinkKept + std::chrono::minutes(5);

std::string sign(const Secret& key, std::string_view host, std::string_view expiry) {
    std::string message = "preview\n";
    message.append(host).append("\n").append(expiry);
    return crypto::base64url(crypto::hmac_sha256(key.reveal(), message));
}

}  // namespace

std::string PreviewLinks::ticket(std::string_view host, UnixMillis expires_at) const {
    const std::string expiry = std::to_string(expires_at / 1000);
    return expiry + "." + sign(key_, host, expiry);
}

std::int64_t PreviewLinks::expiry_of(std::string_view ticket) {
    std::int64_t seconds = 0;
    const std::string_view digits = ticket.substr(0, ticket.find('.'));
    const auto [end, error] = std::from_chars(digits.begin(), digits.end(), seconds);
    return error == std::errc{} && end == digits.end() ? seconds : 0;
}

bool PreviewLinks::is_valid(std::string_view ticket, std::string_view host, UnixMillis now) const {
    const std::size_t dot = ticket.find('.');
    if (dot == std::string_view::npos) {
        return false;
    }
    const std::string expected = sign(key_, host, ticket.substr(0, dot));
    return crypto::constant_time_equal(ticket.substr(dot + 1), expected) &&
           expiry_of(ticket) > now / 1000 && expiry_of(ticket) <= (now + kLongest.count()) / 1000;
}

std::string signed_link(const PreviewLinks& links, std::string_view url, UnixMillis expires_at) {
    std::string_view host = url.substr(url.find("://") + 3);
    host = host.substr(0, host.find_first_of(":/"));
    return std::string(url) + "?" + std::string(kTicketParameter) + "=" +
           links.ticket(host, expires_at);
}

}  // namespace origin::auth

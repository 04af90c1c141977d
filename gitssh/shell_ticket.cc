// SPDX-License-Identifier: Apache-2.0
#include "gitssh/shell_ticket.h"

#include <charconv>

#include "crypto/encode.h"
#include "crypto/hmac.h"

namespace origin::gitssh {

std::string ShellTickets::sign(std::string_view signed_part) const {
    return crypto::base64url(
        crypto::hmac_sha256(key_.reveal(), "ssh shell\n" + std::string(signed_part)));
}

std::string ShellTickets::make(std::string_view blob, UnixMillis now) const {
    const std::string expiry = std::to_string(now / 1000 + kShellTicketLife.count());
    const std::string encoded = crypto::base64url(blob);
    return expiry + "." + encoded + "." + sign(expiry + "\n" + encoded);
}

std::optional<std::string> ShellTickets::blob_of(std::string_view ticket, UnixMillis now) const {
    const std::size_t first = ticket.find('.');
    const std::size_t last = ticket.rfind('.');
    if (first == std::string_view::npos || first == last) {
        return std::nullopt;
    }
    const std::string_view expiry = ticket.substr(0, first);
    const std::string_view encoded = ticket.substr(first + 1, last - first - 1);
    const std::string expected = sign(std::string(expiry) + "\n" + std::string(encoded));
    if (!crypto::constant_time_equal(ticket.substr(last + 1), expected)) {
        return std::nullopt;
    }
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(expiry.begin(), expiry.end(), seconds);
    if (error != std::errc{} || end != expiry.end() || seconds <= now / 1000 ||
        seconds > now / 1000 + kShellTicketLife.count()) {
        return std::nullopt;
    }
    return crypto::base64url_decode(encoded);
}

}  // namespace origin::gitssh

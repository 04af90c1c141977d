// SPDX-License-Identifier: Apache-2.0
// gitssh/shell_ticket: how sshd's word travels from its AuthorizedKeysCommand, which may ask the
// server, to `origind ssh-shell`, which runs as a user that may not: "who logs in held this key".
// Format: <expiry, Unix seconds> "." <base64url of the key's blob> "." <base64url of
// HMAC-SHA-256(key, "ssh shell\n" expiry "\n" the base64url of the blob)>.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/log.h"

namespace origin::gitssh {

/// sshd asks for the ticket when a key is offered; a touch of a hardware key may take its time.
inline constexpr std::chrono::seconds kShellTicketLife{180};

class ShellTickets {
public:
    /// `key`: secret bytes that last, derived from the master key.
    explicit ShellTickets(Secret key) : key_(std::move(key)) {}

    /// `blob`: an SSH public key as RFC 4253 6.6 sends it.
    std::string make(std::string_view blob, UnixMillis now) const;
    /// The blob. None: malformed, altered, expired, or from the future.
    std::optional<std::string> blob_of(std::string_view ticket, UnixMillis now) const;

private:
    std::string sign(std::string_view signed_part) const;

    Secret key_;
};

}  // namespace origin::gitssh

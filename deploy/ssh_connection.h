// SPDX-License-Identifier: Apache-2.0
// deploy/ssh_connection: a client's connection over libssh2, to one of the addresses it is given,
// if the host key is the pinned one. libssh2 has had remote memory bugs, so this runs in a confined
// child process only (decision D5). Blocks.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "git/odb/remote_streams.h"

namespace origin::deploy {

struct SshPeer {
    std::string host;                    // For messages.
    std::vector<std::string> addresses;  // Numbers, judged by the parent; tried in this order.
    std::uint16_t port = 0;
    std::string user;
    std::string host_key;  // See HostKeyPin.
    Secret private_key;    // OpenSSH's form.
};

/// A program over there. Errors: Unavailable `connection_lost`.
using SshChannel = git::RemoteStream;

/// A socket to the first address that answers; it does not block. Errors: Unavailable
/// `connect_failed`.
Result<int> connect_to_peer(const SshPeer& peer);

class SshConnection {
public:
    /// Errors: Unavailable `connect_failed`, `handshake_failed`; Forbidden `wrong_host_key`: with
    ///         both fingerprints; Unauthenticated `key_refused`; those of HostKeyPin and
    ///         check_private_key().
    static Result<std::unique_ptr<SshConnection>> open(const SshPeer& peer);
    virtual ~SshConnection() = default;

    /// Lifetime: the channel borrows the connection. Errors: InvalidInput `no_such_service`.
    virtual Result<std::unique_ptr<SshChannel>> subsystem(std::string_view name) = 0;
    virtual Result<std::unique_ptr<SshChannel>> command(std::string_view line) = 0;
};

/// To be called before the process is confined.
void use_libssh2();

}  // namespace origin::deploy

// SPDX-License-Identifier: Apache-2.0
// net/listening_socket: a bound and listening socket, TCP or Unix, before Asio takes it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/result.h"

namespace origin::net {

class ListeningSocket {
public:
    /// `host` must be an address. Port 0: a free one.
    /// Errors: InvalidInput `bad_address`; Unavailable `cannot_listen`.
    static Result<ListeningSocket> tcp(const std::string& host, std::uint16_t port);
    /// Mode 0600; a stale socket at `path` is replaced, anything else is not.
    static Result<ListeningSocket> unix_path(const std::string& path);

    ListeningSocket(const ListeningSocket&) = delete;
    ListeningSocket& operator=(const ListeningSocket&) = delete;
    ListeningSocket(ListeningSocket&& other) noexcept
        : fd_(std::exchange(other.fd_, -1)),
          family_(other.family_),
          path_(std::exchange(other.path_, {})) {}
    ListeningSocket& operator=(ListeningSocket&&) = delete;
    /// Closes what was not released; removes a Unix socket's path.
    ~ListeningSocket();

    int family() const { return family_; }
    bool is_unix() const { return !path_.empty(); }
    std::uint16_t port() const;
    /// The descriptor is the caller's from now on.
    int release() { return std::exchange(fd_, -1); }

private:
    ListeningSocket(int fd, int family) : fd_(fd), family_(family) {}
    Status listen(const void* address, std::size_t bytes, const std::string& shown);

    int fd_;
    int family_;
    std::string path_;
};

}  // namespace origin::net

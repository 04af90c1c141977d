// SPDX-License-Identifier: Apache-2.0
#include "net/listening_socket.h"

#include <cerrno>
#include <cstring>
#include <memory>

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace origin::net {

namespace {

constexpr int kSocketFlags = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;

struct FreeAddresses {
    void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

std::unexpected<Error> cannot_listen(const std::string& where) {
    const int error = errno;
    return std::unexpected(Error(Code::Unavailable,
                                 "The server cannot listen there.",
                                 where + ": " + std::strerror(error))
                               .because("cannot_listen"));
}

std::unexpected<Error> bad_address(const std::string& where) {
    return std::unexpected(Error(Code::InvalidInput, "That is no address to listen on.", where)
                               .because("bad_address"));
}

}  // namespace

Status ListeningSocket::listen(const void* address, std::size_t bytes, const std::string& shown) {
    const int on = 1;
    const bool is_tcp = family_ != AF_UNIX;
    if (fd_ < 0 || (is_tcp && ::setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) ||
        ::bind(fd_, static_cast<const sockaddr*>(address), static_cast<socklen_t>(bytes)) != 0) {
        return cannot_listen(shown);
    }
    path_ = is_tcp ? "" : shown;
    // Nobody can connect before listen(), and by then the mode is right.
    if ((!is_tcp && ::chmod(path_.c_str(), 0600) != 0) || ::listen(fd_, SOMAXCONN) != 0) {
        return cannot_listen(shown);
    }
    return {};
}

Result<ListeningSocket> ListeningSocket::tcp(const std::string& host, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
        return bad_address(host);
    }
    const std::unique_ptr<addrinfo, FreeAddresses> list(found);
    ListeningSocket socket(::socket(found->ai_family, kSocketFlags, 0), found->ai_family);
    ORIGIN_CHECK(
        socket.listen(found->ai_addr, found->ai_addrlen, host + ":" + std::to_string(port)));
    return socket;
}

Result<ListeningSocket> ListeningSocket::unix_path(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path) {
        return bad_address(path);
    }
    std::memcpy(address.sun_path, path.data(), path.size());
    struct stat old{};
    if (::lstat(path.c_str(), &old) == 0 && S_ISSOCK(old.st_mode)) {
        ::unlink(path.c_str());  // Of a server that was killed: the data folder's lock is ours.
    }
    ListeningSocket socket(::socket(AF_UNIX, kSocketFlags, 0), AF_UNIX);
    ORIGIN_CHECK(socket.listen(&address, sizeof address, path));
    return socket;
}

ListeningSocket::~ListeningSocket() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
    if (!path_.empty()) {
        ::unlink(path_.c_str());
    }
}

std::uint16_t ListeningSocket::port() const {
    sockaddr_storage bound{};
    socklen_t size = sizeof bound;
    if (is_unix() || ::getsockname(fd_, reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
        return 0;
    }
    return ntohs(bound.ss_family == AF_INET6
                     ? reinterpret_cast<const sockaddr_in6&>(bound).sin6_port
                     : reinterpret_cast<const sockaddr_in&>(bound).sin_port);
}

}  // namespace origin::net

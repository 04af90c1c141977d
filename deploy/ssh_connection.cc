// SPDX-License-Identifier: Apache-2.0
#include "deploy/ssh_connection.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <libssh2.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/utf8.h"
#include "deploy/ssh_keys.h"

namespace origin::deploy {
namespace {

constexpr int kConnectMs = 15'000;
constexpr long kSilenceMs = 30'000;  // The longest the server may say nothing.
constexpr std::size_t kSaidBytesMax = 300;

struct Socket {
    int fd = -1;
    Socket() = default;
    explicit Socket(int opened) : fd(opened) {}
    Socket(Socket&& other) noexcept : fd(std::exchange(other.fd, -1)) {}
    Socket& operator=(Socket&& other) noexcept {
        std::swap(fd, other.fd);
        return *this;
    }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    ~Socket() {
        if (fd >= 0) {
            ::close(fd);
        }
    }
};

struct EndSession {
    void operator()(LIBSSH2_SESSION* session) const {
        libssh2_session_set_timeout(session, 1000);  // A server that hangs is not waited for.
        libssh2_session_disconnect(session, "done");
        libssh2_session_free(session);
    }
};
using Session = std::unique_ptr<LIBSSH2_SESSION, EndSession>;

std::unexpected<Error> failed(Code code, std::string reason, const std::string& what) {
    return std::unexpected(Error(code, what).because(std::move(reason)));
}

std::string said(LIBSSH2_SESSION* session) {
    char* text = nullptr;
    int length = 0;
    const int code = libssh2_session_last_error(session, &text, &length, 0);
    const std::string_view words =
        text == nullptr ? std::string_view()
                        : std::string_view(text, static_cast<std::size_t>(std::max(length, 0)));
    return printable(words.substr(0, kSaidBytesMax)) + " (libssh2 " + std::to_string(code) + ")";
}

/// Returns: -1 and errno.
int connect_to(const std::string& address, std::uint16_t port) {
    sockaddr_in v4{};
    sockaddr_in6 v6{};
    v4.sin_family = AF_INET;
    v6.sin6_family = AF_INET6;
    v4.sin_port = v6.sin6_port = htons(port);
    const bool is_v4 = ::inet_pton(AF_INET, address.c_str(), &v4.sin_addr) == 1;
    if (!is_v4 && ::inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr) != 1) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    const auto* to =
        is_v4 ? reinterpret_cast<const sockaddr*>(&v4) : reinterpret_cast<const sockaddr*>(&v6);
    Socket made(
        ::socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (made.fd < 0) {
        return -1;
    }
    int failed = ::connect(made.fd, to, is_v4 ? sizeof v4 : sizeof v6) == 0 ? 0 : errno;
    if (failed == EINPROGRESS) {
        pollfd waiting{made.fd, POLLOUT, 0};
        socklen_t size = sizeof failed;
        if (::poll(&waiting, 1, kConnectMs) <= 0) {
            failed = ETIMEDOUT;
        } else if (::getsockopt(made.fd, SOL_SOCKET, SO_ERROR, &failed, &size) != 0) {
            failed = errno;
        }
    }
    if (failed != 0) {
        errno = failed;
        return -1;
    }
    const int on = 1;
    ::setsockopt(made.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return std::exchange(made.fd, -1);
}

Result<Socket> connect_to_one(const SshPeer& peer) {
    ORIGIN_TRY(fd, connect_to_peer(peer));
    return Socket(fd);
}

class Libssh2Channel final : public SshChannel {
public:
    Libssh2Channel(LIBSSH2_SESSION* session, LIBSSH2_CHANNEL* channel)
        : session_(session), channel_(channel) {}
    Libssh2Channel(const Libssh2Channel&) = delete;
    Libssh2Channel& operator=(const Libssh2Channel&) = delete;
    // The session frees its channels: closing one would wait for the server.
    ~Libssh2Channel() override = default;

    Status write(std::string_view bytes) override {
        while (!bytes.empty()) {
            const auto sent = libssh2_channel_write(channel_, bytes.data(), bytes.size());
            if (sent < 0) {
                return lost();
            }
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return {};
    }

    Result<std::size_t> read(std::span<char> bytes) override {
        const auto got = libssh2_channel_read(channel_, bytes.data(), bytes.size());
        if (got < 0) {
            return lost();
        }
        return static_cast<std::size_t>(got);
    }

private:
    std::unexpected<Error> lost() const {
        const bool silent = libssh2_session_last_errno(session_) == LIBSSH2_ERROR_TIMEOUT;
        return failed(Code::Unavailable,
                      "connection_lost",
                      silent ? "the server says nothing any more"
                             : "the connection to the server was lost: " + said(session_));
    }

    LIBSSH2_SESSION* session_;
    LIBSSH2_CHANNEL* channel_;
};

class Libssh2Connection final : public SshConnection {
public:
    Libssh2Connection(Socket socket, Session session)
        : socket_(std::move(socket)), session_(std::move(session)) {}

    Result<std::unique_ptr<SshChannel>> subsystem(std::string_view name) override {
        return begin("subsystem", name);
    }
    Result<std::unique_ptr<SshChannel>> command(std::string_view line) override {
        return begin("exec", line);
    }

private:
    Result<std::unique_ptr<SshChannel>> begin(std::string_view kind, std::string_view what) {
        LIBSSH2_CHANNEL* channel = libssh2_channel_open_session(session_.get());
        if (channel == nullptr ||
            libssh2_channel_process_startup(channel,
                                            kind.data(),
                                            static_cast<unsigned>(kind.size()),
                                            what.data(),
                                            static_cast<unsigned>(what.size())) != 0) {
            return failed(Code::InvalidInput,
                          "no_such_service",
                          "the server takes no '" + printable(what.substr(0, 100)) +
                              "' from this user: " + said(session_.get()));
        }
        return std::make_unique<Libssh2Channel>(session_.get(), channel);
    }

    Socket socket_;
    Session session_;
};

/// A handshake for one kind of host key. Returns: the key's blob; nullopt: the server has no such.
struct Greeted {
    Socket socket;
    Session session;
    std::string host_key;
};

Result<std::optional<Greeted>> greet(const SshPeer& peer, const std::string& kind) {
    ORIGIN_TRY(socket, connect_to_one(peer));
    Session session(libssh2_session_init());
    if (session == nullptr) {
        return failed(Code::Internal, "internal", "libssh2 has no memory");
    }
    libssh2_session_set_timeout(session.get(), kSilenceMs);
    if (libssh2_session_method_pref(session.get(), LIBSSH2_METHOD_HOSTKEY, kind.c_str()) != 0) {
        return std::nullopt;
    }
    const int code = libssh2_session_handshake(session.get(), socket.fd);
    if (code == LIBSSH2_ERROR_KEX_FAILURE || code == LIBSSH2_ERROR_KEY_EXCHANGE_FAILURE) {
        return std::nullopt;
    }
    if (code != 0) {
        return failed(Code::Unavailable,
                      "handshake_failed",
                      peer.host + " did not finish the SSH handshake: " + said(session.get()));
    }
    std::size_t size = 0;
    int type = 0;
    const char* blob = libssh2_session_hostkey(session.get(), &size, &type);
    std::string key = blob == nullptr ? std::string() : std::string(blob, size);
    return Greeted{std::move(socket), std::move(session), std::move(key)};
}

std::unexpected<Error> wrong_host_key(const SshPeer& peer,
                                      const HostKeyPin& pin,
                                      const std::string& shown) {
    return failed(Code::Forbidden,
                  "wrong_host_key",
                  shown.empty()
                      ? peer.host +
                            " and libssh2 1.10 agree on no host key or cipher (it has "
                            "ed25519 and ECDSA keys, and encrypt-and-MAC alone); pinned is " +
                            pin.fingerprint()
                      : "the host key of " + peer.host + " is " + shown +
                            ", and not the pinned one, " + pin.fingerprint() +
                            ": somebody is in between, or the server has a new key");
}

Result<Greeted> greet_pinned(const SshPeer& peer) {
    ORIGIN_TRY(pin, HostKeyPin::parse(peer.host_key));
    std::string shown;
    for (const std::string& kind : pin.kinds()) {
        ORIGIN_TRY(greeted, greet(peer, kind));
        if (greeted && pin.matches(greeted->host_key)) {
            return std::move(*greeted);
        }
        if (greeted) {
            shown += (shown.empty() ? "" : ", ") + fingerprint_of(greeted->host_key);
        }
    }
    return wrong_host_key(peer, pin, shown);
}

Status log_in(const SshPeer& peer, LIBSSH2_SESSION* session) {
    const std::string& key = peer.private_key.reveal();
    const int code = libssh2_userauth_publickey_frommemory(
        session, peer.user.c_str(), peer.user.size(), nullptr, 0, key.c_str(), key.size(), nullptr);
    if (code == 0) {
        return {};
    }
    if (code == LIBSSH2_ERROR_SOCKET_RECV || code == LIBSSH2_ERROR_SOCKET_SEND ||
        code == LIBSSH2_ERROR_TIMEOUT || code == LIBSSH2_ERROR_SOCKET_DISCONNECT) {
        return failed(
            Code::Unavailable, "connection_lost", "the login broke off: " + said(session));
    }
    return failed(
        Code::Unauthenticated,
        "key_refused",
        peer.host + " does not let the user '" + printable(peer.user) +
            "' in with this key (is its public half in authorized_keys?): " + said(session));
}

}  // namespace

Result<int> connect_to_peer(const SshPeer& peer) {
    int why = 0;
    for (const std::string& address : peer.addresses) {
        const int made = connect_to(address, peer.port);
        if (made >= 0) {
            return made;
        }
        why = errno;
    }
    return failed(Code::Unavailable,
                  "connect_failed",
                  "nobody answers at " + peer.host + ", port " + std::to_string(peer.port) + ": " +
                      std::strerror(why));
}

void use_libssh2() {
    libssh2_init(0);
}

Result<std::unique_ptr<SshConnection>> SshConnection::open(const SshPeer& peer) {
    ORIGIN_CHECK(check_private_key(peer.private_key.reveal()));
    ORIGIN_TRY(greeted, greet_pinned(peer));
    ORIGIN_CHECK(log_in(peer, greeted.session.get()));
    return std::make_unique<Libssh2Connection>(std::move(greeted.socket),
                                               std::move(greeted.session));
}

}  // namespace origin::deploy

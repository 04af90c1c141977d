// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "origind/commands.h"
#include "origind/environment.h"

namespace origin {
namespace {

constexpr int kGitFailed = 128;
constexpr std::size_t kPieceBytes = 64 * 1024;
constexpr std::size_t kHeadBytes = 5;

int fail(const std::string& why) {
    std::fprintf(stderr, "origind: %s\n", why.c_str());
    return kGitFailed;
}

/// Returns: -1: it cannot be reached.
int connect_to(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        return -1;
    }
    std::memcpy(address.sun_path, path.data(), path.size());
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 &&
        ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        ::close(fd);
        return -1;
    }
    return fd;
}

bool write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t n = ::write(fd, bytes.data(), bytes.size());
        if (n <= 0 && errno != EINTR) {
            return false;
        }
        bytes.remove_prefix(n > 0 ? static_cast<std::size_t>(n) : 0);
    }
    return true;
}

/// Standard input to the server; its pieces to standard output and error.
/// Format: gitssh/shell_door.h.
class Pump {
public:
    Pump(int fd, std::string hello) : fd_(fd), to_server_(std::move(hello)) {}

    /// Returns: the exit status.
    int run() {
        while (!status_) {
            const bool reads = to_server_.empty() && !has_ended_;
            std::array<pollfd, 2> waits{
                {{.fd = reads ? 0 : -1, .events = POLLIN, .revents = 0},
                 {.fd = fd_,
                  .events = static_cast<short>(to_server_.empty() ? POLLIN : POLLIN | POLLOUT),
                  .revents = 0}}};
            if (::poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR) {
                return fail("poll failed");
            }
            if (waits[0].revents != 0) {
                read_input();
            }
            if ((waits[1].revents & POLLOUT) != 0 && !send()) {
                to_server_.clear();  // It has an answer already, perhaps.
                has_ended_ = true;
            }
            if ((waits[1].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && !receive()) {
                return fail("the connection to the server ended");
            }
        }
        return *status_;
    }

private:
    void read_input() {
        std::array<char, kPieceBytes> piece;
        const ssize_t n = ::read(0, piece.data(), piece.size());
        if (n > 0) {
            to_server_.assign(piece.data(), static_cast<std::size_t>(n));
        } else if (n == 0 || errno != EINTR) {
            has_ended_ = true;
            ::shutdown(fd_, SHUT_WR);
        }
    }

    bool send() {
        const ssize_t n =
            ::send(fd_, to_server_.data(), to_server_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n > 0) {
            to_server_.erase(0, static_cast<std::size_t>(n));
        }
        return n > 0 || errno == EAGAIN || errno == EINTR;
    }

    bool receive() {
        std::array<char, kPieceBytes> piece;
        const ssize_t n = ::recv(fd_, piece.data(), piece.size(), MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            return true;
        }
        return n > 0 && take({piece.data(), static_cast<std::size_t>(n)});
    }

    /// Returns: false when nobody takes the output any more.
    bool take(std::string_view bytes) {
        while (!bytes.empty() && !status_) {
            if (head_.size() < kHeadBytes) {
                head_ += bytes.front();
                bytes.remove_prefix(1);
                continue;
            }
            const std::size_t count = std::min(bytes.size(), left());
            const std::string_view part = bytes.substr(0, count);
            if (head_[0] == 'x') {
                status_ = static_cast<unsigned char>(part[0]);
            } else if (!write_all(head_[0] == 'e' ? 2 : 1, part)) {
                return false;
            }
            done_ += count;
            bytes.remove_prefix(count);
            if (left() == 0) {
                head_.clear();
                done_ = 0;
            }
        }
        return true;
    }

    /// Of the piece under way.
    std::size_t left() const {
        std::size_t size = 0;
        for (const char c : head_.substr(1)) {
            size = size << 8 | static_cast<unsigned char>(c);
        }
        return size - done_;
    }

    int fd_;
    std::string to_server_;
    bool has_ended_ = false;  // Standard input, or whoever takes it.
    std::string head_;
    std::size_t done_ = 0;
    std::optional<int> status_;
};

/// "ADDRESS PORT ADDRESS PORT", as sshd sets it after all that a client may set.
std::string client_address() {
    const std::string connection = variable("SSH_CONNECTION");
    return connection.substr(0, connection.find(' '));
}

}  // namespace

int run_ssh_shell(const SshShellOptions& options) {
    const std::string ticket = variable("ORIGIND_TICKET");
    const std::string line = variable("SSH_ORIGINAL_COMMAND");
    const std::string protocol = variable("GIT_PROTOCOL");
    if (ticket.empty()) {
        return fail("there is no ticket; this is for sshd alone (docs/ssh.md)");
    }
    const std::string address = client_address();
    if ((ticket + address + protocol + line).find('\n') != std::string::npos) {
        return fail("the command has more than one line");
    }
    const std::string first = address.empty() ? ticket : ticket + " " + address;
    const std::string hello = first + "\n" + protocol + "\n" + line + "\n";
    const int fd = connect_to(options.socket);
    if (fd < 0) {
        return fail("the server does not answer; try again later");
    }
    const int status = Pump(fd, hello).run();
    ::close(fd);
    return status;
}

}  // namespace origin

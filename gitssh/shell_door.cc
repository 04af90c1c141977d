// SPDX-License-Identifier: Apache-2.0
#include "gitssh/shell_door.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <semaphore>
#include <system_error>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/thread_name.h"
#include "gitssh/limits.h"
#include "net/address.h"

namespace origin::gitssh {
namespace {

constexpr int kGitFailed = 128;
constexpr int kPauseMilliseconds = 20;
constexpr mode_t kForAll = 0666;

/// Each read and each write may take so long.
void limit(int fd, std::chrono::seconds most) {
    const timeval time{.tv_sec = most.count(), .tv_usec = 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
}

void pause() {
    ::poll(nullptr, 0, kPauseMilliseconds);
}

bool send_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n <= 0) {
            return false;
        }
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

bool send_piece(int fd, char kind, std::string_view bytes) {
    const auto size = static_cast<std::uint32_t>(bytes.size());
    const std::string head = {kind,
                              static_cast<char>(size >> 24U),
                              static_cast<char>(size >> 16U),
                              static_cast<char>(size >> 8U),
                              static_cast<char>(size)};
    return send_all(fd, head) && send_all(fd, bytes);
}

void finish(int fd, int status, const std::string& complaint) {
    if (complaint.empty() || send_piece(fd, 'e', complaint)) {
        send_piece(fd, 'x', std::string(1, static_cast<char>(status)));
    }
}

struct Hello {
    std::string ticket;
    /// Of sshd's client; empty: it was not told. For the log alone: the login user tells it.
    std::string address;
    std::string protocol;
    std::string line;
};

/// Empty if it is none: a zone, sshd's "UNKNOWN", or what somebody made up.
std::string address_in(std::string_view text) {
    const auto address = net::Address::parse(text);
    return address ? address->str() : "";
}

/// Byte by byte, so that nothing is taken of what comes after it; it is a few hundred.
std::optional<Hello> read_hello(int fd, const Clock& clock) {
    std::array<std::string, 3> lines;
    std::size_t at = 0;
    const auto end = clock.steady() + kShellHelloMax;
    for (std::size_t bytes = 0; bytes < kShellHelloBytesMax && clock.steady() < end; ++bytes) {
        char byte = 0;
        if (::recv(fd, &byte, 1, 0) != 1) {
            return std::nullopt;
        }
        if (byte != '\n') {
            lines[at] += byte;
        } else if (++at == lines.size()) {
            const std::string_view first = lines[0];
            const std::size_t space = first.find(' ');
            return Hello{.ticket = std::string(first.substr(0, space)),
                         .address = space == first.npos ? "" : address_in(first.substr(space + 1)),
                         .protocol = std::move(lines[1]),
                         .line = std::move(lines[2])};
        }
    }
    return std::nullopt;
}

Error stranger() {
    return {Code::Unauthenticated, "this key does not open anything here, or not any more"};
}

}  // namespace

ShellDoor::~ShellDoor() {
    stop(std::chrono::seconds{0});
    for (const int fd : {listener_, wake_}) {
        if (fd >= 0) {
            ::close(fd);
        }
    }
}

Status ShellDoor::listen(const std::string& path) {
    ORIGIN_TRY(socket, net::ListeningSocket::unix_path(path));
    socket_.emplace(std::move(socket));
    listener_ = socket_->release();
    wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake_ < 0 || ::chmod(path.c_str(), kForAll) != 0) {
        return std::unexpected(Error(Code::Unavailable,
                                     "the socket of ssh-shell cannot be opened",
                                     std::strerror(errno))
                                   .because("cannot_listen"));
    }
    return {};
}

void ShellDoor::start() {
    thread_ = std::thread([this] {
        name_thread("ssh-shell");
        accept_all();
    });
}

void ShellDoor::begin_stop(std::chrono::seconds grace) {
    if (!thread_.joinable() || stopping_) {
        return;
    }
    ends_at_ = around_.clock.steady() + grace;
    stopping_ = true;
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake_, &one, sizeof one);
}

void ShellDoor::stop(std::chrono::seconds grace) {
    if (!thread_.joinable()) {
        return;
    }
    begin_stop(grace);
    thread_.join();
    const auto left = std::max(ends_at_ - around_.clock.steady(), std::chrono::nanoseconds{0});
    std::unique_lock lock(mutex_);
    const auto all_over = [this] {
        return std::ranges::all_of(connections_, [](const auto& each) { return each->is_over; });
    };
    if (!one_less_.wait_for(lock, left, all_over)) {
        cut_off_ = true;
        for (const auto& each : connections_) {
            if (!each->is_over) {
                ::shutdown(each->fd, SHUT_RDWR);
            }
        }
        one_less_.wait(lock, all_over);
    }
    lock.unlock();
    reap();
}

void ShellDoor::accept_all() {
    while (!stopping_) {
        std::array<pollfd, 2> waits{{{.fd = listener_, .events = POLLIN, .revents = 0},
                                     {.fd = wake_, .events = POLLIN, .revents = 0}}};
        ::poll(waits.data(), waits.size(), -1);
        const int fd = stopping_ ? -1 : ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd >= 0) {
            admit(fd);
        } else if (!stopping_ && errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
            pause();  // No descriptors: somebody will end.
        }
    }
    ::close(std::exchange(listener_, -1));  // Nobody is to wait in its queue.
}

void ShellDoor::admit(int fd) {
    reap();
    const std::lock_guard lock(mutex_);
    if (connections_.size() >= kShellCommandsMax) {
        around_.metrics.counter("ssh_connections_refused_total").add();
        ::close(fd);
        return;
    }
    connections_.push_back(std::make_unique<Connection>());
    Connection& connection = *connections_.back();
    connection.fd = fd;
    try {
        connection.thread = std::thread([this, &connection] {
            name_thread("ssh-shell");
            serve(connection);
            const std::lock_guard over(mutex_);
            connection.is_over = true;
            ::close(connection.fd);
            one_less_.notify_all();
        });
    } catch (const std::system_error&) {  // The machine has no more threads.
        connections_.pop_back();
        ::close(fd);
    }
}

void ShellDoor::reap() {
    std::list<std::unique_ptr<Connection>> ended;
    {
        const std::lock_guard lock(mutex_);
        for (auto each = connections_.begin(); each != connections_.end();) {
            const auto next = std::next(each);
            if ((*each)->is_over) {
                ended.splice(ended.end(), connections_, each);
            }
            each = next;
        }
    }
    for (const auto& each : ended) {
        each->thread.join();
    }
}

bool ShellDoor::may_join(Connection& connection, const ClientId& client) {
    const std::lock_guard lock(mutex_);
    const auto others = std::ranges::count_if(connections_, [&](const auto& each) {
        return !each->is_over && each->client && *each->client == client;
    });
    if (static_cast<std::size_t>(others) >= kShellCommandsPerClient) {
        return false;
    }
    connection.client = client;
    return true;
}

void ShellDoor::serve(Connection& connection) {
    limit(connection.fd, kShellHelloMax);
    if (const Status served = begin(connection); !served) {
        around_.metrics.counter("ssh_commands_refused_total").add();
        finish(connection.fd, kGitFailed, "origind: " + served.error().told_to_peer() + "\n");
    }
}

/// Errors: for the peer.
Status ShellDoor::begin(Connection& connection) {
    const auto hello = read_hello(connection.fd, around_.clock);
    if (!hello) {
        return std::unexpected(Error(Code::InvalidInput, "that was no command"));
    }
    limit(connection.fd, kStalledMax);
    const auto blob = around_.tickets.blob_of(hello->ticket, around_.clock.now());
    const auto identity = blob ? around_.gatekeeper.identify_ssh(*blob)
                               : Result<auth::Identity>(std::unexpected(stranger()));
    const auth::Caller caller{.peer = hello->address, .via = "ssh-shell"};
    if (!identity) {
        around_.metrics.counter("ssh_auth_refused_total").add();
        around_.gatekeeper.note_refused_ssh(
            blob.value_or(""), caller, blob ? identity.error().kept_in_log() : "bad ticket");
        return std::unexpected(stranger());
    }
    if (identity->key) {
        around_.gatekeeper.notes().used(*identity->key, caller);
    }
    if (!may_join(connection, identity->client)) {
        return std::unexpected(Error(Code::LimitExceeded, "too many commands of yours run"));
    }
    if (hello->line.empty()) {
        send_piece(connection.fd, 'o', greeting(*identity));
        finish(connection.fd, 0, {});
        return {};
    }
    ORIGIN_TRY(command, git::parse_ssh_command(hello->line));
    around_.metrics.counter("ssh_commands_total").add();
    around_.log.info("ssh command",
                     {{"client", identity->client.str()},
                      {"service", std::string(git::name_of(command.service))},
                      {"peer", hello->address.empty() ? "sshd" : hello->address},
                      {"through", "sshd"}});
    GitExchange exchange(
        around_.git, *identity, std::move(command), git::parse_protocol_version(hello->protocol));
    run(connection.fd, exchange);
    return {};
}

/// Input, a visit, its output, and again, until it is done or the peer has gone.
void ShellDoor::run(int fd, GitExchange& exchange) {
    std::string in;
    bool ended = false;
    while (true) {
        std::string out;
        const GitExchange::State state = visit(exchange, in, ended, out);
        in.clear();
        if (cut_off_ || (!out.empty() && !send_piece(fd, 'o', out))) {
            return;
        }
        if (state == GitExchange::State::Done || (state == GitExchange::State::Input && ended)) {
            finish(fd, exchange.exit_status(), exchange.complaint());
            return;
        }
        if (state == GitExchange::State::Wait) {
            pause();
        }
        if (state == GitExchange::State::Input) {
            in.resize(kVisitBytes);
            const ssize_t n = ::recv(fd, in.data(), in.size(), 0);
            if (n < 0) {
                finish(fd, kGitFailed, "origind: nothing came for too long\n");
                return;
            }
            in.resize(static_cast<std::size_t>(n));
            ended = n == 0;
        }
    }
}

/// On the workers, like every visit, so that nobody gets more of them than others.
GitExchange::State ShellDoor::visit(GitExchange& exchange,
                                    const std::string& input,
                                    bool ended,
                                    std::string& out) {
    GitExchange::State state = GitExchange::State::Done;
    std::binary_semaphore done(0);
    net::WorkerPool::Task task = [&] {
        state = exchange.visit(input, ended, out);
        done.release();
    };
    // NOLINTNEXTLINE(bugprone-use-after-move): what is not taken is left as it was.
    while (!around_.workers.submit(std::move(task), net::WorkerPool::Work::New, exchange.whose())) {
        if (cut_off_) {
            return state;
        }
        pause();
    }
    done.acquire();
    return state;
}

}  // namespace origin::gitssh

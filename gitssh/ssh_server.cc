// SPDX-License-Identifier: Apache-2.0
#include "gitssh/ssh_server.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/thread_name.h"
#include "gitssh/limits.h"

namespace origin::gitssh {
namespace {

// Nothing that ssh-audit calls weak or worth a warning: no NIST curves, SHA-1, CBC or
// encrypt-and-MAC. No finite-field groups: an exchange costs 0.1 s before anybody is known.
constexpr const char* kKeyExchange = "curve25519-sha256,curve25519-sha256@libssh.org";
constexpr const char* kHostKeys = "ssh-ed25519,rsa-sha2-512,rsa-sha2-256";
constexpr const char* kCiphers =
    "chacha20-poly1305@openssh.com,aes256-gcm@openssh.com,aes128-gcm@openssh.com,aes256-ctr,"
    "aes192-ctr,aes128-ctr";
constexpr const char* kMacs = "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com";
constexpr const char* kCompatMacs =
    "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha2-256,hmac-sha2-512";
constexpr const char* kClientKeys =
    "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,"
    "sk-ssh-ed25519@openssh.com,sk-ecdsa-sha2-nistp256@openssh.com,rsa-sha2-512,rsa-sha2-256";

constexpr std::chrono::milliseconds kTick{20};    // Of commands that run.
constexpr std::chrono::milliseconds kLook{1000};  // At everybody: time limits.

std::string address_of(const sockaddr_storage& peer) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const void* raw =
        peer.ss_family == AF_INET6
            ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in6&>(peer).sin6_addr)
            : &reinterpret_cast<const sockaddr_in&>(peer).sin_addr;
    const char* shown = ::inet_ntop(peer.ss_family, raw, text.data(), text.size());
    return shown == nullptr ? "" : shown;
}

/// At once what is small, and probes for a peer that vanished: they keep its ways open, too.
void set_up(int fd) {
    const auto take = [fd](int level, int option, int value) {
        ::setsockopt(fd, level, option, &value, sizeof value);
    };
    take(IPPROTO_TCP, TCP_NODELAY, 1);
    take(SOL_SOCKET, SO_KEEPALIVE, 1);
    take(IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveIdleSeconds);
    take(IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveEverySeconds);
    take(IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveProbes);
}

Status set(ssh_bind_struct* bind, ssh_bind_options_e option, const void* value) {
    if (ssh_bind_options_set(bind, option, value) == SSH_OK) {
        return {};
    }
    return std::unexpected(
        Error(Code::Internal, "the SSH door cannot be set up", ssh_get_error(bind)));
}

Status configure(ssh_bind_struct* bind, const std::vector<HostKey>& keys, bool compat) {
    const char* macs = compat ? kCompatMacs : kMacs;
    const bool no = false;  // The machine's own /etc/ssh/libssh_server_config is not ours.
    const int rsa_bits = 3072;
    ORIGIN_CHECK(set(bind, SSH_BIND_OPTIONS_PROCESS_CONFIG, &no));
    for (const HostKey& key : keys) {
        ORIGIN_CHECK(set(bind, SSH_BIND_OPTIONS_HOSTKEY, key.file.c_str()));
    }
    ORIGIN_CHECK(set(bind, SSH_BIND_OPTIONS_KEY_EXCHANGE, kKeyExchange));
    ORIGIN_CHECK(set(bind, SSH_BIND_OPTIONS_HOSTKEY_ALGORITHMS, kHostKeys));
    ORIGIN_CHECK(set(bind, SSH_BIND_OPTIONS_PUBKEY_ACCEPTED_KEY_TYPES, kClientKeys));
    ORIGIN_CHECK(set(bind, SSH_BIND_OPTIONS_CIPHERS_C_S, kCiphers));
    ORIGIN_CHECK(set(bind, SSH_BIND_OPTIONS_CIPHERS_S_C, kCiphers));
    ORIGIN_CHECK(set(bind, SSH_BIND_OPTIONS_HMAC_C_S, macs));
    ORIGIN_CHECK(set(bind, SSH_BIND_OPTIONS_HMAC_S_C, macs));
    return set(bind, SSH_BIND_OPTIONS_RSA_MIN_SIZE, &rsa_bits);
}

}  // namespace

SshServer::SshServer(const Around& around)
    : around_(around),
      session_around_{
          .gatekeeper = around.gatekeeper,
          .git = around_.git,
          .workers = around.workers,
          .log = around.log,
          .metrics = around.metrics,
          .clock = around.clock,
          .post = [this](std::move_only_function<void()> task) { post(std::move(task)); },
          .visits = visits_,
          .limits = around_.limits,
          .may_join =
              [this](const ClientId& client) {
                  return count_of(client) < around_.limits.connections_per_client;
              }} {}

SshServer::~SshServer() {
    stop(std::chrono::seconds{0});
    for (const int fd : {listener_, epoll_, wake_}) {
        if (fd >= 0) {
            ::close(fd);
        }
    }
}

Status SshServer::listen(const std::string& host,
                         std::uint16_t port,
                         const std::vector<HostKey>& keys) {
    ssh_init();
    bind_.reset(ssh_bind_new());
    ORIGIN_CHECK(configure(bind_.get(), keys, around_.compat));
    ORIGIN_TRY(socket, net::ListeningSocket::tcp(host, port));
    port_ = socket.port();
    listener_ = socket.release();
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (epoll_ < 0 || wake_ < 0) {
        return std::unexpected(Error(Code::Unavailable, "no descriptors for the SSH door"));
    }
    for (const int fd : {listener_, wake_}) {
        epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    }
    return {};
}

void SshServer::start() {
    thread_ = std::thread([this] {
        name_thread("ssh");
        run();
    });
}

void SshServer::begin_stop(std::chrono::seconds grace) {
    if (!thread_.joinable() || stopping_) {
        return;
    }
    grace_seconds_ = grace.count();
    stopping_ = true;
    wake();
}

void SshServer::stop(std::chrono::seconds grace) {
    begin_stop(grace);
    if (thread_.joinable()) {
        thread_.join();
    }
}

void SshServer::wake() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake_, &one, sizeof one);
}

void SshServer::post(std::move_only_function<void()> task) {
    {
        const std::lock_guard lock(mutex_);
        posted_.push_back(std::move(task));
        wake();  // Under the lock: who takes the last task may end the server.
    }
}

void SshServer::take_posted() {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto n = ::read(wake_, &count, sizeof count);
    std::deque<std::move_only_function<void()>> tasks;
    {
        const std::lock_guard lock(mutex_);
        tasks.swap(posted_);
    }
    for (auto& task : tasks) {
        task();
    }
}

void SshServer::run() {
    while (!has_stopped()) {
        serve();
    }
    sessions_.clear();
    while (visits_ > 0) {  // What they work on must not go before they do.
        epoll_event event{};
        ::epoll_wait(epoll_, &event, 1, static_cast<int>(kTick.count()));
        take_posted();
    }
}

/// Waits for events, for a while at most, and does what they ask for.
void SshServer::serve() {
    std::array<epoll_event, 64> events{};
    const auto pause = anybody_is_busy() || stopping_ ? kTick : kLook;
    const int n = ::epoll_wait(
        epoll_,
        events.data(),
        static_cast<int>(events.size()),
        sessions_.empty() && !stopping_ && listens_ ? -1 : static_cast<int>(pause.count()));
    take_posted();
    for (int i = 0; i < n; ++i) {
        const int fd = events[static_cast<std::size_t>(i)].data.fd;
        if (fd == listener_) {
            accept_all();
        } else if (const auto found = sessions_.find(fd); found != sessions_.end()) {
            advance(found);
        }
    }
    advance_the_others();
}

/// Asked to stop, it first closes the listener and lets what runs come to its end.
bool SshServer::has_stopped() {
    if (!stopping_) {
        return false;
    }
    const auto now = around_.clock.steady();
    if (!ends_at_) {
        ends_at_ = now + std::chrono::seconds(grace_seconds_);
        ::close(std::exchange(listener_, -1));  // Nobody is to wait in its queue.
        for (const auto& [fd, session] : sessions_) {
            session->refuse_more();
        }
    }
    return sessions_.empty() || now >= *ends_at_;
}

void SshServer::listen_to(std::uint32_t events) const {
    epoll_event event{.events = events, .data = {.fd = listener_}};
    ::epoll_ctl(epoll_, EPOLL_CTL_MOD, listener_, &event);
}

void SshServer::accept_all() {
    constexpr int kAtOnceMax = 64;
    for (int i = 0; i < kAtOnceMax; ++i) {
        sockaddr_storage peer{};
        socklen_t size = sizeof peer;
        const int fd = ::accept4(
            listener_, reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            // Without descriptors the listener stays readable: it is asked again at the next look.
            listens_ = errno == EAGAIN || errno == ECONNABORTED || errno == EINTR;
            if (!listens_) {
                listen_to(0);
            }
            return;
        }
        admit(fd, address_of(peer));
    }
}

/// Early drop at random, so that somebody who opens many does not shut out everybody else.
bool SshServer::refuses_one_more(const std::string& address) {
    const auto of_address = static_cast<std::size_t>(std::ranges::count_if(
        sessions_, [&](const auto& each) { return each.second->address() == address; }));
    const auto waiting = static_cast<std::size_t>(std::ranges::count_if(
        sessions_, [](const auto& each) { return !each.second->is_authenticated(); }));
    if (sessions_.size() >= around_.limits.connections || waiting >= kStartupsMax ||
        of_address >= around_.limits.connections_per_address) {
        return true;
    }
    if (waiting < kStartupsBegin) {
        return false;
    }
    const std::size_t percent = kStartupsRefusedPercent + (100 - kStartupsRefusedPercent) *
                                                              (waiting - kStartupsBegin) /
                                                              (kStartupsMax - kStartupsBegin);
    const std::string byte = random_bytes(around_.random, 1);
    return static_cast<unsigned char>(byte.front()) * 100U / 256U < percent;
}

std::size_t SshServer::count_of(const ClientId& client) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        sessions_, [&](const auto& each) { return each.second->is_of(client); }));
}

/// One line for all of a second: a flood of them is to fill no disk.
void SshServer::tell_refused() {
    if (const std::size_t count = std::exchange(refused_, 0); count > 0) {
        around_.log.warning("ssh connections refused", {{"count", std::to_string(count)}});
    }
}

void SshServer::admit(int fd, const std::string& address) {
    around_.metrics.counter("ssh_connections_total").add();
    if (refuses_one_more(address)) {
        ++refused_;
        around_.metrics.counter("ssh_connections_refused_total").add();
        ::close(fd);
        return;
    }
    set_up(fd);
    auto session = SshSession::accept(*bind_, {fd, address}, session_around_);
    if (!session) {
        return;  // libssh has closed it.
    }
    watch(*session, true);
    sessions_.insert_or_assign(fd, std::move(session));
}

void SshServer::watch(const SshSession& session, bool is_new) {
    const std::uint32_t reads = session.is_full() ? 0 : std::uint32_t{EPOLLIN};
    epoll_event event{.events = session.wants_to_write() ? std::uint32_t{EPOLLOUT} : reads,
                      .data = {.fd = session.fd()}};
    ::epoll_ctl(epoll_, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, session.fd(), &event);
}

bool SshServer::anybody_is_busy() const {
    return std::ranges::any_of(sessions_, [](const auto& each) { return each.second->is_busy(); });
}

SshServer::Sessions::iterator SshServer::advance(Sessions::iterator each) {
    SshSession& session = *each->second;
    session.advance();
    if (session.is_over()) {
        return sessions_.erase(each);
    }
    watch(session, false);
    return std::next(each);
}

/// Those whose workers are done, and from time to time all.
void SshServer::advance_the_others() {
    const auto now = around_.clock.steady();
    const bool all = now - looked_at_ >= kLook || stopping_;
    looked_at_ = all ? now : looked_at_;
    if (all) {
        tell_refused();
    }
    if (all && !listens_ && listener_ >= 0) {
        listens_ = true;
        listen_to(EPOLLIN);
    }
    for (auto each = sessions_.begin(); each != sessions_.end();) {
        each = all || each->second->is_busy() ? advance(each) : std::next(each);
    }
}

}  // namespace origin::gitssh

// SPDX-License-Identifier: Apache-2.0
// gitssh/ssh_server: the SSH door: a listener and one thread for every connection there is.
// In: connections. Out: Git commands answered by git/serve, on the shared workers.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "gitssh/host_keys.h"
#include "gitssh/limits.h"
#include "gitssh/ssh_session.h"
#include "net/listening_socket.h"

namespace origin::gitssh {

class SshServer {
public:
    struct Around {
        auth::Gatekeeper& gatekeeper;
        GitExchange::Around git;
        net::WorkerPool& workers;
        Log& log;
        Metrics& metrics;
        const Clock& clock;
        Random& random;
        Limits limits = {};
        /// Also for clients that know encrypt-and-MAC alone, as libssh2 1.10 does.
        bool compat = false;
    };
    explicit SshServer(const Around& around);
    SshServer(const SshServer&) = delete;
    SshServer& operator=(const SshServer&) = delete;
    /// stop() without grace.
    ~SshServer();

    /// Errors: those of ListeningSocket::tcp; Internal: the keys do not suit libssh.
    Status listen(const std::string& host, std::uint16_t port, const std::vector<HostKey>& keys);
    std::uint16_t port() const { return port_; }
    void start();
    /// Takes no more, and lets commands that run end for as long as `grace`. Returns at once.
    void begin_stop(std::chrono::seconds grace);
    /// begin_stop(), unless that was; joins.
    void stop(std::chrono::seconds grace);

private:
    using Sessions = std::map<int, std::shared_ptr<SshSession>>;

    void run();
    void serve();
    bool has_stopped();
    void take_posted();
    void accept_all();
    void listen_to(std::uint32_t events) const;
    void admit(int fd, const std::string& address);
    bool refuses_one_more(const std::string& address);
    std::size_t count_of(const ClientId& client) const;
    void tell_refused();
    void watch(const SshSession& session, bool is_new);
    bool anybody_is_busy() const;
    Sessions::iterator advance(Sessions::iterator each);
    void advance_the_others();
    void post(std::move_only_function<void()> task);
    void wake() const;

    Around around_;
    SshSession::Around session_around_;
    SshBindHandle bind_;
    int listener_ = -1;
    int epoll_ = -1;
    int wake_ = -1;
    std::uint16_t port_ = 0;
    Sessions sessions_;  // By descriptor.
    std::size_t visits_ = 0;
    std::size_t refused_ = 0;  // Connections, since it was last told.
    bool listens_ = true;      // False: there were no descriptors.
    std::chrono::steady_clock::time_point looked_at_;
    std::optional<std::chrono::steady_clock::time_point> ends_at_;  // Once it stops.
    std::thread thread_;
    std::atomic<bool> stopping_ = false;
    std::atomic<std::int64_t> grace_seconds_ = 0;

    std::mutex mutex_;  // Guards posted_.
    std::deque<std::move_only_function<void()>> posted_;
};

}  // namespace origin::gitssh

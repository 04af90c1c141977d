// SPDX-License-Identifier: Apache-2.0
// gitssh/ssh_session: one connection: key exchange, the proof of a key, its commands.
// Lives on its loop's thread; only GitExchange::visit runs elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth/gatekeeper.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "gitssh/git_exchange.h"
#include "gitssh/ssh_handles.h"
#include "net/worker_pool.h"

namespace origin::gitssh {

class SshSession {
public:
    struct Around {
        auth::Gatekeeper& gatekeeper;
        const GitExchange::Around& git;
        net::WorkerPool& workers;
        Log& log;
        Metrics& metrics;
        const Clock& clock;
        /// Runs a function on the loop's thread, soon. Thread-safe.
        std::function<void(std::move_only_function<void()>)> post;
        std::size_t& visits;  // Of workers, under way; for the loop's thread alone.
    };
    struct Peer {
        int fd = -1;  // Non-blocking; the session's from now on.
        std::string address;
    };

    /// Null: libssh would not begin.
    static std::shared_ptr<SshSession> accept(ssh_bind_struct& bind,
                                              Peer peer,
                                              const Around& around);
    SshSession(const Around& around, SshSessionHandle session, Peer peer);
    SshSession(const SshSession&) = delete;
    SshSession& operator=(const SshSession&) = delete;
    ~SshSession();

    int fd() const { return peer_.fd; }
    /// Reads, works, writes: what can be done without waiting.
    void advance();
    bool wants_to_write() const;
    /// To be dropped.
    bool is_over() const { return over_; }
    bool is_authenticated() const { return identity_.has_value(); }
    bool is_busy() const;
    /// Lets running commands end; takes no more.
    void refuse_more() { refuses_ = true; }

private:
    class Channel;
    struct Callbacks;

    bool begin();
    int authenticate(ssh_key_struct* key, char state);
    ssh_channel_struct* open_channel();
    void read_socket();
    void check_time();
    void end(const std::string& why);

    Around around_;
    Peer peer_;
    SshSessionHandle session_;
    SshEventHandle event_;
    std::unique_ptr<Callbacks> callbacks_;
    std::vector<std::shared_ptr<Channel>> channels_;
    std::vector<std::shared_ptr<Channel>> opened_;  // Since the last advance().
    std::optional<auth::Identity> identity_;
    unsigned tries_ = 0;
    bool refuses_ = false;
    bool over_ = false;
    std::chrono::steady_clock::time_point began_;
    std::chrono::steady_clock::time_point last_busy_;
};

}  // namespace origin::gitssh

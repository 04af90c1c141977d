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
#include "gitssh/limits.h"
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
        const Limits& limits;
        /// Whether a client may have one connection more.
        std::function<bool(const ClientId&)> may_join;
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
    /// Reads no more until workers have taken what there is.
    bool is_full() const { return full_; }
    /// To be dropped.
    bool is_over() const { return over_; }
    bool is_authenticated() const { return identity_.has_value(); }
    bool is_of(const ClientId& client) const { return identity_ && identity_->client == client; }
    const std::string& address() const { return peer_.address; }
    bool is_busy() const;
    /// Lets running commands end; takes no more.
    void refuse_more() { refuses_ = true; }

private:
    class Channel;
    struct Callbacks;

    bool begin();
    int on_message(ssh_message_struct* message);
    int authenticate(ssh_key_struct* key, char state);
    /// Of logging in: what was refused, and what libssh dropped without asking us, as it does with
    /// wrong signatures and keys it cannot read.
    std::uint64_t tries() const;
    bool can_take_output() const;
    void note_output(std::uint64_t before, std::size_t count);
    ssh_channel_struct* open_channel();
    auth::Caller caller() const;
    void note_use();
    void read_socket();
    bool is_in_bounds();
    void check_time();
    void end(const std::string& why);
    void is_gone(const std::string& why);
    void drop_channels();

    Around around_;
    Peer peer_;
    SshSessionHandle session_;
    SshEventHandle event_;
    std::unique_ptr<Callbacks> callbacks_;
    std::vector<std::shared_ptr<Channel>> channels_;
    std::vector<std::shared_ptr<Channel>> opened_;  // Since the last advance().
    std::optional<auth::Identity> identity_;
    struct Refused {
        std::string blob;
        std::string why;
    };
    std::optional<Refused> refused_;  // The last key that it offered in vain.
    ssh_counter_struct packets_{};    // Kept by libssh: payloads, both ways.
    /// Of packets_.in_packets: no tries to log in. None: it has not asked to.
    std::optional<std::uint64_t> free_packets_;
    bool has_asked_none_ = false;
    unsigned keys_asked_for_ = 0;
    /// packets_.out_bytes once that has gone out which a rekey makes wait.
    std::uint64_t held_until_ = 0;
    std::uint64_t out_before_ = 0;  // packets_ when a packet last went out.
    std::uint64_t in_before_ = 0;
    bool refuses_ = false;
    bool over_ = false;
    bool full_ = false;
    std::string doom_;  // Why it is to be ended once its channels are not walked.
    std::chrono::steady_clock::time_point began_;
    std::chrono::steady_clock::time_point last_busy_;
};

}  // namespace origin::gitssh

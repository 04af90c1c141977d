// SPDX-License-Identifier: Apache-2.0
// gitssh/shell_door: the SSH door for sites where sshd keeps the port: a Unix socket that
// `origind ssh-shell`, sshd's forced command, brings one Git command to. Decision 0012.
//   in:   ticket [SP address of sshd's client] LF, GIT_PROTOCOL LF, command line LF (each may be
//         empty but the ticket), then what the client sends, until it is shut
//   out:  pieces: kind ("o" output, "e" errors, "x" exit status), size (4 bytes, big-endian),
//   bytes;
//         "x" is the last and has one byte
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "auth/gatekeeper.h"
#include "gitssh/git_exchange.h"
#include "gitssh/shell_ticket.h"
#include "net/listening_socket.h"
#include "net/worker_pool.h"

namespace origin::gitssh {

/// Commands at once. Each has a thread as long as it runs; sshd has those who wait.
inline constexpr std::size_t kShellCommandsMax = 100;
inline constexpr std::size_t kShellCommandsPerClient = 50;
/// For the first three lines.
inline constexpr std::chrono::seconds kShellHelloMax{5};
inline constexpr std::size_t kShellHelloBytesMax = 16 * 1024;

class ShellDoor {
public:
    struct Around {
        auth::Gatekeeper& gatekeeper;
        GitExchange::Around git;
        const ShellTickets& tickets;
        net::WorkerPool& workers;
        Log& log;
        Metrics& metrics;
        const Clock& clock;
    };
    explicit ShellDoor(const Around& around) : around_(around) {}
    ShellDoor(const ShellDoor&) = delete;
    ShellDoor& operator=(const ShellDoor&) = delete;
    /// stop() without grace.
    ~ShellDoor();

    /// Anybody may connect: without a ticket nobody is served. Errors: those of
    /// ListeningSocket::unix_path.
    Status listen(const std::string& path);
    void start();
    /// Takes no more, and lets commands that run end for as long as `grace`. Returns at once.
    void begin_stop(std::chrono::seconds grace);
    /// begin_stop(), unless that was; waits that long, ends what still runs, joins.
    void stop(std::chrono::seconds grace);

private:
    struct Connection {
        int fd = -1;
        std::optional<ClientId> client;  // Guarded by mutex_.
        std::thread thread;
        bool is_over = false;  // Guarded by mutex_.
    };

    void accept_all();
    void admit(int fd);
    void reap();
    void serve(Connection& connection);
    Status begin(Connection& connection);
    void run(int fd, GitExchange& exchange);
    GitExchange::State visit(GitExchange& exchange,
                             const std::string& input,
                             bool ended,
                             std::string& out);
    bool may_join(Connection& connection, const ClientId& client);

    Around around_;
    std::optional<net::ListeningSocket> socket_;  // Kept: it removes its path.
    int listener_ = -1;
    int wake_ = -1;
    std::thread thread_;
    std::atomic<bool> stopping_ = false;
    std::chrono::steady_clock::time_point ends_at_;  // Once it stops.
    std::atomic<bool> cut_off_ = false;

    std::mutex mutex_;
    std::condition_variable one_less_;
    std::list<std::unique_ptr<Connection>> connections_;  // Guarded by mutex_.
};

}  // namespace origin::gitssh

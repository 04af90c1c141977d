// SPDX-License-Identifier: Apache-2.0
// net/http_server: listeners and connections: HTTP/1.1 in, calls to one Handler out.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/metrics.h"
#include "crypto/tls.h"
#include "net/address.h"
#include "net/http.h"
#include "net/worker_pool.h"

namespace origin::net {

inline constexpr unsigned kIoThreadsMax = 4;

/// One for each processor, at most kIoThreadsMax: with that many the workers are the bound.
unsigned io_threads_here();

struct ServerSettings {
    std::vector<Cidr> trusted_proxies{};  // Whose X-Forwarded-For and -Proto are believed.
    std::size_t connections_max = kHttpConnectionsMax;
    Milliseconds head_timeout = kHttpHeadTimeout;
    Milliseconds idle_timeout = kHttpIdleTimeout;
    Milliseconds stall_timeout = kHttpStallTimeout;
    bool log_requests = true;  // One Info line for each request; paths, never queries.
};

/// Calls of one object come from one thread; the Handler, pool, log, metrics and clock outlive it.
class HttpServer {
public:
    struct Around {
        Handler& handler;
        WorkerPool& workers;
        Log& log;
        Metrics& metrics;
        Clock& clock;
    };
    HttpServer(ServerSettings settings, Around around);
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;
    /// stop(0 s), if it still runs.
    ~HttpServer();

    /// `host` is an address, not a name. Port 0: a free one. With `tls`, HTTPS.
    /// Errors: InvalidInput `bad_address`; Unavailable `cannot_listen` (taken, not permitted).
    Status listen_tcp(const std::string& host,
                      std::uint16_t port,
                      const crypto::TlsContext* tls = nullptr);
    /// The operator's socket: mode 0600; a stale one is replaced.
    Status listen_unix(const std::string& path);
    /// Of the first TCP listener; 0 if there is none.
    std::uint16_t port() const;

    /// Begins to accept. Threads: `io_threads`, for sockets only; connections take turns at them
    /// and each stays with its own.
    void start(unsigned io_threads = 1);
    /// Takes no more requests, lets running ones finish for `grace`, then cancels them. Returns
    /// when no call into the Handler runs or can begin. May be called twice.
    void stop(std::chrono::seconds grace);

private:
    class Engine;  // net/http_server.cc: all of Asio and Beast.
    std::unique_ptr<Engine> engine_;
};

}  // namespace origin::net

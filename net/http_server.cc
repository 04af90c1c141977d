// SPDX-License-Identifier: Apache-2.0
#include "net/http_server.h"

#include <algorithm>
#include <csignal>
#include <list>
#include <thread>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/assert.h"
#include "base/thread_name.h"
#include "net/listening_socket.h"
#include "net/session.h"

namespace origin::net {

namespace {

using Acceptor = asio::basic_socket_acceptor<asio::generic::stream_protocol>;
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

bool is_worth_waiting_for(const boost::system::error_code& error) {
    return error != asio::error::operation_aborted && error != asio::error::bad_descriptor;
}

}  // namespace

class HttpServer::Engine {
public:
    Engine(ServerSettings settings, Around around)
        : settings_(std::move(settings)),
          around_(around),
          accepted_(around.metrics.counter("http_connections_total")),
          turned_away_(around.metrics.counter("http_connections_refused_total")),
          accept_errors_(around.metrics.counter("http_accept_errors_total")) {}
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;
    // NOLINTNEXTLINE(bugprone-exception-escape): without memory there is no graceful end.
    ~Engine() { stop(std::chrono::seconds{0}); }

    Status add(Result<ListeningSocket> socket, const crypto::TlsContext* tls) {
        if (!socket) {
            return std::unexpected(std::move(socket).error());
        }
        port_ = port_ == 0 ? socket->port() : port_;
        listeners_.push_back({std::move(*socket), tls, nullptr});
        return {};
    }

    std::uint16_t port() const { return port_; }
    void start(unsigned io_threads);
    void stop(std::chrono::seconds grace);

private:
    struct Listener {
        ListeningSocket socket;
        const crypto::TlsContext* tls;
        std::unique_ptr<Acceptor> acceptor;
    };
    // One io thread and its sessions, which nobody else touches.
    struct Loop {
        asio::io_context context{1};
        asio::executor_work_guard<asio::io_context::executor_type> guard{context.get_executor()};
        asio::steady_timer sweep{context};
        std::list<std::shared_ptr<Session>> sessions;
        std::thread thread;
    };

    asio::awaitable<void> accept_all(Listener& listener);
    asio::awaitable<void> sweep_all(Loop& loop);
    void look_how_busy(std::chrono::steady_clock::time_point now);
    void admit(Listener& listener, Loop& loop, Socket socket, std::optional<Address> peer);
    void adopt(Loop& loop, const std::shared_ptr<Session>& session);
    void spawn(Loop& loop, asio::awaitable<void> coroutine, std::function<void()> after);
    void on_every_loop(void (Session::*call)());
    void count(int change);
    bool wait_until_empty(std::optional<std::chrono::seconds> grace);

    const ServerSettings settings_;
    const Around around_;
    Counter& accepted_;
    Counter& turned_away_;
    Counter& accept_errors_;
    std::atomic<bool> stopping_ = false;
    BusyAnswer busy_answer_;
    const SessionWorld world_{settings_,
                              around_,
                              stopping_,
                              around_.metrics.counter("http_requests_total"),
                              around_.metrics.counter("http_requests_refused_total"),
                              around_.metrics.counter("http_peers_too_slow_total"),
                              around_.metrics.histogram("http_request_seconds"),
                              around_.metrics.counter("http_requests_busy_total"),
                              busy_answer_};
    struct BusySeen {
        std::chrono::steady_clock::time_point at{};
        std::uint64_t served = 0;
        std::uint64_t refused = 0;
    };
    BusySeen busy_seen_;  // The first loop's.
    std::vector<Listener> listeners_;
    std::vector<std::unique_ptr<Loop>> loops_;
    std::size_t next_loop_ = 0;
    std::uint16_t port_ = 0;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t active_ = 0;  // Sessions, accept loops and sweeps.
};

// ------------------------------------------------------------------ life

void HttpServer::Engine::start(unsigned io_threads) {
    ORIGIN_ASSERT(loops_.empty() && io_threads > 0);
    std::signal(SIGPIPE, SIG_IGN);
    for (unsigned i = 0; i < io_threads; ++i) {
        loops_.push_back(std::make_unique<Loop>());
        spawn(*loops_.back(), sweep_all(*loops_.back()), {});
    }
    for (Listener& listener : listeners_) {
        listener.acceptor =
            std::make_unique<Acceptor>(loops_[0]->context,
                                       asio::generic::stream_protocol(listener.socket.family(), 0),
                                       listener.socket.release());
        spawn(*loops_[0], accept_all(listener), {});
    }
    for (const auto& loop : loops_) {
        loop->thread = std::thread([&context = loop->context] {
            name_thread("io");
            context.run();
        });
    }
}

void HttpServer::Engine::stop(std::chrono::seconds grace) {
    if (loops_.empty()) {
        return;
    }
    stopping_ = true;
    asio::post(loops_[0]->context, [this] {
        for (Listener& listener : listeners_) {
            boost::system::error_code ignored;
            listener.acceptor->close(ignored);
        }
    });
    for (const auto& loop : loops_) {
        asio::post(loop->context, [&loop = *loop] { loop.sweep.cancel(); });
    }
    on_every_loop(&Session::wind_up);
    if (!wait_until_empty(grace)) {
        on_every_loop(&Session::cancel);
        wait_until_empty(std::nullopt);
    }
    for (const auto& loop : loops_) {
        loop->guard.reset();
        loop->context.stop();
        loop->thread.join();
    }
    listeners_.clear();
    loops_.clear();
}

void HttpServer::Engine::on_every_loop(void (Session::*call)()) {
    for (const auto& loop : loops_) {
        asio::post(loop->context, [&loop = *loop, call] {
            for (const auto& session : loop.sessions) {
                (session.get()->*call)();
            }
        });
    }
}

void HttpServer::Engine::count(int change) {
    {
        const std::scoped_lock lock(mutex_);
        active_ = change > 0 ? active_ + 1 : active_ - 1;
    }
    changed_.notify_all();
}

bool HttpServer::Engine::wait_until_empty(std::optional<std::chrono::seconds> grace) {
    std::unique_lock lock(mutex_);
    const auto empty = [this] {
        return active_ == 0;
    };
    if (grace) {
        return changed_.wait_for(lock, *grace, empty);
    }
    changed_.wait(lock, empty);
    return true;
}

// Every coroutine is counted from here to its end; stop() waits for the count.
void HttpServer::Engine::spawn(Loop& loop,
                               asio::awaitable<void> coroutine,
                               std::function<void()> after) {
    count(+1);
    asio::co_spawn(loop.context,
                   std::move(coroutine),
                   [this, after = std::move(after)](const std::exception_ptr& error) {
                       if (after) {
                           after();
                       }
                       if (error) {
                           around_.log.error("a connection ended by an exception");
                       }
                       count(-1);
                   });
}

// ------------------------------------------------------------------ connections

asio::awaitable<void> HttpServer::Engine::accept_all(Listener& listener) {
    asio::steady_timer pause(loops_[0]->context);
    while (!stopping_) {
        Loop& loop = *loops_[next_loop_++ % loops_.size()];
        asio::generic::stream_protocol::endpoint from;
        auto [error, socket] = co_await listener.acceptor->async_accept(loop.context, from, kAwait);
        if (error && is_worth_waiting_for(error)) {
            accept_errors_.add();  // Out of descriptors, or the peer has gone already.
            pause.expires_after(kAcceptPause);
            co_await pause.async_wait(kAwait);
        }
        if (!error) {
            auto peer = listener.socket.is_unix() ? std::nullopt : Address::from(*from.data());
            admit(listener, loop, std::move(socket), peer);
        }
    }
}

void HttpServer::Engine::admit(Listener& listener,
                               Loop& loop,
                               Socket socket,
                               std::optional<Address> peer) {
    const bool is_unix = listener.socket.is_unix();
    {
        const std::scoped_lock lock(mutex_);
        if (stopping_ || (!is_unix && (!peer || active_ >= settings_.connections_max))) {
            turned_away_.add();
            return;
        }
    }
    accepted_.add();
    const int fd = socket.native_handle();
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    const auto set = [fd](int level, int option, int value) {
        ::setsockopt(fd, level, option, &value, sizeof value);
    };
    if (!is_unix) {
        set(IPPROTO_TCP, TCP_NODELAY, 1);
        // A peer that vanished without a word is noticed while it waits for an event or a result.
        set(SOL_SOCKET, SO_KEEPALIVE, 1);
        set(IPPROTO_TCP, TCP_KEEPIDLE, kTcpKeepIdle.count());
        set(IPPROTO_TCP, TCP_KEEPINTVL, kTcpKeepInterval.count());
        set(IPPROTO_TCP, TCP_KEEPCNT, kTcpKeepProbes);
    }
    auto session =
        std::make_shared<Session>(world_, make_connection(std::move(socket), listener.tls), peer);
    count(+1);  // For the way to its own thread.
    asio::post(loop.context, [this, &loop, session] {
        adopt(loop, session);
        count(-1);
    });
}

void HttpServer::Engine::adopt(Loop& loop, const std::shared_ptr<Session>& session) {
    if (stopping_) {
        return;
    }
    const auto place = loop.sessions.insert(loop.sessions.end(), session);
    spawn(loop, session->run(), [this, &loop, place] {
        loop.sessions.erase(place);
        if (stopping_) {
            loop.sweep.cancel();
        }
    });
}

asio::awaitable<void> HttpServer::Engine::sweep_all(Loop& loop) {
    while (!stopping_ || !loop.sessions.empty()) {
        loop.sweep.expires_after(kHttpSweepInterval);
        co_await loop.sweep.async_wait(kAwait);
        const auto now = around_.clock.steady();
        for (const auto& session : loop.sessions) {
            session->expire(now);
        }
        if (&loop == loops_.front().get()) {
            look_how_busy(now);
        }
    }
}

// One line for all who were turned away in a second or so.
void HttpServer::Engine::look_how_busy(std::chrono::steady_clock::time_point now) {
    constexpr std::chrono::seconds kInterval{1};
    if (now - busy_seen_.at < kInterval) {
        return;
    }
    const BusySeen seen{now, world_.requests.value(), world_.busy.value()};
    const std::uint64_t refused = seen.refused - busy_seen_.refused;
    busy_answer_.adapt(seen.served - busy_seen_.served, refused);
    if (refused > 0) {
        around_.log.warning("busy: requests were refused", {{"requests", refused}});
    }
    busy_seen_ = seen;
}

// ------------------------------------------------------------------ the public face

unsigned io_threads_here() {
    return std::clamp(std::thread::hardware_concurrency(), 1U, kIoThreadsMax);
}

HttpServer::HttpServer(ServerSettings settings, Around around)
    : engine_(std::make_unique<Engine>(std::move(settings), around)) {}

HttpServer::~HttpServer() = default;

Status HttpServer::listen_tcp(const std::string& host,
                              std::uint16_t port,
                              const crypto::TlsContext* tls) {
    return engine_->add(ListeningSocket::tcp(host, port), tls);
}

Status HttpServer::listen_unix(const std::string& path) {
    return engine_->add(ListeningSocket::unix_path(path), nullptr);
}

std::uint16_t HttpServer::port() const {
    return engine_->port();
}

void HttpServer::start(unsigned io_threads) {
    engine_->start(io_threads);
}

void HttpServer::stop(std::chrono::seconds grace) {
    engine_->stop(grace);
}

}  // namespace origin::net

// SPDX-License-Identifier: Apache-2.0
#include "net/connection.h"

#include <algorithm>
#include <cerrno>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include "base/limits.h"

namespace origin::net {

namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kFilePieceBytes = 1024 * kKiB;  // 0.1 ms or so.

bool hung_up(Socket& socket) {
    char byte = 0;
    const ssize_t n = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

class PlainConnection final : public Connection {
public:
    explicit PlainConnection(Socket socket) : socket_(std::move(socket)) {}

    asio::awaitable<bool> open() override { co_return true; }

    asio::awaitable<std::size_t> read(asio::mutable_buffer room) override {
        const auto [error, n] = co_await socket_.async_read_some(room, kAwait);
        co_return error ? 0 : n;
    }
    asio::awaitable<std::size_t> write(Pieces pieces) override {
        const auto [error, n] = co_await socket_.async_write_some(pieces, kAwait);
        co_return error ? 0 : n;
    }
    bool takes_files() const override { return true; }
    asio::awaitable<std::size_t> write_file(int file,
                                            std::uint64_t at,
                                            std::size_t bytes) override {
        while (true) {
            // Others have their turn before each piece, whether this one can be sent at once or
            // not.
            const auto [error] = co_await socket_.async_wait(Socket::wait_write, kAwait);
            if (error) {
                co_return 0;
            }
            auto from = static_cast<off_t>(at);
            const ssize_t n =
                ::sendfile(socket_.native_handle(), file, &from, std::min(bytes, kFilePieceBytes));
            if (n >= 0 || (errno != EAGAIN && errno != EINTR)) {
                co_return n > 0 ? static_cast<std::size_t>(n) : 0;
            }
        }
    }
    asio::awaitable<void> end_sending() override {
        boost::system::error_code ignored;
        socket_.shutdown(Socket::shutdown_send, ignored);
        co_return;
    }
    void cancel() override {
        boost::system::error_code ignored;
        socket_.cancel(ignored);
    }
    void close() override {
        boost::system::error_code ignored;
        socket_.close(ignored);
    }
    bool peer_is_gone() override { return hung_up(socket_); }
    bool secure() const override { return false; }
    asio::any_io_executor executor() override { return socket_.get_executor(); }

private:
    Socket socket_;
};

class TlsConnection final : public Connection {
public:
    TlsConnection(Socket socket, const crypto::TlsContext& tls)
        : context_(tls.share()), stream_(std::move(socket), context_) {}

    asio::awaitable<bool> open() override {
        const auto [error] =
            co_await stream_.async_handshake(asio::ssl::stream_base::server, kAwait);
        co_return !error;
    }
    asio::awaitable<std::size_t> read(asio::mutable_buffer room) override {
        const auto [error, n] = co_await stream_.async_read_some(room, kAwait);
        co_return error ? 0 : n;
    }
    asio::awaitable<std::size_t> write(Pieces pieces) override {
        const auto [error, n] = co_await stream_.async_write_some(pieces, kAwait);
        co_return error ? 0 : n;
    }
    asio::awaitable<void> end_sending() override { co_await stream_.async_shutdown(kAwait); }
    void cancel() override {
        boost::system::error_code ignored;
        stream_.next_layer().cancel(ignored);
    }
    void close() override {
        boost::system::error_code ignored;
        stream_.next_layer().close(ignored);
    }
    bool peer_is_gone() override { return hung_up(stream_.next_layer()); }
    bool secure() const override { return true; }
    asio::any_io_executor executor() override { return stream_.get_executor(); }

private:
    asio::ssl::context context_;
    asio::ssl::stream<Socket> stream_;
};

}  // namespace

asio::awaitable<std::size_t> Connection::write_file(int /*file*/,
                                                    std::uint64_t /*at*/,
                                                    std::size_t /*bytes*/) {
    co_return 0;
}

std::unique_ptr<Connection> make_connection(Socket socket, const crypto::TlsContext* tls) {
    if (tls != nullptr) {
        return std::make_unique<TlsConnection>(std::move(socket), *tls);
    }
    return std::make_unique<PlainConnection>(std::move(socket));
}

}  // namespace origin::net

// SPDX-License-Identifier: Apache-2.0
// net/connection: one accepted socket, plain or TLS, as a thing to read and write. Sees Asio:
// included by the server's own sources only.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>

#include "crypto/tls.h"

namespace origin::net {

namespace asio = boost::asio;
using Socket = asio::generic::stream_protocol::socket;
using Pieces = std::array<asio::const_buffer, 3>;  // A head or chunk line, a body, an end.

/// Used from its executor's one thread.
class Connection {
public:
    Connection() = default;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    virtual ~Connection() = default;

    /// The TLS handshake. False: it failed.
    virtual asio::awaitable<bool> open() = 0;
    /// Some bytes; 0: the peer is gone, or the operation was cancelled.
    virtual asio::awaitable<std::size_t> read(asio::mutable_buffer room) = 0;
    virtual asio::awaitable<std::size_t> write(Pieces pieces) = 0;
    /// Can it write_file()?
    virtual bool takes_files() const { return false; }
    /// Some of the `bytes` of an open file from `at` on, not copied through this process; as
    /// write().
    virtual asio::awaitable<std::size_t> write_file(int file, std::uint64_t at, std::size_t bytes);
    /// Tells the peer that no more is coming.
    virtual asio::awaitable<void> end_sending() = 0;
    /// Running operations end now; later ones may still be begun.
    virtual void cancel() = 0;
    virtual void close() = 0;
    /// True if the peer has closed its side and we have read all it sent.
    virtual bool peer_is_gone() = 0;
    virtual bool secure() const = 0;
    virtual asio::any_io_executor executor() = 0;
};

/// `tls` may be null.
std::unique_ptr<Connection> make_connection(Socket socket, const crypto::TlsContext* tls);

}  // namespace origin::net

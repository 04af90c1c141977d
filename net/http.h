// SPDX-License-Identifier: Apache-2.0
// net/http: the words between the HTTP server and a door. No socket, no library: a door is plain
// functions from a RequestHead to a Reply, and is tested as such.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace origin::net {

struct Header {
    std::string name;
    std::string value;
    friend bool operator==(const Header&, const Header&) = default;
};

/// A request up to its body: strictly checked (net/http_head.h), owned, never changed afterwards.
struct RequestHead {
    std::string method;           // "GET": upper case.
    std::string target;           // Raw origin-form target as sent.
    std::string path;             // Raw part before '?'; begins with '/', NOT percent-decoded.
    std::string query;            // Raw, without '?'.
    std::vector<Header> headers;  // The header section only: trailers never merge in.
    std::string host;             // Value of Host in lower case, with port as sent; "" in HTTP/1.0.
    std::string peer;             // "127.0.0.1", after trusted_proxies; "" for the local socket.
    bool secure = false;          // TLS here, or at a trusted proxy.
    bool local_operator = false;  // Came over the 0600 Unix socket.
    std::optional<std::uint64_t> content_length;
    bool chunked = false;
    int version_minor = 1;  // HTTP/1.0 or HTTP/1.1.

    /// The first value of a header, its name in any case; "" if there is none.
    std::string_view header(std::string_view name) const;
    bool has_header(std::string_view name) const;
    bool has_body() const { return chunked || content_length.value_or(0) > 0; }
};

/// An answer's body that is produced in pieces.
///
/// step() runs on a worker; it adds at most about 256 KB (kStepBytes) or takes 5 ms, and never
/// waits. An Error ends the connection in the middle of the answer, so that the peer cannot take it
/// for a whole one. Never two calls at once. Destroyed on any thread: a destructor may not wait.
class BodySource {
public:
    BodySource() = default;
    BodySource(const BodySource&) = delete;
    BodySource& operator=(const BodySource&) = delete;
    virtual ~BodySource();

    enum class State : std::uint8_t {
        More,  // Call again when these bytes are sent.
        Wait,  // Nothing more now: send what was added, call again in about retry_after().
        Done,  // These were the last bytes.
    };
    /// Appends to `out`, which may already hold bytes.
    virtual Result<State> step(std::string& out) = 0;
    virtual Milliseconds retry_after() const { return Milliseconds{25}; }
    /// True for event streams: they are ended, cleanly, as soon as the server begins to stop.
    virtual bool endless() const { return false; }
};

/// Bytes that are kept elsewhere, for many answers: not copied for each.
struct SharedBytes {
    std::shared_ptr<const void> owner{};  // Keeps `bytes` where they are, and `file` open.
    std::string_view bytes{};
    int file = -1;  // If there is one, they are also its bytes from `at` on, and sent from it.
    std::uint64_t at = 0;
};

struct Response {
    int status = 200;
    std::vector<Header> headers{};                // Sent first, in this order.
    std::string body{};                           // Sent before `shared`.
    SharedBytes shared{};                         // Sent before `stream`.
    std::unique_ptr<BodySource> stream{};         // May be null.
    std::optional<std::uint64_t> stream_bytes{};  // Exact length of `stream`; unknown: chunked.
    bool close = false;                           // End the connection after this answer.
};

/// An answer that is not ready yet (`Prefer: wait`). poll() runs on a worker every retry_after(),
/// the first time at once, until it gives one. Dropped if the peer goes away first.
class Deferred {
public:
    Deferred() = default;
    Deferred(const Deferred&) = delete;
    Deferred& operator=(const Deferred&) = delete;
    virtual ~Deferred();
    virtual std::optional<Response> poll() = 0;
    virtual Milliseconds retry_after() const { return Milliseconds{25}; }
};

using Reply = std::variant<Response, std::unique_ptr<Deferred>>;

/// Takes a request's body in pieces, on workers, in order, never two calls at once. Destroyed
/// without finish() if the peer goes away. Gets only decoded chunks; content codings are the
/// caller's affair (net/inflating_sink.h).
class BodySink {
public:
    BodySink() = default;
    BodySink(const BodySink&) = delete;
    BodySink& operator=(const BodySink&) = delete;
    virtual ~BodySink();

    /// One piece, at most kStepBytes, never empty. An Error goes to failed(); nothing is fed after.
    virtual Status feed(Bytes piece) = 0;
    /// The body is complete: the answer.
    virtual Reply finish() = 0;
    /// The body was refused: by feed(), for its length, or because its framing is broken.
    /// The connection is closed after this answer. Default: problem_response(error).
    virtual Reply failed(const Error& error);
    /// A longer body is refused with LimitExceeded `body_too_large`: at once if it says so itself
    /// (before `100 Continue`), else when it gets there.
    virtual std::uint64_t body_bytes_max() const = 0;
};

/// An answer at once, the body left unread, or a place for the body.
using Begun = std::variant<Reply, std::unique_ptr<BodySink>>;

/// What stands behind a listener. Shared by all connections: thread-safe. Calls run on workers.
class Handler {
public:
    Handler() = default;
    Handler(const Handler&) = delete;
    Handler& operator=(const Handler&) = delete;
    virtual ~Handler();
    /// Lifetime: `head` outlives everything this request leads to (sink, reply, stream).
    virtual Begun begin(const RequestHead& head) = 0;
    /// The answer to a request without a body, if it is at hand: else begin() is called, on a
    /// worker. Runs on an io thread: must not block (no disk, no store, no long work). A stream's
    /// steps run on workers nevertheless.
    virtual std::optional<Response> at_once(const RequestHead& head);
};

}  // namespace origin::net

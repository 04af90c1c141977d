// SPDX-License-Identifier: Apache-2.0
// net/session: one connection's life: head, handler, body, answer, and again. Sees Asio: included
// by the server's own sources only.
#pragma once

#include <atomic>
#include <chrono>
#include <optional>

#include <boost/asio/steady_timer.hpp>

#include "net/busy_answer.h"
#include "net/connection.h"
#include "net/http_head.h"
#include "net/http_server.h"
#include "net/in_buffer.h"

namespace origin::net {

struct AnswerPlan;
class BodyDecoder;

/// What all sessions of a server share.
struct SessionWorld {
    const ServerSettings& settings;
    const HttpServer::Around& around;
    const std::atomic<bool>& stopping;
    Counter& requests;
    Counter& refusals;  // Heads and bodies that broke a rule.
    Counter& expired;   // Peers that were too slow.
    Histogram& seconds;
    Counter& busy;  // Requests that were turned away.
    BusyAnswer& busy_answer;
};

/// Everything but construction happens on the one thread of the connection's executor; calls into
/// the handler happen on workers while the session waits.
class Session {
public:
    /// `peer` is null for the operator's socket.
    Session(const SessionWorld& world,
            std::unique_ptr<Connection> connection,
            std::optional<Address> peer);
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session();

    asio::awaitable<void> run();

    /// Ends what the peer lets wait beyond its deadline.
    void expire(std::chrono::steady_clock::time_point now);
    /// The server begins to stop: an idle connection is closed, a busy one after its answer.
    void wind_up();
    /// Ends the session now; run() returns as soon as no worker holds a part of it.
    void cancel();

private:
    enum class Ran : std::uint8_t { Yes, Threw, QueueFull };
    enum class WhenFull : std::uint8_t { Refuse, Wait };
    using Instant = std::chrono::steady_clock::time_point;
    template <class T>
    using Async = asio::awaitable<T>;
    struct Request;  // What lives as long as one request.

    // Deadlines: of the peer only; the time our own workers take is not held against it.
    void due_in(Milliseconds time);
    void open_window();  // A stall window: it begins anew with every kHttpProgressBytes moved.
    void progressed(std::size_t bytes);
    void hold_due();
    void resume_due();
    Instant now() const { return world_.around.clock.steady(); }

    // Bytes and time. False: the peer is gone, or too slow (expired_), or we were cancelled.
    Async<bool> read_more(std::size_t least);
    Async<bool> write_all(Pieces pieces);
    Async<bool> write_file(const SharedBytes& part);
    Async<void> pause(Milliseconds time);

    // Workers.
    Async<bool> submit(WorkerPool::Task& task, WorkerPool::Work kind);
    Async<Ran> work(WorkerPool::Task task, WhenFull when_full);

    // A request. Without a value: nobody is left to answer.
    Async<void> serve_all();
    Async<bool> read_head(bool first);
    Async<void> refuse(HeadRefusal refusal);
    Async<void> serve(Request& request);
    Async<bool> turn_away(Request& request);
    Async<bool> answer(Request& request);
    std::string_view body_at_hand(const RequestHead& head) const;
    std::optional<Response> at_once(const RequestHead& head) const;
    Async<std::optional<Reply>> begin(Request& request);
    Async<std::optional<Reply>> take_body(Request& request);
    Async<std::optional<Error>> feed_all(Request& request, BodyDecoder& decoder);
    Async<Status> feed(Request& request, std::string_view piece);
    Async<std::optional<Reply>> fail_body(Request& request, Error error);
    Async<bool> skip_body(Request& request);
    Async<std::optional<Response>> settle(Reply reply);
    void pass_over_body(Request& request);
    void leave_unread();

    // An answer. False: it did not get through; the connection ends.
    Async<bool> send(Request& request, Response response);
    Async<bool> send_stream(Request& request, Response& response, AnswerPlan& plan);
    Async<bool> cut_short(Request& request, const Error& error, bool head_sent);
    Async<Result<BodySource::State>> step(std::unique_ptr<BodySource>& stream, std::string& out);
    AnswerPlan plan(const Request& request, Response& response) const;
    Async<void> say_goodbye();
    void note(Request& request, int status) const;
    void note_broken_off(const Request& request) const;

    const SessionWorld& world_;
    std::unique_ptr<Connection> connection_;
    std::optional<Address> peer_;
    InBuffer in_;
    std::size_t head_bytes_ = 0;  // Of the head at the front of in_.
    asio::steady_timer timer_;
    std::optional<Instant> due_;
    Milliseconds held_due_{0};
    std::optional<std::size_t> window_bytes_;  // Moved in this stall window, if one is open.
    Whose whose_;                              // Of this request.
    bool idle_ = false;
    bool expired_ = false;
    bool cancelled_ = false;
    bool keep_alive_ = true;
    bool unread_ = false;  // The peer may still be sending what we will not read.
};

}  // namespace origin::net

// SPDX-License-Identifier: Apache-2.0
// A request from its head to its reply: the handler, and the body, out of its framing, piece by
// piece to the sink.
#include "base/limits.h"
#include "net/body_decoder.h"
#include "net/problem.h"
#include "net/session_request.h"

namespace origin::net {

namespace {

Error too_large() {
    return Error(Code::LimitExceeded, "The request body is too large.").because("body_too_large");
}

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

enum class Whole : std::uint8_t { NotTaken, Taken, Refused };

// Gives a whole body to the sink that `begun` is, if it is one: `begun` is the reply then.
Whole take_whole(Begun& begun, std::string_view body) {
    auto* place = std::get_if<std::unique_ptr<BodySink>>(&begun);
    if (place == nullptr || body.empty() || body.size() > (*place)->body_bytes_max()) {
        return Whole::NotTaken;
    }
    const std::unique_ptr<BodySink> sink = std::move(*place);
    const Status fed = sink->feed(bytes_of(body));
    begun = fed ? sink->finish() : sink->failed(fed.error());
    return fed ? Whole::Taken : Whole::Refused;
}

}  // namespace

// The body, if it came with its head and is one piece; else nothing. A visit to a worker costs two
// switches of threads, and such a request needs one visit instead of three.
std::string_view Session::body_at_hand(const RequestHead& head) const {
    const std::uint64_t bytes = head.content_length.value_or(0);
    const bool is_here = bytes <= kHttpReadBytes && bytes <= in_.size();
    return is_here ? in_.view().substr(0, bytes) : std::string_view();
}

// What is at hand needs no worker.
std::optional<Response> Session::at_once(const RequestHead& head) const {
    if (head.has_body()) {
        return std::nullopt;
    }
    try {
        return world_.around.handler.at_once(head);
    } catch (const std::exception& error) {
        world_.around.log.error("a handler threw", {{"what", error.what()}});
        return std::nullopt;
    }
}

asio::awaitable<std::optional<Reply>> Session::begin(Request& request) {
    const RequestHead& head = request.head();
    if (auto response = at_once(head)) {
        co_return std::move(*response);
    }
    const std::string_view body = body_at_hand(head);
    std::optional<Begun> begun;
    Whole whole = Whole::NotTaken;
    const Ran ran = co_await work(
        [&] {
            begun = world_.around.handler.begin(head);
            whole = take_whole(*begun, body);
        },
        WhenFull::Refuse);
    if (ran == Ran::QueueFull) {
        begun = problem_response(
            Error(Code::Unavailable, "The server is busy; try again.").because("busy"));
    } else if (ran == Ran::Threw) {
        begun = problem_response(Error(Code::Internal, "The request failed."));
    }
    if (auto* sink = std::get_if<std::unique_ptr<BodySink>>(&*begun)) {
        request.sink = std::move(*sink);
        auto reply = co_await take_body(request);
        if (request.sink != nullptr) {
            co_await work([&] { request.sink.reset(); }, WhenFull::Wait);
        }
        co_return reply;
    }
    if (whole == Whole::Taken) {
        in_.consume(body.size());
    } else if (whole == Whole::Refused) {
        world_.refusals.add();
        leave_unread();
    } else {
        pass_over_body(request);
    }
    co_return std::move(std::get<Reply>(*begun));
}

asio::awaitable<std::optional<Reply>> Session::take_body(Request& request) {
    const RequestHead& head = request.head();
    if (head.content_length.value_or(0) > request.sink->body_bytes_max()) {
        leave_unread();
        co_return co_await fail_body(request, too_large());
    }
    open_window();
    if (request.checked.expects_continue && head.has_body() && in_.empty() &&
        !co_await write_all({asio::buffer(kContinue)})) {
        co_return std::nullopt;
    }
    if (head.has_body()) {
        BodyDecoder decoder(request.raw_head);
        auto error = co_await feed_all(request, decoder);
        if (cancelled_ || (!error && !decoder.done() && !expired_)) {
            co_return std::nullopt;
        }
        if (error || !decoder.done()) {
            leave_unread();  // Nothing behind a refused body is taken for a request.
        }
        if (expired_) {
            expired_ = false;
            co_return problem_response(
                408, Error(Code::Timeout, "The request body took too long to arrive."));
        }
        if (error) {
            co_return co_await fail_body(request, std::move(*error));
        }
    }
    due_.reset();
    std::optional<Reply> reply;
    const Ran ran = co_await work(
        [&] {
            reply = request.sink->finish();
            request.sink.reset();
        },
        WhenFull::Wait);
    if (ran == Ran::Threw) {
        reply = problem_response(Error(Code::Internal, "The request failed."));
    }
    co_return reply;
}

asio::awaitable<Status> Session::feed(Request& request, std::string_view piece) {
    Status fed;
    hold_due();
    const Ran ran =
        co_await work([&] { fed = request.sink->feed(bytes_of(piece)); }, WhenFull::Wait);
    resume_due();
    if (ran == Ran::Threw) {
        fed = std::unexpected(Error(Code::Internal, "The request failed."));
    }
    co_return fed;
}

// Feeds everything. Without an Error and without decoder.done(): the peer is gone or too slow.
asio::awaitable<std::optional<Error>> Session::feed_all(Request& request, BodyDecoder& decoder) {
    std::string piece;
    std::uint64_t total = 0;
    while (true) {
        auto used = decoder.decode(in_.view(), piece, kHttpReadBytes - piece.size());
        if (!used) {
            co_return std::move(used).error();
        }
        in_.consume(*used);
        const bool stuck = *used == 0 || in_.empty();
        if (!decoder.done() && !stuck && piece.size() < kHttpReadBytes) {
            continue;
        }
        total += piece.size();
        if (total > request.sink->body_bytes_max()) {
            co_return too_large();
        }
        if (!piece.empty()) {
            if (auto fed = co_await feed(request, piece); !fed) {
                co_return std::move(fed).error();
            }
            piece.clear();
        }
        if (decoder.done() || (stuck && !co_await read_more(kHttpReadBytes))) {
            co_return std::nullopt;
        }
    }
}

asio::awaitable<std::optional<Reply>> Session::fail_body(Request& request, Error error) {
    due_.reset();
    world_.refusals.add();
    std::optional<Reply> reply;
    const Ran ran = co_await work(
        [&] {
            reply = request.sink->failed(error);
            request.sink.reset();
        },
        WhenFull::Wait);
    if (ran == Ran::Threw) {
        reply = problem_response(error);
    }
    co_return reply;
}

// Only for bodies with a small Content-Length.
asio::awaitable<bool> Session::skip_body(Request& request) {
    std::uint64_t left = *request.head().content_length;
    open_window();
    while (true) {
        const std::size_t here = std::min<std::uint64_t>(left, in_.size());
        in_.consume(here);
        left -= here;
        if (left == 0) {
            co_return true;
        }
        if (!co_await read_more(1)) {
            co_return false;
        }
    }
}

}  // namespace origin::net

// SPDX-License-Identifier: Apache-2.0
#include "net/session.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/limits.h"
#include "net/answer.h"
#include "net/forwarded.h"
#include "net/problem.h"
#include "net/session_request.h"
#include "net/whose.h"

namespace origin::net {

namespace {

constexpr Milliseconds kBusyPause{10};  // The work queue is full: let it run empty a little.
constexpr std::size_t kHeadRoom = 2 * kKiB;

}  // namespace

Session::Session(const SessionWorld& world,
                 std::unique_ptr<Connection> connection,
                 std::optional<Address> peer)
    : world_(world),
      connection_(std::move(connection)),
      peer_(peer),
      timer_(connection_->executor()) {}

Session::~Session() = default;

// ------------------------------------------------------------------ deadlines

void Session::due_in(Milliseconds time) {
    due_ = now() + time;
    window_bytes_.reset();
}

void Session::open_window() {
    due_in(world_.settings.stall_timeout);
    window_bytes_ = 0;
}

void Session::progressed(std::size_t bytes) {
    if (!window_bytes_) {
        return;
    }
    *window_bytes_ += bytes;
    if (*window_bytes_ >= kHttpProgressBytes) {
        open_window();
    }
}

void Session::hold_due() {
    held_due_ = due_ ? std::chrono::duration_cast<Milliseconds>(*due_ - now()) : Milliseconds{0};
    due_.reset();
}

void Session::resume_due() {
    due_ = now() + held_due_;
}

void Session::expire(Instant now) {
    if (due_ && now >= *due_) {
        due_.reset();
        expired_ = true;
        world_.expired.add();
        connection_->cancel();
    }
}

void Session::wind_up() {
    if (idle_) {
        cancel();
    }
}

void Session::cancel() {
    cancelled_ = true;
    connection_->close();
    timer_.cancel();
}

// ------------------------------------------------------------------ bytes and time

asio::awaitable<bool> Session::read_more(std::size_t least) {
    const std::span<char> room = in_.room(least);
    const std::size_t n = co_await connection_->read(asio::buffer(room.data(), room.size()));
    in_.commit(n);
    progressed(n);
    co_return n > 0 && !expired_;
}

asio::awaitable<bool> Session::write_all(Pieces pieces) {
    while (asio::buffer_size(pieces) > 0) {
        std::size_t n = co_await connection_->write(pieces);
        if (n == 0 || expired_) {
            co_return false;
        }
        progressed(n);
        for (asio::const_buffer& piece : pieces) {
            const std::size_t taken = std::min(n, piece.size());
            piece += taken;
            n -= taken;
        }
    }
    co_return true;
}

asio::awaitable<bool> Session::write_file(const SharedBytes& part) {
    for (std::size_t sent = 0; sent < part.bytes.size();) {
        const std::size_t n =
            co_await connection_->write_file(part.file, part.at + sent, part.bytes.size() - sent);
        if (n == 0 || expired_) {
            co_return false;
        }
        progressed(n);
        sent += n;
    }
    co_return true;
}

asio::awaitable<void> Session::pause(Milliseconds time) {
    timer_.expires_after(std::max(time, Milliseconds{1}));
    co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
}

// ------------------------------------------------------------------ workers

// Runs `task` on a worker and comes back to this session's thread. False: the queue is full.
asio::awaitable<bool> Session::submit(WorkerPool::Task& task, WorkerPool::Work kind) {
    auto initiate = [this, kind](auto handler, WorkerPool::Task* to_run) {
        auto resume = std::make_shared<decltype(handler)>(std::move(handler));
        const auto executor = connection_->executor();
        WorkerPool::Task there_and_back = [resume, to_run, executor] {
            (*to_run)();
            asio::post(executor, [resume] { std::move (*resume)(true); });
        };
        if (!world_.around.workers.submit(std::move(there_and_back), kind, whose_)) {
            asio::post(executor, [resume] { std::move (*resume)(false); });
        }
    };
    return asio::async_initiate<const asio::use_awaitable_t<>, void(bool)>(
        std::move(initiate), asio::use_awaitable, &task);
}

asio::awaitable<Session::Ran> Session::work(WorkerPool::Task task, WhenFull when_full) {
    bool threw = false;
    WorkerPool::Task guarded = [this, &task, &threw] {
        try {
            task();
        } catch (const std::exception& error) {
            world_.around.log.error("a handler threw", {{"what", error.what()}});
            threw = true;
        }
    };
    const bool is_new = when_full == WhenFull::Refuse;
    while (!co_await submit(guarded, is_new ? WorkerPool::Work::New : WorkerPool::Work::Begun)) {
        if (is_new) {
            co_return Ran::QueueFull;
        }
        co_await pause(kBusyPause);
    }
    co_return threw ? Ran::Threw : Ran::Yes;
}

// ------------------------------------------------------------------ one request after another

asio::awaitable<void> Session::run() {
    due_in(world_.settings.head_timeout);
    if (co_await connection_->open() && !expired_) {
        co_await serve_all();
        co_await say_goodbye();
    }
    connection_->close();
}

asio::awaitable<void> Session::serve_all() {
    for (bool first = true; keep_alive_ && !cancelled_ && !world_.stopping; first = false) {
        if (!co_await read_head(first)) {
            co_return;
        }
        auto checked = check_head(in_.view().substr(0, head_bytes_));
        if (!checked) {
            co_await refuse(std::move(checked).error());
            co_return;
        }
        Request request{.checked = std::move(*checked), .begun = now()};
        if (request.head().has_body()) {
            request.raw_head = in_.view().substr(0, head_bytes_);
        }
        in_.consume(head_bytes_);
        co_await serve(request);
        in_.shrink();
    }
}

asio::awaitable<bool> Session::read_head(bool first) {
    due_in(first ? world_.settings.head_timeout : world_.settings.idle_timeout);
    idle_ = true;
    std::size_t scanned = 0;
    bool may_skip_line = true;  // Old clients send one CRLF behind a body.
    while (true) {
        if (may_skip_line && in_.view().starts_with("\r\n")) {
            in_.consume(2);
            may_skip_line = false;
        }
        if (idle_ && !in_.empty()) {
            idle_ = false;
            due_in(world_.settings.head_timeout);
        }
        const bool half_a_line = may_skip_line && in_.view() == "\r";
        auto end = half_a_line ? std::nullopt : find_head_end(in_.view(), scanned);
        if (!end) {
            co_await refuse(std::move(end).error());
            co_return false;
        }
        if (*end) {
            head_bytes_ = **end;
            co_return true;
        }
        const bool more = co_await read_more(kHeadRoom);
        if (!more && expired_ && !in_.empty()) {
            co_await refuse({408, Error(Code::Timeout, "The request took too long to arrive.")});
        }
        if (!more) {
            idle_ = false;
            co_return false;
        }
    }
}

// Answers what never became a request, and ends the connection.
asio::awaitable<void> Session::refuse(HeadRefusal refusal) {
    world_.refusals.add();
    world_.around.log.info("request refused",
                           {{"peer", peer_ ? peer_->str() : ""},
                            {"status", refusal.status},
                            {"reason", std::string(refusal.error.reason())}});
    leave_unread();
    Request nobody{.checked = {}, .begun = now(), .quiet = true};
    co_await send(nobody, problem_response(refusal.status, refusal.error));
}

void Session::leave_unread() {
    keep_alive_ = false;
    unread_ = true;
}

// Nothing of it is looked at but its framing, nothing is logged: the counter says how many.
asio::awaitable<bool> Session::turn_away(Request& request) {
    world_.busy.add();
    pass_over_body(request);
    keep_alive_ = keep_alive_ && request.head().version_minor == 1 && !world_.stopping;
    const bool to_head = request.head().method == "HEAD";
    open_window();
    const bool sent = co_await write_all({asio::buffer(world_.busy_answer.head(keep_alive_)),
                                          asio::buffer(to_head ? "" : world_.busy_answer.body())});
    due_.reset();
    co_return sent;
}

asio::awaitable<void> Session::serve(Request& request) {
    keep_alive_ = request.checked.keep_alive;
    due_.reset();
    RequestHead& head = request.checked.head;
    if (peer_) {
        head.secure = connection_->secure();
        set_peer(head, *peer_, world_.settings.trusted_proxies);
    } else {
        head.local_operator = true;
    }
    whose_ = whose_request(head);
    const bool is_too_much = world_.around.workers.overloaded(whose_);
    const bool sent = is_too_much ? co_await turn_away(request) : co_await answer(request);
    if (!sent || (request.skip_body && keep_alive_ && !co_await skip_body(request))) {
        keep_alive_ = false;
    }
}

asio::awaitable<bool> Session::answer(Request& request) {
    auto reply = co_await begin(request);
    auto response = reply ? co_await settle(std::move(*reply)) : std::nullopt;
    if (!response) {
        note_broken_off(request);
        co_return false;
    }
    co_return co_await send(request, std::move(*response));
}

// It is answered without its body: a small one is read over behind the answer, with another one the
// connection ends.
void Session::pass_over_body(Request& request) {
    const RequestHead& head = request.head();
    if (!head.has_body()) {
        return;
    }
    const bool may_not_come = request.checked.expects_continue && in_.empty();
    request.skip_body =
        head.content_length.value_or(kHttpDrainBytesMax + 1) <= kHttpDrainBytesMax && !may_not_come;
    if (!request.skip_body) {
        leave_unread();
    }
}

asio::awaitable<std::optional<Response>> Session::settle(Reply reply) {
    if (auto* response = std::get_if<Response>(&reply)) {
        co_return std::move(*response);
    }
    auto deferred = std::get<std::unique_ptr<Deferred>>(std::move(reply));
    std::optional<Response> response;
    while (true) {
        const Ran ran = co_await work(
            [&] {
                response = deferred->poll();
                if (response) {
                    deferred.reset();
                }
            },
            WhenFull::Wait);
        if (ran == Ran::Threw) {
            response = problem_response(Error(Code::Internal, "The request failed."));
        }
        if (response || cancelled_ || connection_->peer_is_gone()) {
            break;
        }
        co_await pause(deferred->retry_after());
    }
    if (deferred != nullptr) {
        co_await work([&] { deferred.reset(); }, WhenFull::Wait);
    }
    co_return response;
}

asio::awaitable<void> Session::say_goodbye() {
    if (cancelled_ || (expired_ && !unread_)) {
        co_return;
    }
    expired_ = false;
    due_in(kHttpLingerMax);
    co_await connection_->end_sending();
    // A close() with bytes unread would make the kernel reset the connection under our answer.
    while (unread_ && !expired_ && co_await read_more(kHeadRoom)) {
        in_.consume(in_.size());
    }
}

void Session::note(Request& request, int status) const {
    if (request.noted) {
        return;  // An answer was replaced by an error: that one counts.
    }
    request.noted = true;
    world_.requests.add();
    const auto took = now() - request.begun;
    world_.seconds.record(took);
    if (!world_.settings.log_requests || request.quiet) {
        return;
    }
    const RequestHead& head = request.head();
    world_.around.log.info("request",
                           {{"method", head.method},
                            {"path", head.path},
                            {"status", status},
                            {"peer", head.peer},
                            {"ms", std::chrono::duration_cast<Milliseconds>(took).count()}});
}

// The peer went away before its answer: a fact as well, and the only line such a request leaves.
void Session::note_broken_off(const Request& request) const {
    if (world_.settings.log_requests) {
        const RequestHead& head = request.head();
        world_.around.log.info("request broken off",
                               {{"method", head.method}, {"path", head.path}, {"peer", head.peer}});
    }
}

}  // namespace origin::net

// SPDX-License-Identifier: Apache-2.0
// An answer: its head, then its body, then its stream, step by step as the peer takes it.
#include "base/assert.h"
#include "base/limits.h"
#include "net/answer.h"
#include "net/problem.h"
#include "net/session_request.h"

namespace origin::net {

namespace {

constexpr std::size_t kEnoughBytes = 64 * kKiB;  // For one write; below it a source may go on.
constexpr int kStepsMax = 8;                     // For one visit to a worker.

Result<BodySource::State> step_until_enough(BodySource& source, std::string& out) {
    Result<BodySource::State> state = BodySource::State::More;
    for (int i = 0; i < kStepsMax && state && *state == BodySource::State::More; ++i) {
        state = source.step(out);
        if (out.size() >= kEnoughBytes) {
            break;
        }
    }
    return state;
}

// What is wrong with what a source gave, if anything.
std::optional<Error> complaint(const Result<BodySource::State>& state,
                               bool length_promised,
                               std::uint64_t left,
                               std::size_t given) {
    if (!state) {
        return state.error();
    }
    const bool done = *state == BodySource::State::Done;
    if (length_promised && (given > left || (done && given < left))) {
        return Error(Code::Internal, "The answer failed.", "its stream has another length");
    }
    return std::nullopt;
}

// The bytes of one step with what frames them.
struct Framed {
    std::string before{};
    std::string out{};
    std::string after{};

    void close_chunk(bool last) {
        if (!out.empty()) {
            before += chunk_line(out.size());
            after = "\r\n";
        }
        after += last ? "0\r\n\r\n" : "";
    }
    Pieces pieces() const {
        return {boost::asio::buffer(before), boost::asio::buffer(out), boost::asio::buffer(after)};
    }
    void clear() {
        before.clear();
        out.clear();
        after.clear();
    }
};

}  // namespace

// How to write `response`; one that cannot be written safely becomes a 500.
AnswerPlan Session::plan(const Request& request, Response& response) const {
    const AnswerFacts facts{.to_head = request.head().method == "HEAD",
                            .version_minor = request.head().version_minor,
                            .keep_alive = keep_alive_ && !world_.stopping,
                            .now = world_.around.clock.now()};
    auto planned = plan_answer(response, facts);
    if (!planned) {
        world_.around.log.error(
            "answer refused",
            {{"path", request.head().path}, {"why", planned.error().kept_in_log()}});
        response = problem_response(planned.error());
        planned = plan_answer(response, facts);
        ORIGIN_ASSERT(planned);
    }
    return std::move(*planned);
}

asio::awaitable<bool> Session::send(Request& request, Response response) {
    expired_ = false;
    AnswerPlan planned = plan(request, response);
    keep_alive_ = planned.keep_alive;
    open_window();
    bool sent = false;
    if (planned.has_body && response.stream != nullptr) {
        sent = co_await send_stream(request, response, planned);
    } else {
        const SharedBytes& shared = response.shared;
        const bool from_file = planned.has_body && shared.file >= 0 && connection_->takes_files();
        Pieces pieces = {asio::buffer(planned.head)};
        if (planned.has_body) {
            pieces[1] = asio::buffer(response.body);
            pieces[2] = asio::buffer(from_file ? std::string_view() : shared.bytes);
        }
        sent = co_await write_all(pieces) && (!from_file || co_await write_file(shared));
    }
    due_.reset();
    note(request, response.status);
    if (response.stream != nullptr) {
        co_await work([&] { response.stream.reset(); }, WhenFull::Wait);
    }
    co_return sent;
}

asio::awaitable<Result<BodySource::State>> Session::step(std::unique_ptr<BodySource>& stream,
                                                         std::string& out) {
    Result<BodySource::State> state = BodySource::State::Done;
    hold_due();
    const Ran ran = co_await work(
        [&] {
            state = step_until_enough(*stream, out);
            if (!state || *state == BodySource::State::Done) {
                stream.reset();
            }
        },
        WhenFull::Wait);
    resume_due();
    if (ran == Ran::Threw) {
        co_return std::unexpected(Error(Code::Internal, "The request failed.", "a step threw"));
    }
    co_return state;
}

// A source failed: the peer must not take what it has for a whole answer.
asio::awaitable<bool> Session::cut_short(Request& request, const Error& error, bool head_sent) {
    world_.around.log.warning(
        "answer cut short",
        {{"path", request.head().path}, {"reason", error.reason()}, {"why", error.kept_in_log()}});
    keep_alive_ = false;
    if (head_sent) {
        co_return false;
    }
    co_return co_await send(request, problem_response(error));
}

asio::awaitable<bool> Session::send_stream(Request& request, Response& response, AnswerPlan& plan) {
    // The head goes out with the first bytes of the stream.
    Framed framed{.before = std::move(plan.head), .out = std::move(response.body)};
    framed.out += response.shared.bytes;
    const bool promised = response.stream_bytes.has_value();
    std::uint64_t left = response.stream_bytes.value_or(0) + framed.out.size();
    for (bool head_sent = false;; head_sent = true) {
        const auto state = co_await step(response.stream, framed.out);
        if (const auto error = complaint(state, promised, left, framed.out.size())) {
            co_return co_await cut_short(request, *error, head_sent);
        }
        left -= promised ? framed.out.size() : 0;
        const bool waits = *state == BodySource::State::Wait;
        const bool stop_here = waits && world_.stopping && response.stream->endless();
        const bool done = *state == BodySource::State::Done || stop_here;
        if (plan.chunked) {
            framed.close_chunk(done);
        }
        const bool sent = co_await write_all(framed.pieces());
        if (done || !sent) {
            keep_alive_ = keep_alive_ && !stop_here;
            co_return sent;
        }
        framed.clear();
        if (waits && (cancelled_ || connection_->peer_is_gone())) {
            co_return false;
        }
        if (waits) {
            hold_due();
            co_await pause(response.stream->retry_after());
            resume_due();
        }
    }
}

}  // namespace origin::net

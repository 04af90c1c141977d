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
        const std::string_view body = planned.has_body ? response.body : std::string_view();
        sent = co_await write_all({asio::buffer(planned.head), asio::buffer(body)});
        note(request, response.status);
    }
    due_.reset();
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

asio::awaitable<bool> Session::send_stream(Request& request, Response& response, AnswerPlan& plan) {
    std::string before = std::move(plan.head);  // Sent with the first bytes of the stream.
    std::string out = std::move(response.body);
    std::uint64_t left = response.stream_bytes.value_or(0) + out.size();
    bool head_sent = false;
    while (true) {
        auto state = co_await step(response.stream, out);
        const bool wrong_length =
            state && !plan.chunked && response.stream_bytes &&
            (out.size() > left || (*state == BodySource::State::Done && out.size() != left));
        if (!state || wrong_length) {
            const Error error = state ? Error(Code::Internal, "The answer failed.", "wrong length")
                                      : std::move(state).error();
            world_.around.log.warning("answer cut short",
                                      {{"path", request.head().path},
                                       {"why", error.kept_in_log()},
                                       {"reason", error.reason()}});
            if (head_sent) {
                note(request, response.status);
                co_return false;
            }
            keep_alive_ = false;
            co_return co_await send(request, problem_response(error));
        }
        left -= std::min<std::uint64_t>(left, out.size());
        const bool stop_here =
            *state == BodySource::State::Wait && world_.stopping && response.stream->endless();
        const bool done = *state == BodySource::State::Done || stop_here;
        std::string after;
        if (plan.chunked) {
            before += out.empty() ? "" : chunk_line(out.size());
            after = out.empty() ? "" : "\r\n";
            after += done ? "0\r\n\r\n" : "";
        }
        const bool sent =
            co_await write_all({asio::buffer(before), asio::buffer(out), asio::buffer(after)});
        head_sent = true;
        if (done || !sent) {
            keep_alive_ = keep_alive_ && sent && !stop_here;
            note(request, response.status);
            co_return sent;
        }
        before.clear();
        out.clear();
        if (*state == BodySource::State::Wait) {
            if (cancelled_ || connection_->peer_is_gone()) {
                note(request, response.status);
                co_return false;
            }
            hold_due();
            co_await pause(response.stream->retry_after());
            resume_due();
        }
    }
}

}  // namespace origin::net

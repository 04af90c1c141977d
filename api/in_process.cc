// SPDX-License-Identifier: Apache-2.0
#include "api/in_process.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "net/problem.h"

namespace origin::api {
namespace {

net::RequestHead head_of(const InProcessCall& wanted) {
    net::RequestHead head;
    const std::size_t question = wanted.target.find('?');
    head.method = wanted.method;
    head.target = wanted.target;
    head.path = wanted.target.substr(0, question);
    head.query = question == std::string::npos ? "" : wanted.target.substr(question + 1);
    head.headers = wanted.headers;
    head.peer = wanted.peer;
    head.local_operator = wanted.local_operator;
    if (!wanted.body.empty()) {
        head.content_length = wanted.body.size();
    }
    return head;
}

/// The body in pieces, as a server would hand it over.
net::Reply feed(net::BodySink& sink, std::string_view body) {
    if (body.size() > sink.body_bytes_max()) {
        return sink.failed(
            Error(Code::LimitExceeded, "The request body is too large.").because("body_too_large"));
    }
    while (!body.empty()) {
        const std::string_view piece = body.substr(0, kStepBytes);
        if (const Status fed = sink.feed(bytes_of(piece)); !fed) {
            return sink.failed(fed.error());
        }
        body.remove_prefix(piece.size());
    }
    return sink.finish();
}

/// Moves the stream's bytes into the body.
Status drain(net::Response& response, store::Store& store, InProcessCall::Streams streams) {
    using State = net::BodySource::State;
    const bool leaves = response.stream->endless() && streams == InProcessCall::Streams::UntilQuiet;
    while (true) {
        const std::uint64_t seen = store.version();
        ORIGIN_TRY(state, response.stream->step(response.body));
        if (state == State::Done || (state == State::Wait && leaves)) {
            response.stream.reset();
            return {};
        }
        if (state == State::Wait) {
            store.wait_for_change(seen, response.stream->retry_after());
        }
    }
}

}  // namespace

net::Response call(net::Handler& handler, store::Store& store, const InProcessCall& wanted) {
    const net::RequestHead head = head_of(wanted);
    net::Begun begun = handler.begin(head);
    auto* sink = std::get_if<std::unique_ptr<net::BodySink>>(&begun);
    net::Reply reply =
        sink != nullptr ? feed(**sink, wanted.body) : std::get<net::Reply>(std::move(begun));
    net::Response response;
    if (auto* deferred = std::get_if<std::unique_ptr<net::Deferred>>(&reply)) {
        std::optional<net::Response> ready;
        while (true) {
            const std::uint64_t seen = store.version();
            ready = (*deferred)->poll();
            if (ready) {
                break;
            }
            store.wait_for_change(seen, (*deferred)->retry_after());
        }
        response = std::move(*ready);
    } else {
        response = std::get<net::Response>(std::move(reply));
    }
    response.body += std::exchange(response.shared, {}).bytes;
    if (response.stream != nullptr) {
        if (const Status drained = drain(response, store, wanted.streams); !drained) {
            return net::problem_response(drained.error());
        }
    }
    return response;
}

net::Response call(net::Handler& handler,
                   store::Store& store,
                   std::string_view method,
                   std::string_view target,
                   std::string_view body) {
    InProcessCall wanted{
        .method = std::string(method), .target = std::string(target), .body = std::string(body)};
    if (!body.empty()) {
        wanted.headers.push_back({"Content-Type", "application/json"});
    }
    return call(handler, store, wanted);
}

}  // namespace origin::api

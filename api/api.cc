// SPDX-License-Identifier: Apache-2.0
#include "api/api.h"

#include <algorithm>

#include "api/answers.h"
#include "api/endpoints.h"
#include "api/ready_probe.h"
#include "api/routes.h"
#include "base/limits.h"
#include "net/credentials.h"
#include "net/inflating_sink.h"
#include "net/problem.h"
#include "net/string_sink.h"

namespace origin::api {
namespace {

/// Is the body of this type, parameters aside?
bool has_type(const net::RequestHead& head, std::string_view wanted) {
    std::string_view type = head.header("content-type");
    type = type.substr(0, type.find(';'));
    while (type.ends_with(' ')) {
        type.remove_suffix(1);
    }
    return net::same_ignoring_case(type, wanted);
}

/// Errors: InvalidInput `unsupported_media_type`.
Status check_content_type(const net::RequestHead& head) {
    if (has_type(head, "application/json") || !head.has_body()) {
        return {};
    }
    return std::unexpected(
        Error(Code::InvalidInput, "send the body as Content-Type: application/json, in UTF-8")
            .because("unsupported_media_type"));
}

/// For a write that takes no body: nothing, or `{}`.
Status check_no_fields(std::string_view body) {
    ORIGIN_TRY(object, parse_body(body));
    return Fields(object).finish();
}

net::Response wrong_method(const std::vector<std::string_view>& methods) {
    std::string allow;
    for (const std::string_view method : methods) {
        allow += (allow.empty() ? "" : ", ") + std::string(method);
        if (method == "GET") {
            allow += ", HEAD";
        }
    }
    net::Response response = net::problem_response(
        405, Error(Code::InvalidInput, "this path takes: " + allow).because("method_not_allowed"));
    response.headers.push_back({"Allow", allow});
    return response;
}

/// What the route is counted as, besides as a request.
std::optional<auth::Counted> counted_as(const Route& route) {
    if (route.handle == post_requirement || route.handle == retry_requirement) {
        return auth::Counted::Runs;
    }
    const bool moves_refs =
        route.method == "POST" && route.scope == "git:write" && route.handle != post_status;
    return moves_refs ? std::optional(auth::Counted::Pushes) : std::nullopt;
}

net::Begun now(net::Response response) {
    return net::Reply(std::move(response));
}

}  // namespace

Api::Api(Around around)
    : around_(std::move(around)),
      ready_(std::make_unique<ReadyProbe>()),
      requests_(around_.metrics.counter("api_requests_total")) {}

Api::~Api() = default;

Result<auth::Identity> Api::identify(const net::RequestHead& head) const {
    if (head.local_operator) {
        return around_.gatekeeper.local_operator();
    }
    return around_.gatekeeper.identify(
        net::key_text_of(head),
        {.peer = head.peer, .via = "api", .agent = head.header("user-agent")});
}

net::Response Api::refuse(const net::RequestHead& head, const Error& error) const {
    return refusal(around_, head, error);
}

net::Reply Api::answer(const Call& call, Answer (*handle)(const Call&)) const {
    Answer answer = handle(call);
    return answer ? std::move(*answer) : net::Reply(refuse(call.head, answer.error()));
}

/// `route`: null if there is none; `who`: empty if nobody proved who they are.
/// Returns: the refusal, if there was too much.
std::optional<net::Response> Api::count(const net::RequestHead& head,
                                        const Route* route,
                                        const std::optional<auth::Identity>& who) const {
    const bool is_operation = route != nullptr && !route->path.starts_with("/api/");
    if (head.local_operator || is_operation) {
        return std::nullopt;
    }
    const auto party = who ? auth::Party::of(*who, head.peer) : auth::Party::at(head.peer);
    auto excess = around_.limits.take(auth::Counted::Requests, party);
    if (const auto what = who ? counted_as(*route) : std::nullopt; what && !excess) {
        excess = around_.limits.take(*what, party);
    }
    return excess ? std::optional(too_many(*excess)) : std::nullopt;
}

net::Begun Api::begin(const net::RequestHead& head) {
    requests_.add();
    Match match = match_route(head.method, head.path);
    if (match.route == nullptr) {
        if (auto refused = count(head, nullptr, {})) {
            return now(std::move(*refused));
        }
        return now(match.methods.empty()
                       ? refuse(head, Error(Code::NotFound, "there is nothing at this path"))
                       : wrong_method(match.methods));
    }
    const Route& route = *match.route;
    Call call{.around = around_,
              .ready = *ready_,
              .head = head,
              .params = std::move(match.params),
              .query = {},
              .who = {},
              .body = {}};
    Status known;
    if (route.access != Access::Open) {
        const bool may_be_anybody = route.access == Access::Public && !head.local_operator &&
                                    !head.has_header("authorization");
        auto identity =
            may_be_anybody ? Result<auth::Identity>(auth::Gatekeeper::anonymous()) : identify(head);
        known = identity ? Status() : std::unexpected(identity.error());
        call.who = identity ? std::optional(std::move(*identity)) : std::nullopt;
    }
    if (auto refused = count(head, &route, call.who)) {
        return now(std::move(*refused));
    }
    if (!known) {
        return now(refuse(head, known.error()));
    }
    if (route.access == Access::Operator && !call.who->server_admin) {
        return now(refuse(head, Error(Code::Forbidden, "this needs a server admin's key")));
    }
    auto query = net::parse_query(head.query);
    if (!query) {
        return now(refuse(head, query.error()));
    }
    call.query = std::move(*query);
    if (route.method != "POST" && route.shape == nullptr) {
        return answer(call, route.handle);
    }
    return begin_body(route, std::make_shared<Call>(std::move(call)));
}

net::Begun Api::begin_body(const Route& route, const std::shared_ptr<Call>& call) {
    const net::RequestHead& head = call->head;
    if (route.stream != nullptr && has_type(head, "application/x-ndjson")) {
        auto sink = route.stream(call);
        return sink ? net::decoded_sink(head, std::move(*sink)) : now(refuse(head, sink.error()));
    }
    if (const Status typed = check_content_type(head); !typed) {
        return now(refuse(head, typed.error()));
    }
    return net::decoded_sink(
        head,
        std::make_unique<net::StringSink>(
            kApiBodyBytesMax, [this, call, &route](std::string body) -> net::Reply {
                call->body = std::move(body);
                const Status empty =
                    route.shape == nullptr ? check_no_fields(call->body) : Status();
                return empty ? answer(*call, route.handle) : refuse(call->head, empty.error());
            }));
}

}  // namespace origin::api

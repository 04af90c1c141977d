// SPDX-License-Identifier: Apache-2.0
#include "githttp/git_refusal.h"

#include <algorithm>
#include <string>

#include "net/door_codes.h"

namespace origin::githttp {
namespace {

constexpr int kUnauthorized = 401;
constexpr int kNotFound = 404;
constexpr int kTooManyRequests = 429;
constexpr int kUnavailable = 503;

}  // namespace

net::Response git_refusal(int status) {
    net::Response response;
    response.status = status;
    response.headers = {{"Expires", "Fri, 01 Jan 1980 00:00:00 GMT"},
                        {"Pragma", "no-cache"},
                        {"Cache-Control", "no-cache, max-age=0, must-revalidate"}};
    return response;
}

net::Response git_response(std::string_view content_type) {
    net::Response response = git_refusal(200);
    response.headers.push_back({"Content-Type", std::string(content_type)});
    return response;
}

net::Response git_refusal(const Error& error, std::chrono::seconds retry_after) {
    const bool comes_too_often =
        error.reason() == "too_many_failures" || error.reason() == auth::kRateLimited;
    const int status = comes_too_often ? kTooManyRequests : net::http_status_of(error.code());
    if (status == kNotFound) {
        return git_refusal(status);
    }
    net::Response response = git_response("text/plain; charset=utf-8");
    response.status = status;
    response.body = error.told_to_peer() + "\n";
    if (status == kUnauthorized) {
        response.headers.push_back({"WWW-Authenticate", "Basic realm=\"origind\""});
    }
    if (status == kTooManyRequests || status == kUnavailable) {
        const auto wait = std::max(retry_after, std::chrono::seconds(1));
        response.headers.push_back({"Retry-After", std::to_string(wait.count())});
    }
    return response;
}

void add_rate_headers(net::Response& response, const auth::Excess& excess) {
    response.headers.push_back({"RateLimit-Policy", excess.policy()});
    response.headers.push_back({"RateLimit", excess.state()});
}

net::Response git_refusal(const auth::Excess& excess) {
    net::Response response = git_refusal(excess.error(), excess.wait);
    add_rate_headers(response, excess);
    return response;
}

net::Response method_refusal(std::string_view allowed) {
    net::Response response = git_refusal(405);
    response.headers.push_back({"Allow", std::string(allowed)});
    return response;
}

}  // namespace origin::githttp

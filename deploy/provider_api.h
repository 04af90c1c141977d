// SPDX-License-Identifier: Apache-2.0
// deploy/provider_api: calls of a provider's JSON API, and what their answers mean for a
// deployment. Blocks: job threads only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <boost/json/value.hpp>

#include "base/log.h"
#include "deploy/task.h"
#include "net/http_client.h"

namespace origin::deploy {

struct ApiRequest {
    std::string method = "GET";
    std::string path{};  // Below the base, from its first slash on.
    std::string body{};
    std::string content_type = "application/json";
    std::vector<net::Header> headers{};
};

struct ApiAnswer {
    int status = 0;
    boost::json::value body;  // null if it was empty.
};

class ProviderApi {
public:
    struct Provider {
        std::string_view name;  // "Netlify"
        std::string base;       // No slash at its end.
        /// What the provider said went wrong, from the body of a refusal.
        std::string (*complaint)(const boost::json::value& body);
    };
    /// Lifetime: borrows all.
    ProviderApi(const net::HttpClient& client, Task& task, Provider provider)
        : client_(client), task_(task), provider_(std::move(provider)) {}

    /// Errors: Unavailable `provider_busy`: 408, 429, 5xx, no answer, or one that is no JSON; the
    ///         task then holds off for as long as the provider asked. Unauthenticated
    ///         `provider_refuses_token` (401, 403); NotFound (404); Conflict (409);
    ///         InvalidInput `provider_refused`: the other 3xx and 4xx. The sentence holds what the
    ///         provider said, without the token.
    Result<ApiAnswer> call(ApiRequest request);
    /// The same with any other 4xx as an answer: for callers who can do something with it.
    Result<ApiAnswer> ask(ApiRequest request);

private:
    Result<ApiAnswer> send(ApiRequest request);
    Error refusal(int status, const boost::json::value& body) const;
    std::string said(const boost::json::value& body) const;

    const net::HttpClient& client_;
    Task& task_;
    Provider provider_;
};

/// `value["a"]["b"]` as text; empty if there is no such text.
std::string text_at(const boost::json::value& value, std::initializer_list<std::string_view> path);

/// Each byte but unreserved ones and '/' as %XX. RFC 3986, 2.1.
std::string encoded_path(std::string_view path);

/// The URL without a slash at its end. Errors: InvalidInput `bad_setting`, `api_base_not_allowed`.
Status check_api_base(const TargetSettings& settings);

}  // namespace origin::deploy

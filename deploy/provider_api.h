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
    bool makes = false;    // A PUT that must not come twice: not over a kept connection.
    std::string bearer{};  // Instead of the target's secret: a token for uploads.
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
        PaceLimit calls = {};  // With one token, of whatever target; none: unlimited.
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
    /// The error that an answer stands for.
    Error refusal(int status, const boost::json::value& body) const;

private:
    Result<ApiAnswer> send(ApiRequest request);
    std::string said(const boost::json::value& body) const;

    const net::HttpClient& client_;
    Task& task_;
    Provider provider_;
};

/// `value["a"]["b"]` as text; empty if there is no such text.
std::string text_at(const boost::json::value& value, std::initializer_list<std::string_view> path);

/// `value["a"]["b"]`; null if it is not there.
const boost::json::value& value_at(const boost::json::value& value,
                                   std::initializer_list<std::string_view> path);

/// Each byte but unreserved ones and '/' as %XX. RFC 3986, 2.1.
std::string encoded_path(std::string_view path);

/// What a connector remembers in the row between two calls; empty: nothing.
std::string note(Task& task, std::string_view name);
void remember(Task& task, std::string_view name, std::string value);

/// In what the provider keeps of a deployment, so that it is found again after a lost answer.
std::string marker(Task& task);

/// "https://" and the host, or what stands before the host in `apiBase`: a stand-in has no TLS.
std::string url_of(Task& task, std::string_view host);

/// The branch of refs/heads/<branch>; of any other ref what follows "refs/"; where no ref was named
/// "commit-" and 12 digits of it, since no branch is some other one to providers.
std::string branch_of(const store::DeploymentRow& row);

/// Until the next look at what lasts: the longer it has lasted, the longer; 1 s to 10 s.
Milliseconds growing_wait(Task& task);

/// What a deletion came to: what is not there any more counts as deleted.
Status gone(const Result<ApiAnswer>& deletion);

std::unexpected<Error> odd_answer(std::string_view provider, std::string_view lacks);

struct SettingNames {
    std::string_view connector;
    std::vector<std::string_view> needed;
    std::vector<std::string_view> others;  // `apiBase` goes without saying.
    std::string_view secret;               // What it is and where to get it.
};
/// Errors: InvalidInput `unknown_setting`, `missing_setting`, `missing_secret`; those of
///         check_api_base().
Status check_settings(const TargetSettings& settings, const SettingNames& names);

/// How often a provider may be asked: as the setting `name` says, else `usual`; no limit where
/// `apiBase` names somebody else and the setting is missing.
PaceLimit pace_of(Task& task, std::string_view name, PaceLimit usual);
/// Errors: InvalidInput `bad_setting`: it is no number from 1 to 1,000,000.
Status check_pace(const TargetSettings& settings, std::string_view name);

/// The URL without a slash at its end. Errors: InvalidInput `bad_setting`, `api_base_not_allowed`.
Status check_api_base(const TargetSettings& settings);

}  // namespace origin::deploy

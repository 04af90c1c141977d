// SPDX-License-Identifier: Apache-2.0
// deploy/cloudflare: what Pages and Workers share: the envelope of answers, upload tokens, assets.
// Source: cloudflare/workers-sdk f8308360 and Cloudflare's API description;
// docs/deploy/providers.md.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "deploy/provider_api.h"

namespace origin::deploy::cloudflare {

inline constexpr std::uint64_t kFileBytesMax = 25ULL * 1024 * 1024;
/// Of the files of one request. Cloudflare takes 40 MiB: this is what a job thread may hold.
inline constexpr std::uint64_t kBucketBytesMax = 20ULL * 1024 * 1024;
inline constexpr std::uint64_t kBucketBytesAfterFailure = 8ULL * 1024 * 1024;
inline constexpr std::size_t kBucketFilesMax = 2000;

/// The setting that says how often Cloudflare may be asked in five minutes with the token. It takes
/// 1,200 of whatever program, and then none for five minutes: some are left to others.
inline constexpr std::string_view kCallsPerFiveMinutes = "callsPerFiveMinutes";
inline constexpr std::size_t kCallsUsual = 1000;

/// Lifetime: as ProviderApi's.
ProviderApi api_of(const net::HttpClient& client, Task& task);
/// "/accounts/ID"
std::string account_path(Task& task);

/// The `result` of a call; null if there is none. Errors: those of ProviderApi::call(); Unavailable
/// too for Cloudflare's code 8000000 ("unknown error"), which passes, and without an envelope.
Result<boost::json::value> call(ProviderApi& api, ApiRequest request);

/// The token for uploads of this try: deploy/task.h, kept().
inline constexpr const char* kUploadToken = "upload";

/// What an upload token says of itself; it is not checked, the provider made it.
struct TokenClaims {
    std::int64_t expires_at = 0;             // Unix seconds; 0: it does not say.
    std::optional<std::uint64_t> files_max;  // Pages.
    bool wants_single_uploads = false;       // Workers.
};
TokenClaims claims_of(std::string_view token);

/// Gets a new kUploadToken; without one after it there is nothing left to send.
using Renew = std::function<Status()>;
/// call() with kUploadToken. A token that ends within a minute, or that the provider no longer
/// takes, is renewed first, and the call made again.
Result<boost::json::value> call_with_token(ProviderApi& api,
                                           Task& task,
                                           const ApiRequest& request,
                                           const Renew& renew);

struct Asset {
    std::size_t file = 0;  // Index of Task::site().
    std::string path;      // "/index.html"
    std::string hash;
    std::uint64_t size = 0;
};
struct Assets {
    std::vector<Asset> all;
    std::optional<std::size_t>
        headers;  // The root's `_headers` and `_redirects`, which are obeyed,
    std::optional<std::size_t> redirects;  // not served.
};
enum class Product : std::uint8_t { Pages, Workers };
/// Says once what is odd. Errors: InvalidInput `file_too_large`, `server_code`, `empty_site`.
Result<Assets> assets_of(Task& task, Product product);

/// Those that are missing, each hash once, in parts for Connector::upload().
std::vector<std::vector<std::size_t>> buckets_of(Task& task,
                                                 const Assets& assets,
                                                 std::set<std::string> missing);

std::string hash_of(const store::BlobDigestsRow& digests, std::string_view path);

}  // namespace origin::deploy::cloudflare

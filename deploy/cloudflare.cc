// SPDX-License-Identifier: Apache-2.0
#include "deploy/cloudflare.h"

#include <algorithm>

#include <boost/json.hpp>

#include "base/utf8.h"
#include "crypto/encode.h"

namespace origin::deploy::cloudflare {
namespace {

namespace json = boost::json;

constexpr std::string_view kApi = "https://api.cloudflare.com/client/v4";
constexpr std::int64_t kUnknownError = 8'000'000;
constexpr std::int64_t kTokenExpired = 8'000'013;
constexpr std::int64_t kRenewBeforeSeconds = 60;
constexpr int kRenewalsMax = 3;
constexpr std::string_view kWarned = "warned";  // Note: the oddities of the site are said.

/// The first of `errors`.
const json::value& first_error(const json::value& body) {
    static const json::value kNone;
    const json::array* errors = value_at(body, {"errors"}).if_array();
    return errors == nullptr || errors->empty() ? kNone : errors->front();
}

std::int64_t code_of(const json::value& body) {
    const json::value& code = value_at(first_error(body), {"code"});
    return code.is_int64() ? code.get_int64() : 0;
}

std::string complaint(const json::value& body) {
    if (const json::string* text = body.if_string()) {
        return text->starts_with("<") ? std::string() : std::string(*text);
    }
    std::string said = text_at(first_error(body), {"message"});
    if (said.empty()) {
        said = text_at(body, {"error"});
    }
    const std::int64_t code = code_of(body);
    return code == 0 ? said : said + " (" + std::to_string(code) + ")";
}

bool is_refused_token(const ApiAnswer& answer) {
    return answer.status == 401 || answer.status == 403 || code_of(answer.body) == kTokenExpired;
}

/// What call() makes of an answer.
Result<json::value> result_in(const ProviderApi& api, const ApiAnswer& answer) {
    const bool good = answer.status >= 200 && answer.status < 300;
    if (code_of(answer.body) == kUnknownError) {
        return std::unexpected(api.refusal(503, answer.body));
    }
    if (!good) {
        return std::unexpected(api.refusal(answer.status, answer.body));
    }
    if (answer.status == 204 || answer.status == 205) {
        return json::value();
    }
    const json::value& success = value_at(answer.body, {"success"});
    if (!success.is_bool()) {
        return odd_answer("Cloudflare", "word about success");
    }
    if (!success.get_bool()) {
        return std::unexpected(api.refusal(400, answer.body));
    }
    return value_at(answer.body, {"result"});
}

bool is_stale(Task& task, const std::string& token) {
    const std::int64_t end = claims_of(token).expires_at;
    return end != 0 && end - kRenewBeforeSeconds <= task.now() / 1000;
}

std::unexpected<Error> refuse(std::string reason, std::string why) {
    return std::unexpected(Error(Code::InvalidInput, std::move(why)).because(std::move(reason)));
}

enum class Use : std::uint8_t { Asset, Headers, Redirects, Nothing };

/// What becomes of a file at the site's root, by its name. C8: what would run at Cloudflare is
/// refused, for it would be served as text, or left out in silence.
Result<Use> use_of(std::string_view path, Product product) {
    const std::string_view top = path.substr(0, path.find('/'));
    if (top == "_worker.js" || top == "_worker.bundle" ||
        (product == Product::Pages && top == "functions" && top != path)) {
        return refuse(
            "server_code",
            "'" + printable(path) +
                "' is code that runs at Cloudflare, which this connector does not deploy: "
                "take it out of the publish root");
    }
    if (path == "_headers") {
        return Use::Headers;
    }
    if (path == "_redirects") {
        return Use::Redirects;
    }
    const bool is_left_out =
        product == Product::Pages &&
        (path == "_routes.json" || ("/" + std::string(path)).contains("/node_modules/"));
    return is_left_out ? Use::Nothing : Use::Asset;
}

Status warn(Task& task, const Assets& assets, std::size_t left_out) {
    if (!note(task, kWarned).empty()) {
        return {};
    }
    remember(task, kWarned, "1");
    if (left_out > 0) {
        ORIGIN_CHECK(task.say(std::to_string(left_out) +
                              " files are left out, as Cloudflare's own program does "
                              "(node_modules, _routes.json)"));
    }
    const bool has_index = std::ranges::any_of(
        assets.all, [](const Asset& asset) { return asset.path == "/index.html"; });
    return has_index ? Status()
                     : task.say(
                           "there is no index.html at the root of the site: its address will "
                           "answer 404 (is the publish root right?)");
}

}  // namespace

constexpr PaceLimit kCalls{"Cloudflare takes 1,200 calls in five minutes with one token",
                           kCallsUsual,
                           std::chrono::minutes(5)};

ProviderApi api_of(const net::HttpClient& client, Task& task) {
    const std::string_view base = task.setting("apiBase");
    return {client,
            task,
            {"Cloudflare",
             std::string(base.empty() ? kApi : base),
             complaint,
             pace_of(task, kCallsPerFiveMinutes, kCalls)}};
}

std::string account_path(Task& task) {
    return "/accounts/" + encoded_path(task.setting("account"));
}

Result<json::value> call(ProviderApi& api, ApiRequest request) {
    ORIGIN_TRY(answer, api.ask(std::move(request)));
    return result_in(api, answer);
}

TokenClaims claims_of(std::string_view token) {
    TokenClaims claims;
    const std::size_t first = token.find('.');
    const std::size_t second = first == token.npos ? token.npos : token.find('.', first + 1);
    if (second == token.npos) {
        return claims;
    }
    const auto text = crypto::base64url_decode(token.substr(first + 1, second - first - 1));
    boost::system::error_code broken;
    const json::value said = text ? json::parse(*text, broken) : json::value();
    if (broken) {
        return claims;
    }
    if (const json::value& end = value_at(said, {"exp"}); end.is_int64()) {
        claims.expires_at = end.get_int64();
    }
    if (const json::value& most = value_at(said, {"max_file_count_allowed"});
        most.is_int64() && most.get_int64() > 0) {
        claims.files_max = static_cast<std::uint64_t>(most.get_int64());
    }
    const json::value& single = value_at(said, {"wrangler_single_asset_uploads"});
    claims.wants_single_uploads = single.is_bool() && single.get_bool();
    return claims;
}

Result<json::value> call_with_token(ProviderApi& api,
                                    Task& task,
                                    const ApiRequest& request,
                                    const Renew& renew) {
    auto& kept = task.kept();
    if (!kept.contains(kUploadToken) || is_stale(task, kept[kUploadToken])) {
        ORIGIN_CHECK(renew());
    }
    for (int renewals = 0;; ++renewals) {
        if (!kept.contains(kUploadToken)) {
            return json::value();
        }
        ApiRequest sent = request;
        sent.bearer = kept[kUploadToken];
        ORIGIN_TRY(answer, api.ask(std::move(sent)));
        if (!is_refused_token(answer) || renewals == kRenewalsMax) {
            return result_in(api, answer);
        }
        ORIGIN_CHECK(renew());
    }
}

std::string hash_of(const store::BlobDigestsRow& digests, std::string_view path) {
    return digests.assets.at(std::string(extension_of(path)));
}

Result<Assets> assets_of(Task& task, Product product) {
    ORIGIN_TRY(site, task.site());
    ORIGIN_TRY(digests, task.digests(Task::Names::Assets));
    Assets assets;
    std::size_t left_out = 0;
    for (std::size_t i = 0; i < site->files.size(); ++i) {
        const SiteFile& file = site->files[i];
        const store::BlobDigestsRow& known = digests->at(file.blob);
        ORIGIN_TRY(use, use_of(file.path, product));
        if (known.size > kFileBytesMax) {
            constexpr std::uint64_t kMiB = 1024ULL * 1024;
            return refuse("file_too_large",
                          "'" + printable(file.path) + "' has " +
                              std::to_string((known.size + kMiB - 1) / kMiB) +
                              " MiB; Cloudflare takes at most 25 MiB a file");
        }
        if (use == Use::Headers) {
            assets.headers = i;
        } else if (use == Use::Redirects) {
            assets.redirects = i;
        } else if (use == Use::Nothing) {
            ++left_out;
        } else {
            assets.all.push_back({i, "/" + file.path, hash_of(known, file.path), known.size});
        }
    }
    if (assets.all.empty()) {
        return refuse("empty_site", "there is no file to deploy in this commit");
    }
    ORIGIN_CHECK(warn(task, assets, left_out));
    return assets;
}

std::vector<std::vector<std::size_t>> buckets_of(Task& task,
                                                 const Assets& assets,
                                                 std::set<std::string> missing) {
    const std::uint64_t most =
        task.row().progress.failures > 0 ? kBucketBytesAfterFailure : kBucketBytesMax;
    std::vector<std::vector<std::size_t>> buckets;
    std::uint64_t filled = 0;
    for (const Asset& asset : assets.all) {
        if (missing.erase(asset.hash) == 0) {
            continue;
        }
        if (buckets.empty() || buckets.back().size() == kBucketFilesMax ||
            filled + asset.size > most) {
            buckets.emplace_back();
            filled = 0;
        }
        buckets.back().push_back(asset.file);
        filled += asset.size;
    }
    return buckets;
}

}  // namespace origin::deploy::cloudflare

// SPDX-License-Identifier: Apache-2.0
#include "deploy/s3_bucket.h"

#include <algorithm>
#include <array>

#include "base/utf8.h"
#include "crypto/encode.h"
#include "crypto/hash.h"
#include "deploy/provider_api.h"
#include "hooks/webhook_retry.h"
#include "net/http_text.h"

namespace origin::deploy {
namespace {

constexpr Milliseconds kCallTimeout{120'000};
constexpr std::size_t kAnswerBytesMax = 32ULL * 1024 * 1024;
constexpr std::size_t kSaidBytesMax = 300;
constexpr std::size_t kListPagesMax = 200;  // Of 1,000 objects.
constexpr int kMovedPermanently = 301;
constexpr int kTemporarily = 307;

/// What stands between two tags; empty if they are not there.
std::string_view between(std::string_view xml, std::string_view tag) {
    const std::string open = "<" + std::string(tag) + ">";
    const std::size_t from = xml.find(open);
    if (from == xml.npos) {
        return {};
    }
    const std::size_t to = xml.find("</" + std::string(tag) + ">", from);
    return to == xml.npos ? std::string_view()
                          : xml.substr(from + open.size(), to - from - open.size());
}

std::string without_entities(std::string_view text) {
    static constexpr std::array<std::pair<std::string_view, char>, 7> kEntities = {
        {{"&quot;", '"'},
         {"&#34;", '"'},
         {"&apos;", '\''},
         {"&#39;", '\''},
         {"&lt;", '<'},
         {"&gt;", '>'},
         {"&amp;", '&'}}};
    std::string out;
    while (!text.empty()) {
        const auto found = std::ranges::find_if(
            kEntities, [&](const auto& entity) { return text.starts_with(entity.first); });
        out += found == kEntities.end() ? text.front() : found->second;
        text.remove_prefix(found == kEntities.end() ? 1 : found->first.size());
    }
    return out;
}

}  // namespace

S3Bucket::S3Bucket(const net::HttpClient& client, Task& task) : client_(client), task_(task) {
    const std::string region(task.setting("region"));
    std::string endpoint(task.setting("endpoint"));
    const bool is_aws = endpoint.empty();
    if (is_aws) {
        endpoint = "https://s3." + region + ".amazonaws.com";
    }
    const std::size_t at = endpoint.find("//") + 2;
    const std::string bucket(task.setting("bucket"));
    const std::string_view style = task.setting("style");
    const bool is_virtual = style.empty() ? is_aws : style == "virtual";
    host_ = (is_virtual ? bucket + "." : "") + endpoint.substr(at);
    base_ = endpoint.substr(0, at) + host_;
    root_ = is_virtual ? "/" : "/" + net::percent_encode(bucket) + "/";
    prefix_ = task.setting("prefix");
    if (!prefix_.empty() && !prefix_.ends_with('/')) {
        prefix_ += '/';
    }
    key_ = {std::string(task.setting("accessKeyId")), task.secret().reveal(), region};
}

Result<net::ClientResponse> S3Bucket::call(Wish wish) {
    ORIGIN_CHECK(task_.check_time());
    SignedRequest sent{.method = wish.method,
                       .path = root_ + (wish.key.empty() ? "" : encoded_path(prefix_ + wish.key)),
                       .query = std::move(wish.query),
                       .headers = {},
                       .payload_sha256 = crypto::hex(crypto::sha256(wish.body))};
    const std::string date = amz_date(task_.now());
    sent.headers = {
        {"host", host_}, {"x-amz-content-sha256", sent.payload_sha256}, {"x-amz-date", date}};
    if (!wish.content_type.empty()) {
        sent.headers["content-type"] = wish.content_type;
    }
    if (!wish.cache_control.empty()) {
        sent.headers["cache-control"] = wish.cache_control;
    }
    net::ClientRequest request{.method = wish.method,
                               .url = base_ + sent.path,
                               .body = std::move(wish.body),
                               .timeout = kCallTimeout,
                               .response_bytes_max = kAnswerBytesMax};
    if (const std::string query = canonical_query(sent.query); !query.empty()) {
        request.url += "?" + query;
    }
    request.headers.push_back({"Authorization", sigv4_authorization(sent, key_, date)});
    for (const auto& [name, value] : sent.headers) {
        if (name != "host") {  // The client says that itself.
            request.headers.push_back({name, value});
        }
    }
    auto response = client_.send(request, task_.session());
    if (!response) {
        const Error& error = response.error();
        return std::unexpected(
            Error(error.code(), "the store: " + error.told_to_peer(), error.kept_in_log())
                .because(std::string(error.reason())));
    }
    const std::string_view code = between(response->body, "Code");
    const bool no_object = response->status == 404 && code != "NoSuchBucket";
    if ((response->status >= 200 && response->status < 300) ||
        (no_object && !wish.key.empty() && wish.method != "PUT")) {
        return response;
    }
    return std::unexpected(refusal(*response));
}

Error S3Bucket::refusal(const net::ClientResponse& response) {
    if (const auto after = hooks::retry_after(response.header("Retry-After"), task_.now())) {
        task_.hold_off(std::min<Milliseconds>(*after, kDeployDelayMax));
    }
    const std::string code(printable(between(response.body, "Code").substr(0, 60)));
    const std::string message =
        printable(without_entities(between(response.body, "Message")).substr(0, kSaidBytesMax));
    const std::string told = "the store answered " + std::to_string(response.status) +
                             (code.empty() ? "" : " " + code) +
                             (message.empty() ? "" : ": " + message);
    std::string region(response.header("x-amz-bucket-region"));
    region = region.empty() ? std::string(between(response.body, "Region")) : region;
    if (response.status == kMovedPermanently || response.status == kTemporarily ||
        code == "AuthorizationHeaderMalformed" || code == "PermanentRedirect") {
        return Error(Code::InvalidInput,
                     told + (region.empty() ? " (is the setting 'region' right?)"
                                            : " (the bucket is in the region '" +
                                                  printable(region.substr(0, 60)) + "')"))
            .because("provider_refused");
    }
    if (response.status == 408 || response.status == 429 || response.status >= 500 ||
        code == "RequestTimeout") {
        return Error(Code::Unavailable, told).because("provider_busy");
    }
    if (code == "RequestTimeTooSkewed") {
        return Error(Code::InvalidInput, told + " (is this server's clock right?)")
            .because("provider_refused");
    }
    if (response.status == 401 || response.status == 403) {
        return Error(Code::Unauthenticated,
                     told + (code == "AccessDenied"
                                 ? " (the key needs ListBucket, GetObject, PutObject and "
                                   "DeleteObject)"
                                 : " (are 'accessKeyId' and the target's secret right?)"))
            .because("provider_refuses_token");
    }
    if (response.status == 404) {
        return Error(Code::NotFound, told).because("provider_has_none");
    }
    return Error(Code::InvalidInput, told).because("provider_refused");
}

Result<std::map<std::string, std::string>> S3Bucket::list() {
    std::map<std::string, std::string> found;
    std::string next;
    for (std::size_t page = 0; page < kListPagesMax; ++page) {
        std::map<std::string, std::string> query = {
            {"list-type", "2"}, {"encoding-type", "url"}, {"prefix", prefix_}};
        if (!next.empty()) {
            query["continuation-token"] = next;
        }
        ORIGIN_TRY(answer, call({.query = std::move(query)}));
        std::string_view rest = answer.body;
        if (!rest.contains("<ListBucketResult")) {
            return odd_answer("the store", "list of objects");
        }
        const std::string_view whole = rest;
        while (true) {
            const std::string_view one = between(rest, "Contents");
            if (one.empty()) {
                break;
            }
            rest.remove_prefix(static_cast<std::size_t>(one.data() - rest.data()) + one.size());
            const auto key = net::percent_decode(without_entities(between(one, "Key")));
            if (key && key->starts_with(prefix_)) {
                found[key->substr(prefix_.size())] = without_entities(between(one, "ETag"));
            }
        }
        next = without_entities(between(whole, "NextContinuationToken"));
        if (next.empty()) {
            break;
        }
    }
    return found;
}

}  // namespace origin::deploy

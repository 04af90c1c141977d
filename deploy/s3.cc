// SPDX-License-Identifier: Apache-2.0
// deploy/s3: the `s3` connector: a static website in a bucket of S3 or anything that speaks like
// it. docs/deploy/s3.md.
//
// What was put there is written down in the bucket itself, as `.origind/manifest.json` below the
// prefix: for each path the blob and the ETag that the store answered. A file is left alone if the
// manifest has it with the same blob and the store lists it with that ETag, whatever ETags are made
// of there. Only what the manifest names is ever deleted.
#include <algorithm>
#include <array>

#include <boost/json.hpp>

#include "base/utf8.h"
#include "crypto/encode.h"
#include "crypto/hash.h"
#include "deploy/all_connectors.h"
#include "deploy/provider_api.h"
#include "deploy/sigv4.h"
#include "hooks/webhook_retry.h"
#include "net/content_type.h"
#include "net/http_text.h"

namespace origin::deploy {
namespace {

namespace json = boost::json;

constexpr Milliseconds kCallTimeout{120'000};
constexpr std::size_t kAnswerBytesMax = 32ULL * 1024 * 1024;
constexpr std::size_t kSaidBytesMax = 300;
constexpr std::size_t kFilesPerPart = 50;
constexpr std::size_t kFilesPerManifest = 500;  // Sent again, at most, after a kill.
constexpr std::size_t kListPagesMax = 200;      // Of 1,000 objects.
constexpr std::string_view kManifest = ".origind/manifest.json";
constexpr std::string_view kFresh = "public, max-age=0, must-revalidate";
constexpr std::string_view kLasting = "public, max-age=31536000, immutable";
constexpr int kMovedPermanently = 301;
constexpr int kTemporarily = 307;

struct Put {
    std::string blob;  // Hex.
    std::string etag;

    friend bool operator==(const Put&, const Put&) = default;
};
using Manifest = std::map<std::string, Put>;  // By path.

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

bool is_page(std::string_view path) {
    return net::content_type_of(path).starts_with("text/html");
}

/// Does its name change with its contents? A part of at least eight characters with a digit, as
/// bundlers make them: "app.3f9a1c2b.js", "index-BqX1c8dP.css".
bool has_hash_in_name(std::string_view path) {
    path.remove_prefix(path.rfind('/') + 1);  // npos + 1 is 0.
    std::size_t run = 0;
    bool digit = false;
    bool begun = false;  // Behind the first part.
    for (const char c : path) {
        const bool is_part =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
        if (is_part) {
            ++run;
            digit = digit || (c >= '0' && c <= '9');
            continue;
        }
        if (begun && run >= 8 && digit) {
            return true;
        }
        begun = true;
        run = 0;
        digit = false;
    }
    return false;
}

/// Speaks to the target's bucket.
class Bucket {
public:
    Bucket(const net::HttpClient& client, Task& task) : client_(client), task_(task) {
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

    const std::string& prefix() const { return prefix_; }

    struct Wish {
        std::string method = "GET";
        std::string key{};  // Below the prefix; empty: the bucket itself.
        std::map<std::string, std::string> query{};
        std::string body{};
        std::string content_type{};
        std::string cache_control{};
    };
    /// Any 2xx or 404 of an object is an answer; else the error it stands for.
    Result<net::ClientResponse> call(Wish wish) {
        ORIGIN_CHECK(task_.check_time());
        SignedRequest sent{
            .method = wish.method,
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

private:
    Error refusal(const net::ClientResponse& response) {
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

    const net::HttpClient& client_;
    Task& task_;
    std::string host_;
    std::string base_;
    std::string root_;  // Path of the bucket, with its last slash.
    std::string prefix_;
    SigningKey key_;
};

/// An unreadable one counts as none: everything is sent again, nothing is deleted.
Result<Manifest> read_manifest(Bucket& bucket) {
    ORIGIN_TRY(answer, bucket.call({.key = std::string(kManifest)}));
    Manifest manifest;
    boost::system::error_code broken;
    const json::value body =
        answer.status == 404 ? json::value() : json::parse(answer.body, broken);
    const json::value& files = value_at(body, {"files"});
    if (broken || !files.is_object()) {
        return manifest;
    }
    for (const auto& [path, put] : files.get_object()) {
        manifest[path] = {text_at(put, {"blob"}), text_at(put, {"etag"})};
    }
    return manifest;
}

Status write_manifest(Bucket& bucket, Task& task, const Manifest& manifest) {
    json::object files;
    for (const auto& [path, put] : manifest) {
        files[path] = json::object{{"blob", put.blob}, {"etag", put.etag}};
    }
    const json::object body{{"version", 1},
                            {"deployment", task.id().str()},
                            {"commit", task.row().commit.hex()},
                            {"files", std::move(files)}};
    ORIGIN_CHECK(bucket.call({.method = "PUT",
                              .key = std::string(kManifest),
                              .body = json::serialize(body),
                              .content_type = "application/json",
                              .cache_control = std::string(kFresh)}));
    return {};
}

/// Path -> ETag of what is below the prefix.
Result<std::map<std::string, std::string>> list_objects(Bucket& bucket) {
    std::map<std::string, std::string> found;
    std::string next;
    for (std::size_t page = 0; page < kListPagesMax; ++page) {
        std::map<std::string, std::string> query = {
            {"list-type", "2"}, {"encoding-type", "url"}, {"prefix", bucket.prefix()}};
        if (!next.empty()) {
            query["continuation-token"] = next;
        }
        ORIGIN_TRY(answer, bucket.call({.query = std::move(query)}));
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
            if (key && key->starts_with(bucket.prefix())) {
                found[key->substr(bucket.prefix().size())] = without_entities(between(one, "ETag"));
            }
        }
        next = without_entities(between(whole, "NextContinuationToken"));
        if (next.empty()) {
            break;
        }
    }
    return found;
}

class S3 final : public Connector {
public:
    explicit S3(const net::HttpClient& client) : client_(client) {}

    std::string_view name() const override { return "s3"; }
    Status check(const TargetSettings& settings) const override;
    Result<UploadPlan> plan(Task& task) override;
    Status upload(Task& task, const std::vector<std::size_t>& part) override;
    Status publish(Task& task) override;
    Result<Poll> poll(Task& task) override;
    Status roll_back(Task& task, const store::RemoteDeployment& earlier) override;
    void cancel(Task& /*task*/) override {}
    Status remove(Task& /*task*/) override { return {}; }

private:
    const net::HttpClient& client_;
};

std::unexpected<Error> bad_setting(std::string why) {
    return std::unexpected(Error(Code::InvalidInput, std::move(why)).because("bad_setting"));
}

bool is_url(std::string_view text, bool plain) {
    return (text.starts_with("https://") || (plain && text.starts_with("http://"))) &&
           !text.ends_with('/') && printable(text) == text && !text.contains('@');
}

bool is_name(std::string_view text) {
    return !text.empty() && text.size() <= 63 && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
    });
}

Status S3::check(const TargetSettings& settings) const {
    ORIGIN_CHECK(check_settings(settings,
                                {.connector = "s3",
                                 .needed = {"bucket", "region", "accessKeyId", "publicUrl"},
                                 .others = {"endpoint", "prefix", "style"},
                                 .secret = "the secret access key that belongs to 'accessKeyId'"}));
    const std::string_view endpoint = settings.get("endpoint");
    if (!endpoint.empty() &&
        (!is_url(endpoint, settings.allow_api_base) ||
         endpoint.substr(endpoint.find("//") + 2).find_first_of("/?#") != endpoint.npos)) {
        return bad_setting(
            "'endpoint' is https:// and a host, without a path (http:// only if the operator has "
            "allow_api_base = true)");
    }
    if (!is_name(settings.get("bucket")) || !is_name(settings.get("region"))) {
        return bad_setting("'bucket' and 'region' are names: a-z, 0-9, '-', '.' and '_'");
    }
    const std::string_view style = settings.get("style");
    if (!style.empty() && style != "path" && style != "virtual") {
        return bad_setting("'style' is path or virtual");
    }
    const std::string_view prefix = settings.get("prefix");
    if (prefix.starts_with('/') || prefix.contains("//") || printable(prefix) != prefix) {
        return bad_setting("'prefix' is a folder of the bucket, like 'www'");
    }
    if (!is_url(settings.get("publicUrl"), true)) {
        return bad_setting(
            "'publicUrl' is where visitors see the site, without a slash at its end");
    }
    return {};
}

/// What has to be there before the pages that name it comes before them; the first page comes last.
Result<UploadPlan> S3::plan(Task& task) {
    if (task.row().preview) {
        return std::unexpected(Error(Code::InvalidInput,
                                     "the connector 's3' makes no previews: give the rule a target "
                                     "with another bucket or prefix instead")
                                   .because("no_previews"));
    }
    Bucket bucket(client_, task);
    ORIGIN_TRY(manifest, read_manifest(bucket));
    ORIGIN_TRY(listed, list_objects(bucket));
    ORIGIN_TRY(site, task.site());
    ORIGIN_CHECK(task.digests());  // Refuses LFS pointers.
    task.row().remote.id = task.id().str();
    std::vector<std::size_t> assets;
    std::vector<std::size_t> pages;
    for (std::size_t i = 0; i < site->files.size(); ++i) {
        const SiteFile& file = site->files[i];
        const auto put = manifest.find(file.path);
        const auto there = listed.find(file.path);
        const bool same = put != manifest.end() && there != listed.end() &&
                          put->second.blob == file.blob.hex() && put->second.etag == there->second;
        if (!same) {
            (is_page(file.path) ? pages : assets).push_back(i);
        }
    }
    const auto root = std::ranges::find_if(
        pages, [&](std::size_t i) { return site->files[i].path == "index.html"; });
    if (root != pages.end()) {
        std::rotate(root, root + 1, pages.end());
    }
    UploadPlan plan;
    for (const auto* list : {&assets, &pages}) {
        for (std::size_t from = 0; from < list->size(); from += kFilesPerPart) {
            const auto begin = list->begin() + static_cast<std::ptrdiff_t>(from);
            const std::size_t count = std::min(kFilesPerPart, list->size() - from);
            plan.parts.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(count));
        }
    }
    return plan;
}

constexpr std::string_view kPut = "put ";  // Of Task::kept(): what is not in the manifest yet.

/// What was put since the manifest was written is added to it.
Result<Manifest> add_to_manifest(Bucket& bucket, Task& task) {
    ORIGIN_TRY(manifest, read_manifest(bucket));
    const Manifest before = manifest;
    for (const auto& [name, text] : task.kept()) {
        if (name.starts_with(kPut)) {
            const std::size_t space = text.find(' ');
            manifest[name.substr(kPut.size())] = {text.substr(0, space), text.substr(space + 1)};
        }
    }
    std::erase_if(task.kept(), [](const auto& one) { return one.first.starts_with(kPut); });
    if (manifest != before) {
        ORIGIN_CHECK(write_manifest(bucket, task, manifest));
    }
    return manifest;
}

Status S3::upload(Task& task, const std::vector<std::size_t>& part) {
    Bucket bucket(client_, task);
    ORIGIN_TRY(site, task.site());
    for (const std::size_t i : part) {
        const SiteFile& file = site->files.at(i);
        ORIGIN_TRY(data, task.read(file));
        const bool lasts = !is_page(file.path) && has_hash_in_name(file.path);
        ORIGIN_TRY(answer,
                   bucket.call({.method = "PUT",
                                .key = file.path,
                                .body = std::move(data),
                                .content_type = std::string(net::content_type_of(file.path)),
                                .cache_control = std::string(lasts ? kLasting : kFresh)}));
        const std::string etag(answer.header("ETag"));
        if (etag.empty()) {  // Something in between may say 200.
            return odd_answer("the store", "ETag");
        }
        task.kept()[std::string(kPut) + file.path] = file.blob.hex() + " " + etag;
    }
    if (task.kept().size() >= kFilesPerManifest) {
        ORIGIN_CHECK(add_to_manifest(bucket, task));
    }
    return {};
}

/// The new pages are there; what only the old ones named goes.
Status S3::publish(Task& task) {
    Bucket bucket(client_, task);
    ORIGIN_TRY(manifest, add_to_manifest(bucket, task));
    ORIGIN_TRY(site, task.site());
    Manifest left;
    for (const SiteFile& file : site->files) {
        if (const auto put = manifest.find(file.path); put != manifest.end()) {
            left.insert(*put);
        }
    }
    std::size_t gone = 0;
    for (const auto& [path, put] : manifest) {
        if (!left.contains(path)) {
            ORIGIN_CHECK(bucket.call({.method = "DELETE", .key = path}));
            ++gone;
        }
    }
    if (gone > 0) {
        ORIGIN_CHECK(write_manifest(bucket, task, left));
        return task.say(std::to_string(gone) + " files of before are deleted");
    }
    return {};
}

Result<Poll> S3::poll(Task& task) {
    task.row().url = std::string(task.setting("publicUrl")) + "/";
    return Poll{.state = Poll::State::Live};
}

/// The earlier tree is in the project: what differs is put again.
Status S3::roll_back(Task& /*task*/, const store::RemoteDeployment& /*earlier*/) {
    return std::unexpected(Error(Code::NotFound, "a bucket keeps no earlier deployments"));
}

}  // namespace

std::unique_ptr<Connector> make_s3(const net::HttpClient& client) {
    return std::make_unique<S3>(client);
}

}  // namespace origin::deploy

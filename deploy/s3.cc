// SPDX-License-Identifier: Apache-2.0
// deploy/s3: the `s3` connector: a static website in a bucket of S3 or anything that speaks like
// it. docs/deploy/s3.md.
//
// What was put there is written down in the bucket itself, as `.origind/manifest.json` below the
// prefix: for each path the blob and the ETag that the store answered. A file is left alone if the
// manifest has it with the same blob and the store lists it with that ETag, whatever ETags are made
// of there. What is about to be put is written down before, without an ETag: whatever ends the
// deployment, the next one finds all that is there. Where somebody's own object is in its place,
// that one's ETag is, without a blob: while it is as it was it stays somebody's. Nothing else but
// what the manifest names is ever deleted.
#include <algorithm>

#include <boost/json.hpp>

#include "base/utf8.h"
#include "deploy/all_connectors.h"
#include "deploy/provider_api.h"
#include "deploy/s3_bucket.h"
#include "net/content_type.h"

namespace origin::deploy {
namespace {

namespace json = boost::json;

constexpr std::size_t kFilesPerPart = 50;
constexpr std::size_t kFilesPerManifest = 500;  // Sent again, at most, after a kill.
constexpr std::string_view kManifest = ".origind/manifest.json";
constexpr std::string_view kFresh = "public, max-age=0, must-revalidate";
constexpr std::string_view kLasting = "public, max-age=31536000, immutable";

struct Put {
    std::string blob;  // Hex.
    std::string etag;

    friend bool operator==(const Put&, const Put&) = default;
};
using Manifest = std::map<std::string, Put>;  // By path.

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

/// An unreadable one counts as none: everything is sent again, nothing is deleted.
Result<Manifest> read_manifest(S3Bucket& bucket) {
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

Status write_manifest(S3Bucket& bucket, Task& task, const Manifest& manifest) {
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

class S3 final : public Connector {
public:
    explicit S3(const net::HttpClient& client) : client_(client) {}

    std::string_view name() const override { return "s3"; }
    Status check(const TargetSettings& settings) const override;
    Reveals reveals() const override { return Reveals::Upload; }
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
    S3Bucket bucket(client_, task);
    ORIGIN_TRY(before, read_manifest(bucket));
    ORIGIN_TRY(listed, bucket.list());
    ORIGIN_TRY(site, task.site());
    Manifest manifest = before;
    std::erase_if(manifest, [&](const auto& one) {
        const auto there = listed.find(one.first);
        return one.second.blob.empty() && there != listed.end() && there->second == one.second.etag;
    });
    ORIGIN_CHECK(task.digests());  // Refuses LFS pointers.
    task.row().remote.id = task.id().str();
    std::vector<std::size_t> assets;
    std::vector<std::size_t> pages;
    for (std::size_t i = 0; i < site->files.size(); ++i) {
        const SiteFile& file = site->files[i];
        const auto put = manifest.find(file.path);
        const auto there = listed.find(file.path);
        const bool same = put != manifest.end() && there != listed.end() &&
                          put->second.blob == file.blob.hex() && !put->second.etag.empty() &&
                          put->second.etag == there->second;
        if (!same) {
            (is_page(file.path) ? pages : assets).push_back(i);
        }
        manifest.try_emplace(
            file.path, there == listed.end() ? Put{file.blob.hex(), {}} : Put{{}, there->second});
    }
    if (manifest != before) {
        ORIGIN_CHECK(write_manifest(bucket, task, manifest));
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
Result<Manifest> add_to_manifest(S3Bucket& bucket, Task& task) {
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

Status put_file(S3Bucket& bucket, Task& task, const SiteFile& file) {
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
    return {};
}

Status S3::upload(Task& task, const std::vector<std::size_t>& part) {
    S3Bucket bucket(client_, task);
    ORIGIN_TRY(site, task.site());
    for (const std::size_t i : part) {
        const Status put = put_file(bucket, task, site->files.at(i));
        if (!put) {  // So that the next try begins here, and comes to an end.
            [[maybe_unused]] const auto kept = add_to_manifest(bucket, task);
            return put;
        }
    }
    if (task.kept().size() >= kFilesPerManifest) {
        ORIGIN_CHECK(add_to_manifest(bucket, task));
    }
    return {};
}

/// The new pages are there; what only the old ones named goes.
Status S3::publish(Task& task) {
    S3Bucket bucket(client_, task);
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

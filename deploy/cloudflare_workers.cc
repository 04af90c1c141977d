// SPDX-License-Identifier: Apache-2.0
// deploy/cloudflare_workers: the `cloudflare-workers` connector: a Worker that is static assets
// alone. Source: cloudflare/workers-sdk f8308360, packages/deploy-helpers:
// docs/deploy/cloudflare-workers.md.
#include <algorithm>
#include <array>
#include <map>

#include <boost/json.hpp>

#include "base/utf8.h"
#include "crypto/encode.h"
#include "deploy/all_connectors.h"
#include "deploy/cloudflare.h"
#include "deploy/form_data.h"
#include "net/content_type.h"

namespace origin::deploy {
namespace {

namespace json = boost::json;
using cloudflare::Assets;

constexpr std::string_view kCompatibilityDate = "2025-09-01";  // Of the code there is not.
constexpr std::size_t kFilesMax = 100'000;
constexpr std::size_t kMessageBytesMax = 100;
constexpr std::size_t kVersionInHost = 8;
constexpr std::string_view kMessage = "workers/message";  // The annotation that has our marker.
constexpr const char* kCompletion = "completion";  // Kept: the token that stands for all files.

// What is remembered of a deployment between two calls.
constexpr std::string_view kFresh = "fresh";  // We made the Worker: it is to be made reachable.

constexpr std::array kHtml = {
    "auto-trailing-slash", "force-trailing-slash", "drop-trailing-slash", "none"};
constexpr std::array kNotFound = {"none", "404-page", "single-page-application"};

std::string script_path(Task& task) {
    return cloudflare::account_path(task) + "/workers/scripts/" +
           encoded_path(task.setting("name"));
}

/// Says what the site is made of; the answer has a token, and which files are wanted.
Result<json::value> start_session(ProviderApi& api, Task& task) {
    ORIGIN_TRY(assets, cloudflare::assets_of(task, cloudflare::Product::Workers));
    if (assets.all.size() > kFilesMax) {
        return std::unexpected(
            Error(Code::InvalidInput, "Cloudflare takes at most 100,000 files in a Worker")
                .because("too_many_files"));
    }
    json::object manifest;
    for (const cloudflare::Asset& asset : assets.all) {
        manifest[asset.path] = json::object{{"hash", asset.hash}, {"size", asset.size}};
    }
    auto& kept = task.kept();
    kept.erase(cloudflare::kUploadToken);
    kept.erase(kCompletion);
    ORIGIN_TRY(session,
               cloudflare::call(api,
                                {.method = "POST",
                                 .path = script_path(task) + "/assets-upload-session",
                                 .body = json::serialize(json::object{{"manifest", manifest}})}));
    const json::array* buckets = value_at(session, {"buckets"}).if_array();
    const std::string token = text_at(session, {"jwt"});
    if (token.empty()) {
        return odd_answer("Cloudflare", "upload token");
    }
    const bool complete = buckets == nullptr || buckets->empty();
    kept[complete ? kCompletion : cloudflare::kUploadToken] = token;
    return session;
}

/// The files of the buckets that are asked for.
Result<UploadPlan> parts_of(Task& task, const json::value& session) {
    ORIGIN_TRY(assets, cloudflare::assets_of(task, cloudflare::Product::Workers));
    std::map<std::string, std::size_t> files;
    for (const cloudflare::Asset& asset : assets.all) {
        files.emplace(asset.hash, asset.file);
    }
    UploadPlan plan;
    const json::array* buckets = value_at(session, {"buckets"}).if_array();
    for (std::size_t i = 0; buckets != nullptr && i < buckets->size(); ++i) {
        const json::array* bucket = (*buckets)[i].if_array();
        std::vector<std::size_t> part;
        for (std::size_t n = 0; bucket != nullptr && n < bucket->size(); ++n) {
            const json::string* hash = (*bucket)[n].if_string();
            const auto found = hash == nullptr ? files.end() : files.find(std::string(*hash));
            if (found == files.end()) {
                return std::unexpected(
                    Error(Code::InvalidInput,
                          "Cloudflare asks for a file that is not in this deployment")
                        .because("provider_refused"));
            }
            part.push_back(found->second);
        }
        if (!part.empty()) {
            plan.parts.push_back(std::move(part));
        }
    }
    return plan;
}

/// The last request of a session is answered with the token that stands for all its files.
Status send(ProviderApi& api, Task& task, const ApiRequest& request) {
    ORIGIN_TRY(answer, cloudflare::call_with_token(api, task, request, [&]() -> Status {
                   ORIGIN_CHECK(start_session(api, task));
                   return {};
               }));
    if (const std::string token = text_at(answer, {"jwt"}); !token.empty()) {
        task.kept()[kCompletion] = token;
    }
    return {};
}

std::string annotation(Task& task, const std::string& subject) {
    std::string text = marker(task) + ": " + subject;
    while (text.size() > kMessageBytesMax || !is_utf8(text)) {
        text.pop_back();
    }
    return text;
}

/// The version whose annotation has our marker; empty: there is none. nullopt: there is no Worker.
Result<std::optional<std::string>> find_version(ProviderApi& api, Task& task) {
    const auto listed = cloudflare::call(api, {.path = script_path(task) + "/versions"});
    if (!listed && listed.error().code() == Code::NotFound) {
        return std::nullopt;
    }
    ORIGIN_CHECK(listed);
    const json::array* versions = value_at(*listed, {"items"}).if_array();
    if (versions == nullptr) {
        return odd_answer("Cloudflare", "list of versions");
    }
    for (const json::value& one : *versions) {
        if (text_at(one, {"annotations", kMessage}).starts_with(marker(task))) {
            return text_at(one, {"id"});
        }
    }
    return std::string();
}

Result<std::string> metadata(Task& task, const Assets& assets) {
    ORIGIN_TRY(site, task.site());
    ORIGIN_TRY(subject, task.subject_line());
    json::object config;
    for (const auto& [name, file] :
         {std::pair("_headers", assets.headers), std::pair("_redirects", assets.redirects)}) {
        if (file) {
            ORIGIN_TRY(text, task.read(site->files.at(*file)));
            config[name] = is_utf8(text) ? text : printable(text);
        }
    }
    for (const auto& [setting, name] : {std::pair("htmlHandling", "html_handling"),
                                        std::pair("notFoundHandling", "not_found_handling")}) {
        if (const std::string_view value = task.setting(setting); !value.empty()) {
            config[name] = value;
        }
    }
    return json::serialize(
        json::object{{"assets", {{"jwt", task.kept()[kCompletion]}, {"config", config}}},
                     {"compatibility_date", kCompatibilityDate},
                     {"compatibility_flags", json::array()},
                     {"annotations", json::object{{kMessage, annotation(task, subject)}}}});
}

/// A new version; of a Worker that there is not yet, also the Worker.
Status make_version(ProviderApi& api, Task& task, bool has_worker) {
    if (!task.kept().contains(kCompletion)) {
        return odd_answer("Cloudflare", "token that says that all files are there");
    }
    if (!has_worker && task.row().preview) {
        return std::unexpected(
            Error(Code::InvalidInput,
                  "there is no Worker '" + printable(task.setting("name")) +
                      "' yet, and a preview does not make one: deploy without --preview first")
                .because("provider_has_none"));
    }
    ORIGIN_TRY(assets, cloudflare::assets_of(task, cloudflare::Product::Workers));
    ORIGIN_TRY(text, metadata(task, assets));
    FormData form("origind" + task.id().str());
    form.add_text("metadata", text);
    ApiRequest request{.method = "POST",
                       .path = script_path(task) + "/versions",
                       .body = form.finish(),
                       .content_type = form.content_type()};
    if (!has_worker) {
        remember(task, kFresh, "1");
        ORIGIN_CHECK(task.save());
        request.method = "PUT";
        request.makes = true;
        request.path = script_path(task) + "?excludeScript=true&bindings_inherit=strict";
    }
    ORIGIN_CHECK(cloudflare::call(api, std::move(request)));
    return {};
}

/// Has the version `row.remote.id` answer for the Worker, unless it does.
Status deploy_version(ProviderApi& api, Task& task) {
    const std::string path = script_path(task) + "/deployments";
    ORIGIN_TRY(listed, cloudflare::call(api, {.path = path}));
    const json::array* deployments = value_at(listed, {"deployments"}).if_array();
    if (deployments != nullptr && !deployments->empty()) {
        const json::array* versions = value_at(deployments->front(), {"versions"}).if_array();
        if (versions != nullptr && versions->size() == 1 &&
            text_at(versions->front(), {"version_id"}) == task.row().remote.id) {
            return {};
        }
    }
    ORIGIN_TRY(subject, task.subject_line());
    const json::object body{
        {"strategy", "percentage"},
        {"versions",
         json::array{json::object{{"version_id", task.row().remote.id}, {"percentage", 100}}}},
        {"annotations", json::object{{kMessage, annotation(task, subject)}}}};
    ORIGIN_CHECK(
        cloudflare::call(api, {.method = "POST", .path = path, .body = json::serialize(body)}));
    return {};
}

/// Sets the addresses, as far as the Worker has some at workers.dev.
Status take_addresses(ProviderApi& api, Task& task) {
    const auto own =
        cloudflare::call(api, {.path = cloudflare::account_path(task) + "/workers/subdomain"});
    const auto here = cloudflare::call(api, {.path = script_path(task) + "/subdomain"});
    for (const auto* answer : {&own, &here}) {
        if (!*answer && answer->error().code() != Code::NotFound) {
            return std::unexpected(answer->error());
        }
    }
    const std::string subdomain = own ? text_at(*own, {"subdomain"}) : std::string();
    if (subdomain.empty() || !here) {
        return {};
    }
    const auto is_on = [&](std::string_view name) {
        const json::value& value = value_at(*here, {name});
        return value.is_bool() && value.get_bool();
    };
    const std::string host = std::string(task.setting("name")) + "." + subdomain + ".workers.dev";
    store::DeploymentRow& row = task.row();
    if (is_on("previews_enabled")) {
        row.remote.permalink = "https://" + row.remote.id.substr(0, kVersionInHost) + "-" + host;
    }
    if (row.preview) {
        row.url = row.remote.permalink;
    } else if (is_on("enabled")) {
        row.url = "https://" + host;
    }
    return {};
}

Status check_value(const TargetSettings& settings, std::string_view name, const auto& values) {
    const std::string_view value = settings.get(name);
    if (value.empty() || std::ranges::count(values, value) > 0) {
        return {};
    }
    std::string known;
    for (const char* one : values) {
        known += (known.empty() ? "" : ", ") + std::string(one);
    }
    return std::unexpected(
        Error(Code::InvalidInput, "'settings." + std::string(name) + "' is one of: " + known)
            .because("bad_setting"));
}

class CloudflareWorkers final : public Connector {
public:
    explicit CloudflareWorkers(const net::HttpClient& client) : client_(client) {}

    std::string_view name() const override { return "cloudflare-workers"; }
    Status check(const TargetSettings& settings) const override;
    Result<UploadPlan> plan(Task& task) override;
    Status upload(Task& task, const std::vector<std::size_t>& part) override;
    Status publish(Task& task) override;
    Result<Poll> poll(Task& task) override;
    Status roll_back(Task& task, const store::RemoteDeployment& earlier) override;
    void cancel(Task& task) override;
    Status remove(Task& task) override;

private:
    const net::HttpClient& client_;
};

Status CloudflareWorkers::check(const TargetSettings& settings) const {
    ORIGIN_CHECK(check_pace(settings, cloudflare::kCallsPerFiveMinutes));
    ORIGIN_CHECK(check_settings(
        settings,
        {.connector = "cloudflare-workers",
         .needed = {"account", "name"},
         .others = {"htmlHandling", "notFoundHandling", cloudflare::kCallsPerFiveMinutes},
         .secret = "an API token of Cloudflare with the permission "
                   "Account, Workers Scripts, Edit"}));
    ORIGIN_CHECK(check_value(settings, "htmlHandling", kHtml));
    return check_value(settings, "notFoundHandling", kNotFound);
}

Result<UploadPlan> CloudflareWorkers::plan(Task& task) {
    ProviderApi api = cloudflare::api_of(client_, task);
    if (!task.row().remote.id.empty()) {
        return UploadPlan{};
    }
    ORIGIN_TRY(session, start_session(api, task));
    return parts_of(task, session);
}

Status CloudflareWorkers::upload(Task& task, const std::vector<std::size_t>& part) {
    ProviderApi api = cloudflare::api_of(client_, task);
    ORIGIN_TRY(site, task.site());
    ORIGIN_TRY(digests, task.digests(Task::Names::Assets));
    const std::string path = cloudflare::account_path(task) + "/workers/assets/upload";
    const bool singly =
        cloudflare::claims_of(task.kept()[cloudflare::kUploadToken]).wants_single_uploads;
    FormData form("origind" + task.id().str());
    for (const std::size_t i : part) {
        const SiteFile& file = site->files.at(i);
        ORIGIN_TRY(data, task.read(file));
        const std::string hash = cloudflare::hash_of(digests->at(file.blob), file.path);
        const std::string type(net::content_type_of(file.path));
        if (singly) {
            ORIGIN_CHECK(send(api,
                              task,
                              {.method = "POST",
                               .path = std::string(path).append("/").append(hash),
                               .body = std::move(data),
                               .content_type = type}));
        } else {
            form.add_file(hash, type, crypto::base64(data));
        }
    }
    return singly ? Status()
                  : send(api,
                         task,
                         {.method = "POST",
                          .path = path + "?base64=true",
                          .body = form.finish(),
                          .content_type = form.content_type()});
}

Status CloudflareWorkers::publish(Task& task) {
    ProviderApi api = cloudflare::api_of(client_, task);
    if (task.row().remote.id.empty()) {
        ORIGIN_TRY(found, find_version(api, task));
        if (!found || found->empty()) {
            ORIGIN_CHECK(make_version(api, task, found.has_value()));
            ORIGIN_TRY(made, find_version(api, task));
            found = made;
        }
        if (!found || found->empty()) {
            return odd_answer("Cloudflare", "version that was just made");
        }
        task.row().remote.id = *found;
        ORIGIN_CHECK(task.save());
    }
    if (!note(task, kFresh).empty()) {
        ORIGIN_CHECK(cloudflare::call(api,
                                      {.method = "POST",
                                       .path = script_path(task) + "/subdomain",
                                       .body = R"({"enabled":true,"previews_enabled":true})"}));
    }
    return task.row().preview ? Status() : deploy_version(api, task);
}

Result<Poll> CloudflareWorkers::poll(Task& task) {
    ProviderApi api = cloudflare::api_of(client_, task);
    ORIGIN_CHECK(take_addresses(api, task));
    if (task.row().url.empty()) {
        ORIGIN_CHECK(
            task.say("Cloudflare tells no address of it: the Worker is not served at workers.dev"));
    }
    return Poll{.state = Poll::State::Live};
}

Status CloudflareWorkers::roll_back(Task& task, const store::RemoteDeployment& earlier) {
    ProviderApi api = cloudflare::api_of(client_, task);
    task.row().remote.id = earlier.id;
    ORIGIN_CHECK(deploy_version(api, task));
    return task.say("Cloudflare put its earlier version back; the next push goes live as before");
}

void CloudflareWorkers::cancel(Task& /*task*/) {
    // A version that is not deployed answers to nobody, and none can be deleted.
}

Status CloudflareWorkers::remove(Task& task) {
    return task.say("Cloudflare deletes no version of a Worker: the preview stays at its address");
}

}  // namespace

std::unique_ptr<Connector> make_cloudflare_workers(const net::HttpClient& client) {
    return std::make_unique<CloudflareWorkers>(client);
}

}  // namespace origin::deploy

// SPDX-License-Identifier: Apache-2.0
// deploy/cloudflare_pages: the `cloudflare-pages` connector: direct upload to a project of Pages.
// Source: cloudflare/workers-sdk f8308360, packages/wrangler/src/pages:
// docs/deploy/cloudflare-pages.md.
#include <set>

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

constexpr std::uint64_t kFilesMax = 20'000;  // Of a token that does not say.

// What is remembered of a deployment between two calls.
constexpr std::string_view kBranch = "production_branch";
constexpr std::string_view kHost = "host";          // Where the project is live.
constexpr std::string_view kCreating = "creating";  // A create was sent: look before the next one.
constexpr std::string_view kRestored = "restored";  // A rollback was asked for.
constexpr std::string_view kEnded = "ended";        // The provider gave up: keep what it says.

std::string project_path(Task& task) {
    return cloudflare::account_path(task) + "/pages/projects/" +
           encoded_path(task.setting("project"));
}

std::string deployment_path(Task& task) {
    return project_path(task) + "/deployments/" + encoded_path(task.row().remote.id);
}

/// Learns where the project is live and which branch is its production (C10).
Status look_at_project(ProviderApi& api, Task& task) {
    if (!note(task, kBranch).empty()) {
        return {};
    }
    auto project = cloudflare::call(api, {.path = project_path(task)});
    if (!project && project.error().code() == Code::NotFound) {
        return std::unexpected(Error(Code::NotFound,
                                     "Cloudflare knows no Pages project '" +
                                         printable(task.setting("project")) +
                                         "' in this account; make it there once")
                                   .because("provider_has_none"));
    }
    ORIGIN_CHECK(project);
    const std::string branch = text_at(*project, {"production_branch"});
    if (branch.empty()) {
        return odd_answer("Cloudflare", "production branch");
    }
    remember(task, kBranch, branch);
    remember(task, kHost, text_at(*project, {"subdomain"}));
    return {};
}

Status renew_token(ProviderApi& api, Task& task) {
    task.kept().erase(cloudflare::kUploadToken);
    ORIGIN_TRY(made, cloudflare::call(api, {.path = project_path(task) + "/upload-token"}));
    const std::string token = text_at(made, {"jwt"});
    if (token.empty()) {
        return odd_answer("Cloudflare", "upload token");
    }
    task.kept()[cloudflare::kUploadToken] = token;
    return {};
}

Result<json::value> call_assets(ProviderApi& api, Task& task, std::string verb, std::string body) {
    const ApiRequest request{
        .method = "POST", .path = "/pages/assets/" + std::move(verb), .body = std::move(body)};
    return cloudflare::call_with_token(api, task, request, [&] { return renew_token(api, task); });
}

std::string hashes_of(const Assets& assets) {
    std::set<std::string> once;
    for (const cloudflare::Asset& asset : assets.all) {
        once.insert(asset.hash);
    }
    return json::serialize(json::object{{"hashes", json::array(once.begin(), once.end())}});
}

Status check_count(ProviderApi& api, Task& task, std::size_t files) {
    ORIGIN_CHECK(renew_token(api, task));
    const std::uint64_t most =
        cloudflare::claims_of(task.kept()[cloudflare::kUploadToken]).files_max.value_or(kFilesMax);
    if (files > most) {
        return std::unexpected(Error(Code::InvalidInput,
                                     std::to_string(files) + " files; Cloudflare takes at most " +
                                         std::to_string(most) + " in this project")
                                   .because("too_many_files"));
    }
    return {};
}

/// The branch that Cloudflare is told. Its production branch: live; any other: a preview.
std::string told_branch(Task& task) {
    std::string production = note(task, kBranch);
    if (!task.row().preview) {
        return production;
    }
    const std::string branch = branch_of(task.row());
    return branch == production ? "preview-" + branch : branch;
}

void take_addresses(Task& task, const json::value& deployment) {
    store::RemoteDeployment& remote = task.row().remote;
    remote.id = text_at(deployment, {"id"});
    remote.permalink = text_at(deployment, {"url"});
}

/// What may have been made by a call whose answer was lost.
Result<bool> find_again(ProviderApi& api, Task& task) {
    ORIGIN_TRY(listed,
               cloudflare::call(api,
                                {.path = project_path(task) + "/deployments?env=" +
                                         (task.row().preview ? "preview" : "production")}));
    const json::array* deployments = listed.if_array();
    if (deployments == nullptr) {
        return odd_answer("Cloudflare", "list of deployments");
    }
    for (const json::value& one : *deployments) {
        if (text_at(one, {"deployment_trigger", "metadata", "commit_message"})
                .starts_with(marker(task))) {
            take_addresses(task, one);
            return true;
        }
    }
    return false;
}

/// The form that makes a deployment. `_headers` and `_redirects` go beside the manifest.
Result<FormData> form_of(Task& task, const Assets& assets) {
    json::object manifest;
    for (const cloudflare::Asset& asset : assets.all) {
        manifest[asset.path] = asset.hash;
    }
    ORIGIN_TRY(subject, task.subject_line());
    FormData form("origind" + task.id().str());
    form.add_text("manifest", json::serialize(manifest));
    form.add_text("branch", told_branch(task));
    form.add_text("commit_message", marker(task) + ": " + subject);  // At most 384 bytes: it is.
    form.add_text("commit_hash", task.row().commit.hex());
    form.add_text("commit_dirty", "false");
    ORIGIN_TRY(site, task.site());
    for (const auto& [name, file] :
         {std::pair("_headers", assets.headers), std::pair("_redirects", assets.redirects)}) {
        if (file) {
            ORIGIN_TRY(text, task.read(site->files.at(*file)));
            form.add_file(name, "application/octet-stream", text);
        }
    }
    return form;
}

/// The last line of the log of a deployment that failed.
std::string last_line(ProviderApi& api, Task& task) {
    const auto log =
        cloudflare::call(api, {.path = deployment_path(task) + "/history/logs?size=10000000"});
    const json::array* lines = log ? value_at(*log, {"data"}).if_array() : nullptr;
    return lines == nullptr || lines->empty() ? std::string()
                                              : printable(text_at(lines->back(), {"line"}));
}

Poll live(Task& task, const json::value& deployment) {
    take_addresses(task, deployment);
    const json::array* aliases = value_at(deployment, {"aliases"}).if_array();
    std::string alias;
    if (aliases != nullptr && !aliases->empty() && aliases->front().is_string()) {
        alias = std::string(aliases->front().get_string());
    }
    const std::string own = task.row().remote.permalink;
    task.row().url = !task.row().preview ? url_of(task, note(task, kHost))
                     : alias.empty()     ? own
                                         : alias;
    return {.state = Poll::State::Live};
}

class CloudflarePages final : public Connector {
public:
    explicit CloudflarePages(const net::HttpClient& client) : client_(client) {}

    std::string_view name() const override { return "cloudflare-pages"; }
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

Status CloudflarePages::check(const TargetSettings& settings) const {
    ORIGIN_CHECK(check_pace(settings, cloudflare::kCallsPerFiveMinutes));
    return check_settings(settings,
                          {.connector = "cloudflare-pages",
                           .needed = {"account", "project"},
                           .others = {cloudflare::kCallsPerFiveMinutes},
                           .secret = "an API token of Cloudflare with the permission Account, "
                                     "Cloudflare Pages, Edit"});
}

Result<UploadPlan> CloudflarePages::plan(Task& task) {
    ProviderApi api = cloudflare::api_of(client_, task);
    ORIGIN_CHECK(look_at_project(api, task));
    if (!task.row().remote.id.empty()) {
        return UploadPlan{};
    }
    ORIGIN_TRY(assets, cloudflare::assets_of(task, cloudflare::Product::Pages));
    ORIGIN_CHECK(check_count(api, task, assets.all.size()));
    ORIGIN_TRY(answer, call_assets(api, task, "check-missing", hashes_of(assets)));
    const json::array* hashes = answer.if_array();
    if (hashes == nullptr) {
        return odd_answer("Cloudflare", "list of missing files");
    }
    std::set<std::string> missing;
    for (const json::value& hash : *hashes) {
        missing.insert(hash.is_string() ? std::string(hash.get_string()) : std::string());
    }
    return UploadPlan{.parts = cloudflare::buckets_of(task, assets, std::move(missing))};
}

Status CloudflarePages::upload(Task& task, const std::vector<std::size_t>& part) {
    ProviderApi api = cloudflare::api_of(client_, task);
    ORIGIN_TRY(site, task.site());
    ORIGIN_TRY(digests, task.digests(Task::Names::Assets));
    std::string body = "[";
    for (const std::size_t i : part) {
        const SiteFile& file = site->files.at(i);
        ORIGIN_TRY(data, task.read(file));
        const std::string_view type = net::content_type_of(file.path);
        body += std::string(body.size() > 1 ? "," : "") + R"({"key":")" +
                cloudflare::hash_of(digests->at(file.blob), file.path) +
                R"(","base64":true,"metadata":{"contentType":")" +
                std::string(type.substr(0, type.find(';'))) + R"("},"value":")";
        body += crypto::base64(data);
        body += "\"}";
    }
    body += "]";
    ORIGIN_CHECK(call_assets(api, task, "upload", std::move(body)));
    return {};
}

Status CloudflarePages::publish(Task& task) {
    if (!task.row().remote.id.empty()) {
        return {};
    }
    ProviderApi api = cloudflare::api_of(client_, task);
    ORIGIN_TRY(assets, cloudflare::assets_of(task, cloudflare::Product::Pages));
    // So that the files are kept for longer; a deployment can do without.
    [[maybe_unused]] const auto kept = call_assets(api, task, "upsert-hashes", hashes_of(assets));
    if (!note(task, kCreating).empty()) {
        ORIGIN_TRY(found, find_again(api, task));
        if (found) {
            return task.save();
        }
    }
    remember(task, kCreating, "1");
    ORIGIN_CHECK(task.save());
    ORIGIN_TRY(form, form_of(task, assets));
    ORIGIN_TRY(made,
               cloudflare::call(api,
                                {.method = "POST",
                                 .path = project_path(task) + "/deployments",
                                 .body = form.finish(),
                                 .content_type = form.content_type()}));
    take_addresses(task, made);
    if (task.row().remote.id.empty()) {
        return odd_answer("Cloudflare", "deployment id");
    }
    return task.save();
}

Result<Poll> CloudflarePages::poll(Task& task) {
    ProviderApi api = cloudflare::api_of(client_, task);
    ORIGIN_TRY(deployment, cloudflare::call(api, {.path = deployment_path(task)}));
    const std::string stage = text_at(deployment, {"latest_stage", "name"});
    const std::string status = text_at(deployment, {"latest_stage", "status"});
    const json::value& skipped = value_at(deployment, {"is_skipped"});
    if (status == "failure" || status == "canceled" || status == "skipped" ||
        (skipped.is_bool() && skipped.get_bool())) {
        remember(task, kEnded, "1");
        return Poll{.state = Poll::State::Failed,
                    .text = "Cloudflare: the stage " + printable(stage) + " is " +
                            printable(status) + ": " + last_line(api, task)};
    }
    if (stage == "deploy" && status == "success") {
        return live(task, deployment);
    }
    return Poll{.wait = growing_wait(task),
                .text = "at Cloudflare: " + printable(stage) + ", " + printable(status)};
}

Status CloudflarePages::roll_back(Task& task, const store::RemoteDeployment& earlier) {
    ProviderApi api = cloudflare::api_of(client_, task);
    ORIGIN_CHECK(look_at_project(api, task));
    task.row().remote.id = earlier.id;
    if (!note(task, kRestored).empty()) {
        return {};
    }
    ORIGIN_CHECK(
        cloudflare::call(api, {.method = "POST", .path = deployment_path(task) + "/rollback"}));
    remember(task, kRestored, "1");
    return task.say(
        "Cloudflare put its earlier deployment back; the next push goes live as before");
}

void CloudflarePages::cancel(Task& task) {
    const bool is_earlier_one = task.row().rollback_of && !task.is_sent_again();
    if (task.row().remote.id.empty() || is_earlier_one || !note(task, kEnded).empty()) {
        return;
    }
    ProviderApi api = cloudflare::api_of(client_, task);
    [[maybe_unused]] const auto dropped =
        api.call({.method = "DELETE", .path = deployment_path(task) + "?force=true"});
}

Status CloudflarePages::remove(Task& task) {
    ProviderApi api = cloudflare::api_of(client_, task);
    return gone(api.call({.method = "DELETE", .path = deployment_path(task) + "?force=true"}));
}

}  // namespace

std::unique_ptr<Connector> make_cloudflare_pages(const net::HttpClient& client) {
    return std::make_unique<CloudflarePages>(client);
}

}  // namespace origin::deploy

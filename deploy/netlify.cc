// SPDX-License-Identifier: Apache-2.0
// deploy/netlify: the `netlify` connector: deploys by file digest.
// Source: Netlify's open-api 2.55 (swagger.yml) and its Go client: docs/deploy/netlify.md.
#include <algorithm>
#include <set>

#include <boost/json.hpp>

#include "auth/slug.h"
#include "base/utf8.h"
#include "crypto/encode.h"
#include "deploy/all_connectors.h"
#include "deploy/provider_api.h"

namespace origin::deploy {
namespace {

namespace json = boost::json;

constexpr std::string_view kApi = "https://api.netlify.com/api/v1";
constexpr std::size_t kSyncFilesMax = 100;  // More at once time out over there.
constexpr std::size_t kAliasBytesMax = 37;
constexpr std::size_t kListed = 100;
constexpr std::string_view kDeploysPerMinute = "deploysPerMinute";
constexpr PaceLimit kDeploys{
    "Netlify takes few deploys a minute (3, unless 'deploysPerMinute' says otherwise)",
    3,
    std::chrono::minutes(1)};

// What is remembered of a deployment between two calls.
constexpr std::string_view kSite = "site";          // The site's id.
constexpr std::string_view kCreating = "creating";  // A create was sent: look before the next one.
constexpr std::string_view kManifest = "manifest";  // "sent": the provider compares.
constexpr std::string_view kRestored =
    "restored";  // A rollback, or a draft's publication: "asked", "1" once it was answered.

std::string complaint(const json::value& body) {
    const std::string message = text_at(body, {"message"});
    const json::string* text = body.if_string();
    return message.empty() && text != nullptr ? std::string(*text) : message;
}

ProviderApi api_of(const net::HttpClient& client, Task& task) {
    const std::string_view base = task.setting("apiBase");
    return {client, task, {"Netlify", std::string(base.empty() ? kApi : base), complaint}};
}

bool is_site_id(std::string_view text) {
    return text.size() == 36 && std::ranges::count(text, '-') == 4 &&
           std::ranges::all_of(text, [](char c) {
               return c == '-' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
}

/// Learns the site's id; a name is looked up among the token's sites.
Status find_site(ProviderApi& api, Task& task) {
    if (!note(task, kSite).empty()) {
        return {};
    }
    const std::string site(task.setting("site"));
    json::value found;
    if (is_site_id(site)) {
        ORIGIN_TRY(answer, api.call({.path = "/sites/" + encoded_path(site)}));
        found = answer.body;
    } else {
        ORIGIN_TRY(answer, api.call({.path = "/sites?name=" + encoded_path(site) + "&filter=all"}));
        const json::array* sites = answer.body.if_array();
        if (sites == nullptr) {
            return odd_answer("Netlify", "list of sites");
        }
        for (const json::value& one : *sites) {
            if (text_at(one, {"name"}) == site) {
                found = one;
            }
        }
    }
    const std::string id = text_at(found, {"id"});
    if (id.empty()) {
        return std::unexpected(
            Error(Code::NotFound, "Netlify knows no site '" + printable(site) + "' for this token")
                .because("provider_has_none"));
    }
    remember(task, kSite, id);
    return {};
}

std::string site_path(Task& task) {
    return "/sites/" + encoded_path(note(task, kSite));
}

void take_addresses(Task& task, const json::value& deploy) {
    store::RemoteDeployment& remote = task.row().remote;
    remote.id = text_at(deploy, {"id"});
    remote.permalink = text_at(deploy, {"deploy_ssl_url"});
    if (const std::string admin = text_at(deploy, {"admin_url"}); !admin.empty()) {
        remote.admin_url = admin + "/deploys/" + remote.id;
    }
}

/// What may have been made by a call whose answer was lost.
Result<bool> find_again(ProviderApi& api, Task& task) {
    ORIGIN_TRY(
        answer,
        api.call({.path = site_path(task) + "/deploys?per_page=" + std::to_string(kListed)}));
    const json::array* deploys = answer.body.if_array();
    if (deploys == nullptr) {
        return odd_answer("Netlify", "list of deploys");
    }
    for (const json::value& deploy : *deploys) {
        if (text_at(deploy, {"title"}).starts_with(marker(task))) {
            take_addresses(task, deploy);
            return true;
        }
    }
    return false;
}

/// The name under which a preview is reachable: of its branch.
std::string alias_of(const store::DeploymentRow& row) {
    return auth::slug_from("b-" + branch_of(row), kAliasBytesMax);
}

/// What the deploy is to be over there: a draft is published once it may go live.
json::object wish(Task& task) {
    json::object body{{"draft", task.goes_together()}};
    if (task.row().preview) {
        body["branch"] = alias_of(task.row());
    }
    return body;
}

Status make_deploy(ProviderApi& api, Task& task) {
    if (!note(task, kCreating).empty()) {
        ORIGIN_TRY(found, find_again(api, task));
        if (found) {
            return task.save();
        }
    }
    ORIGIN_CHECK(task.pace(pace_of(task, kDeploysPerMinute, kDeploys)));
    remember(task, kCreating, "1");
    ORIGIN_CHECK(task.save());
    ORIGIN_TRY(subject, task.subject_line());
    json::object body = wish(task);
    ORIGIN_TRY(answer,
               api.call({.method = "POST",
                         .path = site_path(task) +
                                 "/deploys?title=" + encoded_path(marker(task) + ": " + subject),
                         .body = json::serialize(body)}));
    take_addresses(task, answer.body);
    if (task.row().remote.id.empty()) {
        return odd_answer("Netlify", "deploy id");
    }
    return task.save();
}

/// Path -> hex SHA-1 of every file.
Result<json::object> manifest(Task& task) {
    ORIGIN_TRY(site, task.site());
    ORIGIN_TRY(digests, task.digests());
    json::object files;
    for (const SiteFile& file : site->files) {
        if (file.path.find_first_of("#?") != file.path.npos) {
            return std::unexpected(Error(Code::InvalidInput,
                                         "Netlify takes no file whose name has a '#' or '?': '" +
                                             printable(file.path) + "'")
                                       .because("bad_file_name"));
        }
        files[file.path] = crypto::hex(digests->at(file.blob).sha1);
    }
    return files;
}

std::string deploy_path(Task& task) {
    return site_path(task) + "/deploys/" + encoded_path(task.row().remote.id);
}

Result<json::value> send_manifest(ProviderApi& api, Task& task) {
    ORIGIN_TRY(files, manifest(task));
    json::object body = wish(task);
    body["async"] = files.size() > kSyncFilesMax;
    body["files"] = std::move(files);
    ORIGIN_TRY(
        answer,
        api.call({.method = "PUT", .path = deploy_path(task), .body = json::serialize(body)}));
    if (text_at(answer.body, {"id"}) != task.row().remote.id) {
        return odd_answer("Netlify", "deploy id");
    }
    remember(task, kManifest, "sent");
    ORIGIN_CHECK(task.save());
    return std::move(answer.body);
}

bool compares_still(std::string_view state) {
    return state != "prepared" && state != "uploading" && state != "uploaded" &&
           state != "processing" && state != "processed" && state != "ready";
}

/// One file for each digest that is asked for.
Result<UploadPlan> parts_of(Task& task, const json::value& deploy) {
    const json::object* object = deploy.if_object();
    const json::value* list = object == nullptr ? nullptr : object->if_contains("required");
    std::set<std::string> required;
    if (list != nullptr && list->is_array()) {
        for (const json::value& digest : list->get_array()) {
            required.insert(digest.is_string() ? std::string(digest.get_string()) : std::string());
        }
    }
    ORIGIN_TRY(site, task.site());
    ORIGIN_TRY(digests, task.digests());
    UploadPlan plan;
    for (std::size_t i = 0; i < site->files.size() && !required.empty(); ++i) {
        if (required.erase(crypto::hex(digests->at(site->files[i].blob).sha1)) > 0) {
            plan.parts.push_back({i});
        }
    }
    if (!required.empty()) {
        return std::unexpected(
            Error(Code::InvalidInput, "Netlify asks for a file that is not in this deployment")
                .because("provider_refused"));
    }
    return plan;
}

Poll failed(std::string why) {
    return {.state = Poll::State::Failed, .text = std::move(why)};
}

/// A deploy that is ready is live, unless the site is locked.
Result<Poll> look_at_site(ProviderApi& api, Task& task, const json::value& deploy) {
    ORIGIN_TRY(site, api.call({.path = site_path(task)}));
    const std::string published = text_at(site.body, {"published_deploy", "id"});
    if (published == task.row().remote.id) {
        task.row().url = text_at(site.body, {"ssl_url"});
        return Poll{.state = Poll::State::Live};
    }
    const json::value& locked = value_at(site.body, {"published_deploy", "locked"});
    if (locked.is_bool() && locked.get_bool()) {
        return failed(
            "the site is locked at Netlify to an earlier deploy: unlock it there, or "
            "publish by hand; this deploy is ready at " +
            text_at(deploy, {"deploy_ssl_url"}));
    }
    return Poll{.text = "ready, not published yet", .is_late = true};
}

/// Has it published: an earlier deploy, or a draft. Asked for until there is an answer.
Status restore(ProviderApi& api, Task& task) {
    if (note(task, kRestored) == "1") {
        return {};
    }
    remember(task, kRestored, "asked");
    ORIGIN_CHECK(task.save());
    ORIGIN_CHECK(api.call({.method = "POST", .path = deploy_path(task) + "/restore"}));
    remember(task, kRestored, "1");
    return task.save();
}

class Netlify final : public Connector {
public:
    explicit Netlify(const net::HttpClient& client) : client_(client) {}

    std::string_view name() const override { return "netlify"; }
    Status check(const TargetSettings& settings) const override;
    Reveals reveals() const override { return Reveals::Poll; }
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

Status Netlify::check(const TargetSettings& settings) const {
    ORIGIN_CHECK(check_pace(settings, kDeploysPerMinute));
    return check_settings(
        settings,
        {.connector = "netlify",
         .needed = {"site"},
         .others = {kDeploysPerMinute},
         .secret = "a personal access token of Netlify (User settings, Applications)"});
}

Result<UploadPlan> Netlify::plan(Task& task) {
    ProviderApi api = api_of(client_, task);
    ORIGIN_CHECK(find_site(api, task));
    if (task.row().remote.id.empty()) {
        ORIGIN_CHECK(manifest(task));  // What cannot be sent makes nothing over there.
        ORIGIN_CHECK(make_deploy(api, task));
    }
    if (note(task, kManifest).empty()) {
        ORIGIN_CHECK(send_manifest(api, task));
    }
    ORIGIN_TRY(answer, api.call({.path = deploy_path(task)}));
    const std::string state = text_at(answer.body, {"state"});
    if (state == "error" || state == "rejected") {
        return std::unexpected(Error(Code::InvalidInput,
                                     "Netlify refused the deploy: " +
                                         printable(text_at(answer.body, {"error_message"})))
                                   .because("provider_refused"));
    }
    if (compares_still(state)) {
        return UploadPlan{.parts = {}, .wait = Milliseconds(1000)};
    }
    return parts_of(task, answer.body);
}

Status Netlify::upload(Task& task, const std::vector<std::size_t>& part) {
    ProviderApi api = api_of(client_, task);
    ORIGIN_TRY(site, task.site());
    for (const std::size_t i : part) {
        const SiteFile& file = site->files.at(i);
        ORIGIN_TRY(data, task.read(file));
        ORIGIN_TRY(answer,
                   api.call({.method = "PUT",
                             .path = "/deploys/" + encoded_path(task.row().remote.id) + "/files/" +
                                     encoded_path(file.path),
                             .body = std::move(data),
                             .content_type = "application/octet-stream"}));
        // Something in between may say 200: whoever took the file tells it again.
        const json::object* taken = answer.body.if_object();
        if (taken == nullptr || taken->empty()) {
            return odd_answer("Netlify", "file");
        }
    }
    return {};
}

Status Netlify::publish(Task& /*task*/) {
    return {};  // It publishes by itself once it has everything, and a draft when it is polled.
}

Result<Poll> Netlify::poll(Task& task) {
    if (task.row().remote.id.empty()) {
        return Poll{};
    }
    ProviderApi api = api_of(client_, task);
    ORIGIN_TRY(answer, api.call({.path = deploy_path(task)}));
    const std::string state = text_at(answer.body, {"state"});
    if (state == "error" || state == "rejected") {
        return failed("Netlify: " + printable(text_at(answer.body, {"error_message"})));
    }
    if (state != "ready") {
        return Poll{.text = "at Netlify: " + printable(state)};
    }
    take_addresses(task, answer.body);
    if (task.goes_together()) {
        if (!task.may_go_live() && note(task, kRestored).empty()) {
            return Poll{.state = Poll::State::Staged,
                        .look = text_at(answer.body, {"deploy_ssl_url"})};
        }
        ORIGIN_CHECK(restore(api, task));
    }
    if (task.row().preview) {
        task.row().url = text_at(answer.body, {"deploy_ssl_url"});
        return Poll{.state = Poll::State::Live};
    }
    return look_at_site(api, task, answer.body);
}

Status Netlify::roll_back(Task& task, const store::RemoteDeployment& earlier) {
    ProviderApi api = api_of(client_, task);
    ORIGIN_CHECK(find_site(api, task));
    task.row().remote.id = earlier.id;
    return restore(api, task);
}

void Netlify::cancel(Task& task) {
    const bool is_earlier_one = task.row().rollback_of && !task.is_sent_again();
    if (task.row().remote.id.empty() || is_earlier_one) {
        return;
    }
    ProviderApi api = api_of(client_, task);
    [[maybe_unused]] const auto dropped = api.call(
        {.method = "POST", .path = "/deploys/" + encoded_path(task.row().remote.id) + "/cancel"});
}

Status Netlify::remove(Task& task) {
    ProviderApi api = api_of(client_, task);
    return gone(
        api.call({.method = "DELETE", .path = "/deploys/" + encoded_path(task.row().remote.id)}));
}

}  // namespace

std::unique_ptr<Connector> make_netlify(const net::HttpClient& client) {
    return std::make_unique<Netlify>(client);
}

}  // namespace origin::deploy

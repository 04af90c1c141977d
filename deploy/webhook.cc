// SPDX-License-Identifier: Apache-2.0
// deploy/webhook: the `webhook` connector: an endpoint of the project's own deploys. It is told of
// a commit with a signed POST, fetches its files by a link that ends, and says when it is live.
// docs/deploy/webhook.md.
#include <algorithm>

#include <boost/json.hpp>

#include "base/utf8.h"
#include "deploy/all_connectors.h"
#include "deploy/provider_api.h"
#include "hooks/external_gate.h"
#include "hooks/webhook_retry.h"
#include "hooks/webhook_secret.h"
#include "net/http_text.h"

namespace origin::deploy {
namespace {

namespace json = boost::json;

constexpr Milliseconds kCallTimeout{60'000};
constexpr std::size_t kAnswerBytesMax = 64 * 1024;
constexpr std::size_t kSaidBytesMax = 300;
constexpr std::size_t kUrlBytesMax = 2000;
constexpr std::chrono::hours kArchiveLinkKept{2};
constexpr int kAccepted = 202;

constexpr std::string_view kStatusUrl = "statusUrl";
constexpr std::string_view kDone = "done";

bool is_url(std::string_view text) {
    return (text.starts_with("https://") || text.starts_with("http://")) &&
           text.size() <= kUrlBytesMax && printable(text) == text &&
           text.find_first_of(" @") == text.npos;
}

/// "https://host:port" of a URL.
std::string_view origin_of(std::string_view url) {
    return url.substr(0, url.find_first_of("/?#", url.find("//") + 2));
}

class Webhook final : public Connector {
public:
    Webhook(const net::HttpClient& client, ArchiveLink link)
        : client_(client), archive_link_(std::move(link)) {}

    std::string_view name() const override { return "webhook"; }
    Status check(const TargetSettings& settings) const override;
    /// Nothing is sent file by file.
    Result<UploadPlan> plan(Task& task) override;
    Status upload(Task& /*task*/, const std::vector<std::size_t>& /*part*/) override { return {}; }
    Status publish(Task& task) override;
    Result<Poll> poll(Task& task) override;
    Status roll_back(Task& task, const store::RemoteDeployment& earlier) override;
    void cancel(Task& task) override;
    Status remove(Task& task) override;

private:
    struct Said {
        int status = 0;
        json::value body;  // An object, or null.
        Milliseconds wait{0};
    };
    Result<Said> send(Task& task,
                      const std::string& method,
                      const std::string& url,
                      json::object body);
    Result<Said> tell(Task& task, std::string_view type);

    const net::HttpClient& client_;
    ArchiveLink archive_link_;
};

Status Webhook::check(const TargetSettings& settings) const {
    ORIGIN_CHECK(check_settings(settings,
                                {.connector = "webhook",
                                 .needed = {"url"},
                                 .others = {"publicUrl"},
                                 .secret = "what requests are signed with: whsec_ and base 64 of "
                                           "24 to 64 random bytes"}));
    for (const std::string_view name : {"url", "publicUrl"}) {
        const std::string_view url = settings.get(name);
        if (!url.empty() && !is_url(url)) {
            return std::unexpected(
                Error(Code::InvalidInput,
                      "'settings." + std::string(name) + "' is a URL that begins with https://")
                    .because("bad_setting"));
        }
    }
    return {};  // Whether it may be reached is asked when it is.
}

Result<Webhook::Said> Webhook::send(Task& task,
                                    const std::string& method,
                                    const std::string& url,
                                    json::object body) {
    ORIGIN_TRY(key, hooks::read_gate_secret(task.secret().reveal()));
    const std::string text = method == "GET" ? std::string() : json::serialize(body);
    // The same at each attempt, so that the endpoint can tell a repetition.
    const std::string id =
        "deploy_" + task.id().str() +
        (body.contains("type") ? "_" + std::string(body["type"].get_string()) : "_status");
    const std::int64_t seconds = task.now() / 1000;
    const std::string signature =
        hooks::webhook_signature(store::WebhookScheme::Hmac, key, {id, seconds, text});
    const auto response = client_.send({.method = method,
                                        .url = url,
                                        .headers = {{"Accept", "application/json"},
                                                    {"Content-Type", "application/json"},
                                                    {"webhook-id", id},
                                                    {"webhook-timestamp", std::to_string(seconds)},
                                                    {"webhook-signature", signature}},
                                        .body = text,
                                        .timeout = kCallTimeout,
                                        .response_bytes_max = kAnswerBytesMax});
    if (!response) {
        const Error& error = response.error();
        const bool again = error.code() == Code::LimitExceeded;
        return std::unexpected(Error(again ? Code::Unavailable : error.code(),
                                     "the endpoint: " + error.told_to_peer(),
                                     error.kept_in_log())
                                   .because(std::string(error.reason())));
    }
    Said said{.status = response->status, .body = nullptr};
    if (const auto after = hooks::retry_after(response->header("Retry-After"), task.now())) {
        said.wait = std::min<Milliseconds>(*after, kDeployDelayMax);
        task.hold_off(said.wait);
    }
    boost::system::error_code broken;
    if (!response->body.empty()) {
        said.body = json::parse(response->body, broken);
    }
    const std::string told = "the endpoint answered " + std::to_string(said.status);
    if (said.status >= 200 && said.status < 300) {
        if (broken || !(said.body.is_object() || said.body.is_null())) {
            return std::unexpected(
                Error(Code::Unavailable, told + " with something that is no JSON object")
                    .because("provider_busy"));
        }
        return said;
    }
    const std::string message = printable(text_at(said.body, {"message"}).substr(0, kSaidBytesMax));
    const std::string why = told + (message.empty() ? "" : ": " + message);
    if (said.status == 408 || said.status == 429 || said.status >= 500) {
        return std::unexpected(Error(Code::Unavailable, why).because("provider_busy"));
    }
    if (said.status == 401 || said.status == 403) {
        return std::unexpected(
            Error(Code::Unauthenticated, why + " (is the target's secret right?)")
                .because("provider_refuses_token"));
    }
    return std::unexpected(Error(Code::InvalidInput, why).because("provider_refused"));
}

Result<Webhook::Said> Webhook::tell(Task& task, std::string_view type) {
    const store::DeploymentRow& row = task.row();
    const UnixMillis expires = task.now() + Milliseconds(kArchiveLinkKept).count();
    ORIGIN_TRY(built, task.built());
    json::object data{
        {"deploymentId", task.id().str()},
        {"projectId", task.project().str()},
        {"target", row.target},
        {"commit", row.commit.hex()},
        {"ref", row.ref.empty() ? json::value() : json::value(row.ref)},
        {"preview", row.preview},
        {"rollbackOf", row.rollback_of ? json::value(row.rollback_of->str()) : json::value()},
        {"archiveUrl", archive_link_(task.project(), built.value_or(row.commit), expires)},
        {"archiveUntil", rfc3339(expires)}};
    return send(task,
                "POST",
                std::string(task.setting("url")),
                {{"type", type}, {"timestamp", rfc3339(task.now())}, {"data", std::move(data)}});
}

Result<UploadPlan> Webhook::plan(Task& task) {
    ORIGIN_CHECK(task.site());
    return UploadPlan{};
}

/// What it says of where the site is: nothing else may stand there.
void take_url(Task& task, const json::value& body) {
    const std::string url = text_at(body, {"url"});
    task.row().url = is_url(url) ? url : std::string(task.setting("publicUrl"));
}

Status Webhook::publish(Task& task) {
    if (!note(task, kDone).empty() || !note(task, kStatusUrl).empty()) {
        return {};
    }
    ORIGIN_TRY(said, tell(task, "deployment.requested"));
    task.row().remote.id = task.id().str();
    if (said.status != kAccepted) {
        take_url(task, said.body);
        remember(task, kDone, "1");
        return task.save();
    }
    const std::string status = text_at(said.body, {"statusUrl"});
    if (!is_url(status) || origin_of(status) != origin_of(task.setting("url"))) {
        return std::unexpected(
            Error(Code::InvalidInput,
                  "the endpoint answered 202 without a 'statusUrl' at its own host")
                .because("provider_refused"));
    }
    remember(task, kStatusUrl, status);
    return task.save();
}

Result<Poll> Webhook::poll(Task& task) {
    if (!note(task, kDone).empty()) {
        return Poll{.state = Poll::State::Live};
    }
    ORIGIN_TRY(said, send(task, "GET", note(task, kStatusUrl), {}));
    const std::string state = text_at(said.body, {"state"});
    const std::string message = printable(text_at(said.body, {"message"}).substr(0, kSaidBytesMax));
    if (state == "live") {
        take_url(task, said.body);
        return Poll{.state = Poll::State::Live};
    }
    if (state == "failed") {
        return Poll{.state = Poll::State::Failed,
                    .text = "the endpoint: " + (message.empty() ? "it failed" : message)};
    }
    if (state != "pending") {
        return odd_answer("the endpoint", "state: pending, live or failed");
    }
    return Poll{.wait = std::max(said.wait, growing_wait(task)),
                .text = "at the endpoint" + (message.empty() ? "" : ": " + message)};
}

/// It is asked to deploy the earlier commit, as any other.
Status Webhook::roll_back(Task& /*task*/, const store::RemoteDeployment& /*earlier*/) {
    return std::unexpected(Error(Code::NotFound, "the endpoint is asked anew"));
}

void Webhook::cancel(Task& task) {
    if (!task.row().remote.id.empty()) {
        [[maybe_unused]] const auto told = tell(task, "deployment.cancelled");
    }
}

Status Webhook::remove(Task& task) {
    ORIGIN_CHECK(tell(task, "deployment.removed"));
    return {};
}

}  // namespace

std::unique_ptr<Connector> make_webhook(const net::HttpClient& client, ArchiveLink link) {
    return std::make_unique<Webhook>(client, std::move(link));
}

}  // namespace origin::deploy

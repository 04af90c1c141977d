// SPDX-License-Identifier: Apache-2.0
#include "deploy/provider_api.h"

#include <algorithm>
#include <charconv>

#include <boost/json.hpp>

#include "base/limits.h"
#include "base/utf8.h"
#include "hooks/webhook_retry.h"
#include "net/http_text.h"

namespace origin::deploy {
namespace {

namespace json = boost::json;

constexpr Milliseconds kCallTimeout{120'000};
constexpr std::size_t kAnswerBytesMax = 32ULL * 1024 * 1024;  // 100,000 digests and their commas.
constexpr std::size_t kSaidBytesMax = 300;

bool is_temporary(int status) {
    return status == 408 || status == 429 || status >= 500;
}

/// The provider's clock, by which it names moments; ours if it does not tell.
UnixMillis their_now(const net::ClientResponse& response, UnixMillis ours) {
    return net::read_http_date(response.header("Date")).value_or(ours);
}

/// Vercel's `error.limit.reset`, in Unix milliseconds; zero: there is none.
Milliseconds reset_in_body(const json::value& body, UnixMillis now) {
    const json::value& reset = value_at(body, {"error", "limit", "reset"});
    if (!reset.is_int64() || reset.get_int64() <= now) {
        return Milliseconds(0);
    }
    const std::int64_t most = Milliseconds(kDeployDelayMax).count();
    return Milliseconds(std::min(reset.get_int64() - now, most));
}

/// How long a refusal asks to wait, at most kDeployDelayMax: `Retry-After`, or `X-RateLimit-Reset`
/// (Unix seconds) of a 429. Zero: it does not say.
Milliseconds asked_to_wait(const net::ClientResponse& response, UnixMillis now) {
    if (const auto after = hooks::retry_after(response.header("Retry-After"), now)) {
        return std::min<Milliseconds>(*after, kDeployDelayMax);
    }
    const std::string_view reset = response.header("X-RateLimit-Reset");
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(reset.data(), reset.data() + reset.size(), seconds);
    if (response.status != 429 || reset.empty() || error != std::errc() ||
        end != reset.data() + reset.size() || seconds <= now / 1000) {
        return Milliseconds(0);
    }
    const std::int64_t most = Milliseconds(kDeployDelayMax).count();
    return Milliseconds(std::min((std::min(seconds, now / 1000 + most) + 1) * 1000 - now, most));
}

std::optional<std::size_t> pace_in(std::string_view text) {
    constexpr std::size_t kPaceMax = 1'000'000;
    std::size_t times = 0;
    const auto [end, error] = std::from_chars(text.begin(), text.end(), times);
    const bool good = error == std::errc() && end == text.end() && times > 0 && times <= kPaceMax;
    return good ? std::optional(times) : std::nullopt;
}

}  // namespace

const json::value& value_at(const json::value& value,
                            std::initializer_list<std::string_view> path) {
    static const json::value kNone;
    const json::value* at = &value;
    for (const std::string_view name : path) {
        const json::object* object = at->if_object();
        at = object == nullptr ? nullptr : object->if_contains(name);
        if (at == nullptr) {
            return kNone;
        }
    }
    return *at;
}

std::string text_at(const json::value& value, std::initializer_list<std::string_view> path) {
    const json::string* text = value_at(value, path).if_string();
    return text == nullptr ? std::string() : std::string(*text);
}

std::string note(Task& task, std::string_view name) {
    const auto& notes = task.row().remote.notes;
    const auto found = notes.find(std::string(name));
    return found == notes.end() ? std::string() : found->second;
}

void remember(Task& task, std::string_view name, std::string value) {
    task.row().remote.notes[std::string(name)] = std::move(value);
}

std::string marker(Task& task) {
    return "origind " + task.id().str();
}

std::string url_of(Task& task, std::string_view host) {
    const std::string_view base = task.setting("apiBase");
    const std::string_view scheme =
        base.empty() ? std::string_view("https://") : base.substr(0, base.find("//") + 2);
    return host.empty() ? std::string() : std::string(scheme) + std::string(host);
}

std::string branch_of(const store::DeploymentRow& row) {
    constexpr std::size_t kDigits = 12;
    if (row.ref.empty()) {
        return "commit-" + row.commit.hex().substr(0, kDigits);
    }
    const std::string_view ref = row.ref;
    for (const std::string_view prefix : {"refs/heads/", "refs/"}) {
        if (ref.starts_with(prefix)) {
            return std::string(ref.substr(prefix.size()));
        }
    }
    return std::string(ref);
}

std::string encoded_path(std::string_view path) {
    std::string encoded;
    while (true) {
        const std::size_t slash = path.find('/');
        encoded += net::percent_encode(path.substr(0, slash));
        if (slash == path.npos) {
            return encoded;
        }
        encoded += '/';
        path.remove_prefix(slash + 1);
    }
}

Milliseconds growing_wait(Task& task) {
    constexpr std::int64_t kShare = 8;
    const std::int64_t lasted = task.now() - task.row().progress.state_since;
    return Milliseconds(std::clamp<std::int64_t>(lasted / kShare, 1000, 10'000));
}

Status gone(const Result<ApiAnswer>& deletion) {
    if (!deletion && deletion.error().code() != Code::NotFound) {
        return std::unexpected(deletion.error());
    }
    return {};
}

std::unexpected<Error> odd_answer(std::string_view provider, std::string_view lacks) {
    return std::unexpected(
        Error(Code::Unavailable, std::string(provider) + "'s answer has no " + std::string(lacks))
            .because("provider_busy"));
}

PaceLimit pace_of(Task& task, std::string_view name, PaceLimit usual) {
    const bool is_elsewhere = !task.setting("apiBase").empty();
    usual.times = pace_in(task.setting(name)).value_or(is_elsewhere ? 0 : usual.times);
    return usual;
}

Status check_pace(const TargetSettings& settings, std::string_view name) {
    const std::string_view value = settings.get(name);
    if (value.empty() || pace_in(value)) {
        return {};
    }
    return std::unexpected(
        Error(Code::InvalidInput,
              "'settings." + std::string(name) + "' is a whole number from 1 to 1000000")
            .because("bad_setting"));
}

Status check_settings(const TargetSettings& settings, const SettingNames& names) {
    std::string known;
    for (const auto* list : {&names.needed, &names.others}) {
        for (const std::string_view name : *list) {
            known += std::string(name) + ", ";
        }
    }
    known += "apiBase";
    for (const auto& [name, value] : settings.settings) {
        if (name != "apiBase" && !std::ranges::count(names.needed, name) &&
            !std::ranges::count(names.others, name)) {
            return std::unexpected(Error(Code::InvalidInput,
                                         "the connector '" + std::string(names.connector) +
                                             "' has no setting '" + printable(name) +
                                             "'; it has: " + known)
                                       .because("unknown_setting"));
        }
    }
    for (const std::string_view name : names.needed) {
        if (settings.get(name).empty()) {
            return std::unexpected(Error(Code::InvalidInput,
                                         "'settings." + std::string(name) +
                                             "' is missing; the connector '" +
                                             std::string(names.connector) + "' has: " + known)
                                       .because("missing_setting"));
        }
    }
    if (!settings.has_secret) {
        return std::unexpected(
            Error(Code::InvalidInput, "'secret' is missing: " + std::string(names.secret))
                .because("missing_secret"));
    }
    return check_api_base(settings);
}

Status check_api_base(const TargetSettings& settings) {
    const std::string_view base = settings.get("apiBase");
    if (base.empty()) {
        return {};
    }
    if (!settings.allow_api_base) {
        return std::unexpected(
            Error(
                Code::InvalidInput,
                "'apiBase' needs allow_api_base = true in [deploy] of this server's configuration")
                .because("api_base_not_allowed"));
    }
    if (base.ends_with('/') || !(base.starts_with("http://") || base.starts_with("https://"))) {
        return std::unexpected(
            Error(Code::InvalidInput, "'apiBase' is a URL without a slash at its end")
                .because("bad_setting"));
    }
    return {};
}

std::string ProviderApi::said(const json::value& body) const {
    std::string text = printable(provider_.complaint(body).substr(0, kSaidBytesMax));
    for (const auto& [name, token] : task_.kept()) {
        hide(text, token);
    }
    hide(text, task_.secret().reveal());
    return text;
}

Error ProviderApi::refusal(int status, const json::value& body) const {
    const std::string complaint = said(body);
    const std::string told = std::string(provider_.name) + " answered " + std::to_string(status) +
                             (complaint.empty() ? "" : ": " + complaint);
    if (status == 401 || status == 403) {
        return Error(Code::Unauthenticated, told + " (is the target's secret right?)")
            .because("provider_refuses_token");
    }
    if (status == 404) {
        return Error(Code::NotFound, told).because("provider_has_none");
    }
    if (status == 409) {
        return Error(Code::Conflict, told).because("provider_conflict");
    }
    if (is_temporary(status)) {
        return Error(Code::Unavailable, told).because("provider_busy");
    }
    return Error(Code::InvalidInput, told).because("provider_refused");
}

Result<ApiAnswer> ProviderApi::send(ApiRequest request) {
    ORIGIN_CHECK(task_.check_time());
    ORIGIN_CHECK(task_.pace(provider_.calls));
    net::ClientRequest sent{.method = request.method,
                            .url = provider_.base + request.path,
                            .headers = std::move(request.headers),
                            .body = std::move(request.body),
                            .timeout = kCallTimeout,
                            .response_bytes_max = kAnswerBytesMax};
    const std::string bearer = request.bearer.empty() ? task_.secret().reveal() : request.bearer;
    sent.headers.push_back({"Authorization", "Bearer " + bearer});
    sent.headers.push_back({"Accept", "application/json"});
    if (request.method != "GET") {
        sent.headers.push_back({"Content-Type", request.content_type});
    }
    auto response = request.makes ? client_.send(sent) : client_.send(sent, task_.session());
    if (!response) {
        const Error& error = response.error();
        if (error.code() == Code::LimitExceeded) {
            return std::unexpected(Error(Code::Unavailable, error.told_to_peer()));
        }
        return std::unexpected(Error(error.code(),
                                     std::string(provider_.name) + ": " + error.told_to_peer(),
                                     error.kept_in_log())
                                   .because(std::string(error.reason())));
    }
    const UnixMillis now = their_now(*response, task_.now());
    if (const Milliseconds wait = asked_to_wait(*response, now); wait.count() > 0) {
        task_.hold_off(wait);
    }
    ApiAnswer answer{.status = response->status, .body = nullptr};
    boost::system::error_code broken;
    if (!response->body.empty()) {
        answer.body = json::parse(response->body, broken);
    }
    const bool good = answer.status >= 200 && answer.status < 300;
    if (good && broken) {
        return std::unexpected(
            Error(Code::Unavailable,
                  std::string(provider_.name) + " answered something that is no JSON")
                .because("provider_busy"));
    }
    if (broken) {
        answer.body = json::string(response->body.substr(0, kSaidBytesMax));
    }
    if (const Milliseconds wait = reset_in_body(answer.body, now);
        answer.status == 429 && wait.count() > 0) {
        task_.hold_off(wait);
    }
    return answer;
}

Result<ApiAnswer> ProviderApi::ask(ApiRequest request) {
    ORIGIN_TRY(answer, send(std::move(request)));
    if (answer.status < 200 || is_temporary(answer.status) ||
        (answer.status >= 300 && answer.status < 400)) {
        return std::unexpected(refusal(answer.status, answer.body));
    }
    return std::move(answer);
}

Result<ApiAnswer> ProviderApi::call(ApiRequest request) {
    ORIGIN_TRY(answer, send(std::move(request)));
    if (answer.status < 200 || answer.status >= 300) {
        return std::unexpected(refusal(answer.status, answer.body));
    }
    return std::move(answer);
}

}  // namespace origin::deploy

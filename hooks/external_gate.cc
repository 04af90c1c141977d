// SPDX-License-Identifier: Apache-2.0
#include "hooks/external_gate.h"

#include <boost/json.hpp>

#include "base/utf8.h"
#include "crypto/encode.h"
#include "hooks/target_secret.h"
#include "hooks/webhook_secret.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::hooks {
namespace {

namespace json = boost::json;

constexpr std::string_view kSealedFor = "-gate-";  // No target is called so.
constexpr std::size_t kLineBytesMax = 300;
constexpr unsigned kAtOncePerProject = 2;
constexpr std::size_t kSecretBytesMin = 24;
constexpr std::size_t kSecretBytesMax = 64;
constexpr std::size_t kMessageIdBytes = 16;

json::object question(const git::PushInQuestion& push, UnixMillis now) {
    json::array refs;
    for (const git::RefMove& move : push.moves) {
        refs.push_back({{"ref", move.name.str()},
                        {"before", move.old_id.hex()},
                        {"after", move.new_id.hex()},
                        {"created", move.creates()},
                        {"deleted", move.deletes()},
                        {"forced", move.forced},
                        {"defaultBranch", move.is_default_branch}});
    }
    json::array options;
    for (const std::string& option : push.proposal.options) {
        options.emplace_back(printable(option));
    }
    const auth::Identity& who = push.permit.identity();
    return {{"type", "push.proposed"},
            {"timestamp", rfc3339(now)},
            {"data",
             {{"projectId", push.permit.project().str()},
              {"project", push.project.slug},
              {"pusher", who.client.str()},
              {"pusherName", printable(who.name)},
              {"keyId", who.key ? json::value(who.key->str()) : json::value()},
              {"via", push.proposal.via},
              {"atomic", push.proposal.atomic},
              {"options", std::move(options)},
              {"refs", std::move(refs)}}}};
}

/// A text of strangers as lines for people, at most so many of at most so many bytes.
std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty() && lines.size() < kGateLinesShown) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string line = printable(text.substr(0, std::min(end, kLineBytesMax)));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.ends_with("\\x0d")) {
            line.resize(line.size() - 4);
        }
        if (!line.empty()) {
            lines.push_back(std::move(line));
        }
    }
    return lines;
}

struct Verdict {
    bool allow = false;
    std::vector<std::string> lines;
};

/// nullopt: that is no answer.
std::optional<Verdict> read_verdict(const std::string& body) {
    boost::system::error_code error;
    const json::value read = json::parse(body, error);
    if (error || !read.is_object()) {
        return std::nullopt;
    }
    const json::object& answer = read.get_object();
    const json::value* const allow = answer.if_contains("allow");
    const json::value* const message = answer.if_contains("message");
    if (allow == nullptr || !allow->is_bool() ||
        (message != nullptr && !message->is_string() && !message->is_null())) {
        return std::nullopt;
    }
    Verdict verdict{.allow = allow->get_bool(), .lines = {}};
    if (message != nullptr && message->is_string()) {
        verdict.lines = lines_of(message->get_string());
    }
    return verdict;
}

}  // namespace

Result<std::string> read_gate_secret(std::string_view shown) {
    constexpr std::string_view kPrefix = "whsec_";
    const auto raw = shown.starts_with(kPrefix)
                         ? crypto::base64_decode(shown.substr(kPrefix.size()))
                         : std::nullopt;
    if (!raw || raw->size() < kSecretBytesMin || raw->size() > kSecretBytesMax) {
        return std::unexpected(
            Error(Code::InvalidInput, "'secret' is whsec_ and base 64 of 24 to 64 random bytes")
                .because("bad_secret"));
    }
    return *raw;
}

std::string seal_gate_secret(const Secret& master_key,
                             const ProjectId& project,
                             const Secret& raw,
                             Random& random) {
    return seal_target_secret(master_key, project, kSealedFor, raw, random);
}

Result<std::string> open_gate_secret(const Secret& master_key,
                                     const ProjectId& project,
                                     std::string_view sealed) {
    return open_target_secret(master_key, project, kSealedFor, sealed);
}

/// A push's place among those that wait.
class ExternalGate::Turn {
public:
    Turn(ExternalGate& gate, const ProjectId& project) : gate_(gate), project_(project) {
        const std::lock_guard lock(gate_.mutex_);
        unsigned& mine = gate_.waiting_[project_];
        taken_ = gate_.all_waiting_ < gate_.around_.at_once && mine < kAtOncePerProject;
        if (taken_) {
            ++mine;
            ++gate_.all_waiting_;
        } else if (mine == 0) {
            gate_.waiting_.erase(project_);
        }
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() {
        if (taken_) {
            const std::lock_guard lock(gate_.mutex_);
            --gate_.all_waiting_;
            if (--gate_.waiting_[project_] == 0) {
                gate_.waiting_.erase(project_);
            }
        }
    }
    bool taken() const { return taken_; }

private:
    ExternalGate& gate_;
    ProjectId project_;
    bool taken_ = false;
};

ExternalGate::ExternalGate(const Around& around)
    : around_(around), failures_(around.metrics.counter("external_gate_failures_total")) {}

/// `failure`: why there is no verdict.
Result<git::GateAnswer> ExternalGate::judge(const git::PushInQuestion& push,
                                            const store::GatesRow& settings,
                                            std::string& failure) const {
    git::GateAnswer answer;
    const auto key =
        open_gate_secret(around_.master_key, push.permit.project(), settings.sealed_secret);
    if (!key) {
        failure = "its secret cannot be opened with this master key";
        return answer;
    }
    const UnixMillis now = around_.clock.now();
    const std::string id = "gate_" + crypto::base62(random_bytes(around_.random, kMessageIdBytes));
    const std::string body = json::serialize(question(push, now));
    const std::string signature =
        webhook_signature(store::WebhookScheme::Hmac, *key, {id, now / 1000, body});
    const auto said =
        around_.client.send({.method = "POST",
                             .url = settings.url,
                             .headers = {{"Content-Type", "application/json"},
                                         {"Accept", "application/json"},
                                         {"webhook-id", id},
                                         {"webhook-timestamp", std::to_string(now / 1000)},
                                         {"webhook-signature", signature}},
                             .body = body,
                             .timeout = Milliseconds(settings.wait_ms),
                             .response_bytes_max = kGateAnswerBytesMax});
    if (!said) {
        failure = said.error().told_to_peer();
        return answer;
    }
    const auto verdict = said->status == 200 ? read_verdict(said->body) : std::nullopt;
    if (!verdict) {
        failure = said->status == 200
                      ? "it answered 200 with something else than {\"allow\": true or false}"
                      : "it answered with status " + std::to_string(said->status);
        return answer;
    }
    for (const std::string& line : verdict->lines) {
        answer.lines.push_back("       gate: " + line);
    }
    if (!verdict->allow) {
        answer.refusal = Error(Code::Forbidden,
                               "the project's gate refuses this push: " +
                                   (verdict->lines.empty() ? std::string("it does not say why")
                                                           : verdict->lines.front()))
                             .because(std::string(kGateRefused));
    }
    return answer;
}

git::GateAnswer ExternalGate::failed(const git::PushInQuestion& push,
                                     const store::GatesRow& settings,
                                     const std::string& why) const {
    git::GateAnswer answer;
    const std::string told = "the project's gate gave no verdict (" + printable(why) + ")";
    if (!settings.fail_open) {
        answer.refusal = Error(Code::Unavailable,
                               told + "; try again, or ask an owner, who may set it to fail open")
                             .because(std::string(kGateUnreachable));
        return answer;
    }
    answer.lines.push_back(" !     " + told + "; it fails open, so the push goes on");
    answer.audit.push_back({.time = around_.clock.now(),
                            .type = "gate.passed_open",
                            .actor = auth::actor_of(push.permit.identity(), push.proposal.via, ""),
                            .client = push.project.owner,
                            .project = push.permit.project(),
                            .subject = push.moves.front().name.str(),
                            .details = {{"why", printable(why)}}});
    return answer;
}

Result<git::GateAnswer> ExternalGate::ask(const git::PushInQuestion& push) {
    if (push.proposal.via == git::kOperatorVia) {
        return git::GateAnswer();
    }
    std::optional<store::GatesRow> settings;
    ORIGIN_CHECK(around_.store.read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(row,
                   store::get_row<store::GatesRow>(
                       reader, store::Table::Gates, push.permit.project().view()));
        settings = row;
        return {};
    }));
    if (!settings || settings->url.empty()) {
        return git::GateAnswer();
    }
    std::string failure = "too many pushes ask it at once";
    const Turn turn(*this, push.permit.project());
    if (turn.taken()) {
        failure.clear();
        ORIGIN_TRY(answer, judge(push, *settings, failure));
        if (failure.empty()) {
            return answer;
        }
    }
    failures_.add();
    return failed(push, *settings, failure);
}

}  // namespace origin::hooks

// SPDX-License-Identifier: Apache-2.0
// The connector `git`: another repository that follows this project's refs. Each deployment
// compares all refs and pushes what differs, in one confined child process.
#include <algorithm>

#include "base/utf8.h"
#include "deploy/all_connectors.h"
#include "deploy/provider_api.h"
#include "deploy/remote_job.h"
#include "deploy/ssh_keys.h"
#include "git/serve/refs.h"
#include "git/serve/remote_url.h"
#include "hooks/deployments.h"
#include "net/resolve.h"

namespace origin::deploy {
namespace {

constexpr std::string_view kHttpUser = "x-access-token";
constexpr std::string_view kSshUser = "git";
constexpr std::string_view kPatterns = "refs/heads/* refs/tags/*";
constexpr std::size_t kPatternsMax = 20;
constexpr std::size_t kUrlBytesMax = 1024;  // It goes to the child beside the key.
constexpr std::size_t kAnswerBytesMax = 256ULL * 1024 * 1024;
constexpr std::size_t kLinesMax = 20;  // Of refs, in the log.

std::unexpected<Error> bad_setting(const std::string& why) {
    return std::unexpected(Error(Code::InvalidInput, why).because("bad_setting"));
}

std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words;
    while (!text.empty()) {
        const std::string_view word = text.substr(0, text.find_first_of(" ,"));
        if (!word.empty()) {
            words.emplace_back(word);
        }
        text.remove_prefix(std::min(text.size(), word.size() + 1));
    }
    return words;
}

Status check_patterns(std::string_view text) {
    const auto patterns = words_of(text.empty() ? kPatterns : text);
    const auto is_good = [](const std::string& one) {
        return one.starts_with("refs/") && printable(one) == one && !one.contains(':') &&
               !one.starts_with(git::kHiddenPrefix) && !one.starts_with(git::kDeploymentsPrefix);
    };
    if (patterns.empty() || patterns.size() > kPatternsMax ||
        !std::ranges::all_of(patterns, is_good)) {
        return bad_setting(
            "'settings.refs' is at most 20 full names of refs with '*', with blanks "
            "between them: 'refs/heads/* refs/tags/v*'");
    }
    return {};
}

/// The name in ssh://name@host or name@host:path.
std::string ssh_user_of(std::string_view url) {
    if (const std::size_t scheme = url.find("://"); scheme != url.npos) {
        url.remove_prefix(scheme + 3);
    }
    const std::string_view authority = url.substr(0, url.find_first_of("/:"));
    const std::size_t at = authority.find('@');
    return std::string(at == authority.npos ? kSshUser : authority.substr(0, at));
}

Result<git::RemoteUrl> url_of_target(std::string_view text) {
    auto url = git::RemoteUrl::parse(text);
    if (!url) {
        return std::unexpected(
            Error(Code::InvalidInput, "'settings.url': " + url.error().told_to_peer())
                .because("bad_setting"));
    }
    const std::size_t scheme = text.find("://");
    const std::string_view rest = scheme == text.npos ? text : text.substr(scheme + 3);
    const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
    const std::size_t at = authority.rfind('@');
    const std::string_view before = at == authority.npos ? "" : authority.substr(0, at);
    if (before.contains(':') || (url->scheme() != "ssh" && !before.empty())) {
        return bad_setting(
            "'settings.url' has a user or password in it: the user is a setting of "
            "its own, and the token is the target's secret");
    }
    if (text.size() > kUrlBytesMax) {
        return bad_setting("'settings.url' is too long");
    }
    return url;
}

/// One ref that differed, or a count.
struct Answer {
    std::string what;
    std::string name;
    std::string refusal;
};

std::vector<Answer> read_answers(std::string_view text) {
    std::vector<Answer> answers;
    while (!text.empty()) {
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        const auto take = [&] {
            const std::string_view part = line.substr(0, line.find('\t'));
            line.remove_prefix(std::min(line.size(), part.size() + 1));
            return printable(part);
        };
        Answer answer;
        answer.what = take();
        answer.name = take();
        answer.refusal = take();
        answers.push_back(std::move(answer));
    }
    return answers;
}

class GitMirror final : public Connector {
public:
    explicit GitMirror(std::vector<net::Cidr> allowed) : allowed_(std::move(allowed)) {}

    std::string_view name() const override { return hooks::kMirror; }
    bool takes_files() const override { return false; }
    bool finishes_publish() const override { return false; }  // The next push brings the rest.
    Status check(const TargetSettings& settings) const override;
    Result<UploadPlan> plan(Task& /*task*/) override { return UploadPlan(); }
    Status upload(Task& /*task*/, const std::vector<std::size_t>& /*part*/) override { return {}; }
    Status publish(Task& task) override;
    Result<Poll> poll(Task& task) override;
    Status roll_back(Task& task, const store::RemoteDeployment& earlier) override;
    void cancel(Task& /*task*/) override {}
    Status remove(Task& /*task*/) override { return {}; }  // There are no previews.

private:
    Result<RemoteJob> job_of(Task& task, const git::MirrorSource& source) const;
    Status tell(Task& task, const std::vector<Answer>& answers) const;

    std::vector<net::Cidr> allowed_;
};

Status GitMirror::check(const TargetSettings& settings) const {
    ORIGIN_CHECK(check_settings(settings,
                                {.connector = hooks::kMirror,
                                 .needed = {"url"},
                                 .others = {"user", "refs", "prune", "hostKey"},
                                 .secret = "a token that may push, or for ssh:// a private key in "
                                           "OpenSSH's form (ssh-keygen -t ed25519)"}));
    if (!settings.get("apiBase").empty()) {
        return bad_setting("the connector 'git' has no 'apiBase'");
    }
    ORIGIN_TRY(url, url_of_target(settings.get("url")));
    ORIGIN_CHECK(check_patterns(settings.get("refs")));
    const std::string_view prune = settings.get("prune");
    if (!prune.empty() && prune != "true" && prune != "false") {
        return bad_setting("'settings.prune' is true or false");
    }
    const bool is_ssh = url.scheme() == "ssh";
    if (is_ssh != !settings.get("hostKey").empty() || (is_ssh && !settings.get("user").empty())) {
        return bad_setting(is_ssh ? "a URL of ssh needs 'settings.hostKey' (ssh-keyscan -t ed25519 "
                                    "HOST), and has its user in itself"
                                  : "'settings.hostKey' is for URLs of ssh");
    }
    if (is_ssh) {
        ORIGIN_CHECK(HostKeyPin::parse(settings.get("hostKey")));
    }
    const std::string_view user = settings.get("user");
    return printable(user) == user && !user.contains(':')
               ? Status()
               : Status(bad_setting("'settings.user' is a name"));
}

Result<RemoteJob> GitMirror::job_of(Task& task, const git::MirrorSource& source) const {
    const std::string text(task.setting("url"));
    ORIGIN_TRY(url, url_of_target(text));
    const bool is_ssh = url.scheme() == "ssh";
    if (is_ssh) {
        ORIGIN_CHECK(check_private_key(task.secret().reveal()));
    }
    ORIGIN_TRY(addresses, net::resolve_outbound(url.host(), allowed_));
    const std::string_view user = task.setting("user");
    std::string patterns;
    const std::string_view wished = task.setting("refs");
    for (const std::string& pattern : words_of(wished.empty() ? kPatterns : wished)) {
        patterns += (patterns.empty() ? "" : " ") + pattern;
    }
    RemoteJob job{
        .verb = "push",
        .peer = {.host = url.host(),
                 .addresses = {},
                 .port = url.port(),
                 .user = is_ssh ? ssh_user_of(text) : std::string(user.empty() ? kHttpUser : user),
                 .host_key = std::string(task.setting("hostKey")),
                 .private_key = task.secret()},
        .words = {{"url", text},
                  {"patterns", patterns},
                  {"prune", std::string(task.setting("prune"))},
                  {"packs", source.pack_folder.string()}}};
    for (const net::Address& address : addresses) {
        job.peer.addresses.push_back(address.str());
    }
    return job;
}

/// In the deployment's log. Errors: InvalidInput `refs_refused`.
Status GitMirror::tell(Task& task, const std::vector<Answer>& answers) const {
    std::size_t told = 0;
    std::size_t moved = 0;
    std::string refusals;
    std::size_t refused = 0;
    for (const Answer& answer : answers) {
        if (answer.what == "same" || answer.what == "strays") {
            continue;
        }
        ++moved;
        const bool is_good = answer.refusal.empty();
        if (!is_good && ++refused <= 3) {
            refusals += (refusals.empty() ? "" : "; ") + answer.name + ": " + answer.refusal;
        }
        if (told < kLinesMax) {
            ++told;
            ORIGIN_CHECK(task.say(is_good ? answer.name + " " + answer.what
                                          : answer.name + " refused: " + answer.refusal));
        }
    }
    for (const Answer& answer : answers) {
        if (answer.what == "same") {
            ORIGIN_CHECK(task.say(std::to_string(moved - refused) + " refs moved, " +
                                  std::to_string(refused) + " refused, " + answer.name +
                                  " were the same"));
        } else if (answer.what == "strays" && answer.name != "0") {
            ORIGIN_CHECK(task.say(answer.name + " refs over there are not ours, and stay (setting "
                                                "prune=true removes such)"));
        }
    }
    if (refused > 0) {
        return std::unexpected(Error(Code::InvalidInput,
                                     std::to_string(refused) + " of " + std::to_string(moved) +
                                         " refs were refused: " + refusals)
                                   .because("refs_refused"));
    }
    return {};
}

Status GitMirror::publish(Task& task) {
    if (task.row().preview) {
        return std::unexpected(
            Error(Code::InvalidInput, "a mirror has no previews: it takes all refs, by one rule")
                .because("no_previews"));
    }
    task.row().remote.id = task.id().str();
    ORIGIN_TRY(folder, sandbox::WorkFolder::make());
    const std::string_view wished = task.setting("refs");
    ORIGIN_TRY(source,
               task.mirror_source(words_of(wished.empty() ? kPatterns : wished),
                                  folder.path() / "source.git"));
    std::string list;
    for (const git::PushedRef& ref : source.refs) {
        list += ref.oid.hex() + " " + ref.name + "\n";
    }
    ORIGIN_CHECK(write_text(folder.path() / "refs", list));
    if (source.left_out > 0) {
        ORIGIN_CHECK(task.say(std::to_string(source.left_out) +
                              " refs that point at no commit are left out"));
    }
    ORIGIN_TRY(job, job_of(task, source));
    ORIGIN_CHECK(run_remote_job(task, hooks::kMirror, job, folder));
    ORIGIN_TRY(text, read_text(folder.out() / "outcome", kAnswerBytesMax));
    return tell(task, read_answers(text));
}

Result<Poll> GitMirror::poll(Task& task) {
    ORIGIN_TRY(url, url_of_target(task.setting("url")));
    task.row().url = url.scheme() == "ssh" ? std::string() : url.shown();
    return Poll{.state = Poll::State::Live};
}

Status GitMirror::roll_back(Task& /*task*/, const store::RemoteDeployment& /*earlier*/) {
    return std::unexpected(
        Error(Code::InvalidInput,
              "a mirror follows the project: push the older commit to its branch here")
            .because("mirror_follows"));
}

}  // namespace

std::unique_ptr<Connector> make_git_mirror(std::vector<net::Cidr> allowed) {
    return std::make_unique<GitMirror>(std::move(allowed));
}

}  // namespace origin::deploy

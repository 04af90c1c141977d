// SPDX-License-Identifier: Apache-2.0
#include "git/odb/remote_push.h"

#include <algorithm>
#include <map>
#include <memory>

#include <git2.h>

#include "base/glob.h"
#include "base/utf8.h"
#include "git/odb/libgit2_handle.h"
#include "git/odb/libgit2_init.h"
#include "git/odb/remote_streams.h"

namespace origin::git {
namespace {

using Repo = Libgit2Handle<git_repository, git_repository_free>;
using Remote = Libgit2Handle<git_remote, git_remote_free>;

constexpr std::size_t kSaidBytesMax = 300;
constexpr std::size_t kRemoteRefsMax = 1'000'000;

/// What the callbacks of one push share.
struct Pushing {
    const RemotePush& wanted;
    std::map<std::string, std::string> answers;  // Of refs; empty: done.
    bool tried_token = false;
    bool was_refused = false;
};

int on_credentials(git_credential** out,
                   const char* /*url*/,
                   const char* /*user*/,
                   unsigned allowed,
                   void* payload) {
    Pushing& pushing = *static_cast<Pushing*>(payload);
    if ((allowed & GIT_CREDENTIAL_USERPASS_PLAINTEXT) != 0 && !pushing.tried_token) {
        pushing.tried_token = true;
        return git_credential_userpass_plaintext_new(
            out, pushing.wanted.user.c_str(), pushing.wanted.token.reveal().c_str());
    }
    pushing.was_refused = true;
    return GIT_EAUTH;
}

int on_reference(const char* name, const char* status, void* payload) {
    Pushing& pushing = *static_cast<Pushing*>(payload);
    const std::string said = status == nullptr ? std::string() : std::string(status);
    pushing.answers[name] = printable(said.substr(0, kSaidBytesMax));
    return 0;
}

std::unexpected<Error> refuse(Code code, std::string reason, const std::string& what) {
    return std::unexpected(Error(code, what).because(std::move(reason)));
}

std::unexpected<Error> failed(const Pushing& pushing, int code) {
    if (const Error* road = road_failure()) {
        return std::unexpected(*road);
    }
    const git_error* last = git_error_last();
    const std::string why =
        last == nullptr ? "no message"
                        : printable(std::string_view(last->message).substr(0, kSaidBytesMax));
    const auto says = [&](std::string_view words) {
        return why.contains(words);
    };
    if (pushing.was_refused || code == GIT_EAUTH || says("status code: 401")) {
        return refuse(Code::Unauthenticated,
                      "remote_refuses_token",
                      "the server does not take the target's secret");
    }
    if (code == GIT_ECERTIFICATE || says("certificate")) {
        return refuse(Code::InvalidInput,
                      "bad_certificate",
                      "the server's certificate is not to be trusted: " + why);
    }
    if (says("status code: 403")) {
        return refuse(Code::Forbidden, "remote_forbids", "the server forbids the push: " + why);
    }
    if (says("status code: 4") || says("status code: 3") || says("redirect")) {
        return refuse(Code::InvalidInput,
                      "remote_has_none",
                      "the server has no such repository for this secret: " + why);
    }
    return refuse(Code::Unavailable, "remote_unreachable", "the push broke off: " + why);
}

Oid oid_of(const git_oid& id) {
    return *Oid::from_raw({reinterpret_cast<const char*>(id.id), GIT_OID_RAWSZ});
}

using RemoteRefs = std::map<std::string, Oid>;

Result<RemoteRefs> list(git_remote* remote, const Pushing& pushing) {
    const git_remote_head** heads = nullptr;
    std::size_t count = 0;
    if (const int code = git_remote_ls(&heads, &count, remote); code != 0) {
        return failed(pushing, code);
    }
    RemoteRefs refs;
    for (std::size_t i = 0; i < std::min(count, kRemoteRefsMax); ++i) {
        refs.emplace(heads[i]->name, oid_of(heads[i]->oid));
    }
    return refs;
}

struct Plan {
    std::vector<std::string> specs;
    RemotePushed outcome;  // Without the server's answers.
};

Plan plan_of(const RemotePush& wanted, const RemoteRefs& theirs) {
    Plan plan;
    std::map<std::string_view, const PushedRef*> ours;
    for (const PushedRef& ref : wanted.refs) {
        ours.emplace(ref.name, &ref);
        const auto there = theirs.find(ref.name);
        if (there != theirs.end() && there->second == ref.oid) {
            ++plan.outcome.same;
            continue;
        }
        plan.specs.push_back("+" + ref.name + ":" + ref.name);
        plan.outcome.refs.push_back({ref.name, there == theirs.end() ? "created" : "updated", {}});
    }
    for (const auto& [name, oid] : theirs) {
        const bool concerns = std::ranges::any_of(
            wanted.patterns, [&](const std::string& one) { return glob_matches(one, name); });
        if (!concerns || ours.contains(name) || name.ends_with("^{}")) {
            continue;
        }
        if (wanted.prune) {
            plan.specs.push_back(":" + name);
            plan.outcome.refs.push_back({name, "deleted", {}});
        } else {
            ++plan.outcome.strays;
        }
    }
    return plan;
}

int upload(git_remote* remote, std::vector<std::string>& specs, const git_push_options& options) {
    std::vector<char*> pointers;
    for (std::string& spec : specs) {
        pointers.push_back(spec.data());
    }
    const git_strarray list{pointers.data(), pointers.size()};
    return git_remote_upload(remote, &list, &options);
}

}  // namespace

Result<RemotePushed> push_to_remote(const RemotePush& wanted) {
    use_libgit2();
    Pushing pushing{.wanted = wanted, .answers = {}};
    git_repository* made_repo = nullptr;
    constexpr unsigned kFlags = GIT_REPOSITORY_OPEN_NO_SEARCH | GIT_REPOSITORY_OPEN_BARE;
    if (git_repository_open_ext(&made_repo, wanted.repository.c_str(), kFlags, nullptr) != 0) {
        return failed(pushing, 0);
    }
    const Repo repo(made_repo);
    git_remote* made_remote = nullptr;
    if (git_remote_create_anonymous(&made_remote, made_repo, wanted.url.c_str()) != 0) {
        return failed(pushing, 0);
    }
    const Remote remote(made_remote);
    git_push_options options{};
    git_push_options_init(&options, GIT_PUSH_OPTIONS_VERSION);
    options.follow_redirects = GIT_REMOTE_REDIRECT_NONE;
    options.proxy_opts.type = GIT_PROXY_NONE;
    options.callbacks.credentials = on_credentials;
    options.callbacks.push_update_reference = on_reference;
    options.callbacks.payload = &pushing;
    if (const int code = git_remote_connect(
            made_remote, GIT_DIRECTION_PUSH, &options.callbacks, &options.proxy_opts, nullptr);
        code != 0) {
        return failed(pushing, code);
    }
    ORIGIN_TRY(theirs, list(made_remote, pushing));
    Plan plan = plan_of(wanted, theirs);
    if (plan.specs.empty()) {
        return std::move(plan.outcome);
    }
    if (const int code = upload(made_remote, plan.specs, options); code != 0) {
        return failed(pushing, code);
    }
    for (RemoteOutcome& ref : plan.outcome.refs) {
        const auto answer = pushing.answers.find(ref.name);
        ref.refusal =
            answer == pushing.answers.end() ? "the server said nothing about it" : answer->second;
    }
    return std::move(plan.outcome);
}

}  // namespace origin::git

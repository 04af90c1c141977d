// SPDX-License-Identifier: Apache-2.0
#include "git/odb/remote_clone.h"

#include <array>
#include <memory>

#include <git2.h>

#include "base/limits.h"
#include "base/utf8.h"
#include "git/odb/libgit2_handle.h"
#include "git/odb/libgit2_init.h"

namespace origin::git {
namespace {

using Repo = Libgit2Handle<git_repository, git_repository_free>;
using Remote = Libgit2Handle<git_remote, git_remote_free>;

/// What the callbacks of one fetch share.
struct Fetching {
    const RemoteClone& wanted;
    bool is_too_large = false;
    bool wants_password = false;
    bool tried_agent = false;
    bool tried_key = false;
    unsigned told_percent = 0;
};

int on_transfer(const git_indexer_progress* now, void* payload) {
    Fetching& fetching = *static_cast<Fetching*>(payload);
    fetching.is_too_large =
        now->received_bytes > kPackBytesMax || now->total_objects > kPackObjectsMax;
    if (fetching.is_too_large) {
        return GIT_EUSER;
    }
    constexpr unsigned kStep = 10;
    constexpr unsigned kWorthTelling = 1000;
    constexpr std::uint64_t kWhole = 100;
    const unsigned percent =
        now->total_objects == 0
            ? 0
            : static_cast<unsigned>(kWhole * now->received_objects / now->total_objects);
    if (now->total_objects >= kWorthTelling && percent >= fetching.told_percent + kStep &&
        fetching.wanted.progress) {
        fetching.told_percent = percent;
        fetching.wanted.progress("received " + std::to_string(percent) + "% of " +
                                 std::to_string(now->total_objects) + " objects, " +
                                 std::to_string(now->received_bytes / kMiB) + " MiB");
    }
    return 0;
}

/// SSH: the key file, then the agent; each once. HTTP: only what the URL itself holds, which
/// libgit2 has tried before it asks.
int on_credentials(
    git_credential** out, const char* /*url*/, const char* user, unsigned allowed, void* payload) {
    Fetching& fetching = *static_cast<Fetching*>(payload);
    const char* name = user == nullptr ? "git" : user;
    if ((allowed & GIT_CREDENTIAL_USERNAME) != 0) {
        return git_credential_username_new(out, name);
    }
    const std::filesystem::path& key = fetching.wanted.ssh_key;
    if ((allowed & GIT_CREDENTIAL_SSH_KEY) != 0 && !fetching.tried_key && !key.empty()) {
        fetching.tried_key = true;
        return git_credential_ssh_key_new(
            out, name, (key.string() + ".pub").c_str(), key.c_str(), "");
    }
    if ((allowed & GIT_CREDENTIAL_SSH_KEY) != 0 && fetching.wanted.ssh_agent &&
        !fetching.tried_agent) {
        fetching.tried_agent = true;
        return git_credential_ssh_key_from_agent(out, name);
    }
    fetching.wants_password = true;
    return GIT_EAUTH;
}

std::unexpected<Error> failed(const Fetching& fetching) {
    const git_error* last = git_error_last();
    const std::string why = last != nullptr ? printable(last->message) : "no message";
    if (fetching.is_too_large) {
        return std::unexpected(
            Error(Code::LimitExceeded, "the repository is larger than a project may be")
                .because("too_large"));
    }
    if (fetching.wants_password) {
        return std::unexpected(
            Error(Code::Unavailable,
                  "the other server wants credentials that were not given, or did not take them. "
                  "HTTPS: put user and token in the URL. SSH: the agent's keys, or --ssh-key; "
                  "libssh2 1.10 has no rsa-sha2, so use an ed25519 key")
                .because("clone_failed"));
    }
    return std::unexpected(
        Error(Code::Unavailable, "the other repository cannot be fetched: " + why)
            .because("clone_failed"));
}

/// HEAD as the other server has it; the default branch of the clone.
void copy_head(git_repository* repo, git_remote* remote) {
    git_buf name = GIT_BUF_INIT;
    if (git_remote_default_branch(&name, remote) == 0) {
        git_repository_set_head(repo, name.ptr);
    }
    git_buf_dispose(&name);
}

}  // namespace

Status clone_remote(const RemoteClone& wanted) {
    use_libgit2();
    Fetching fetching{.wanted = wanted};
    git_repository* made_repo = nullptr;
    if (git_repository_init(&made_repo, wanted.folder.c_str(), 1) != 0) {
        return failed(fetching);
    }
    const Repo repo(made_repo);
    git_remote* made_remote = nullptr;
    if (git_remote_create_anonymous(&made_remote, made_repo, wanted.url.c_str()) != 0) {
        return failed(fetching);
    }
    const Remote remote(made_remote);
    git_fetch_options options{};
    git_fetch_options_init(&options, GIT_FETCH_OPTIONS_VERSION);
    options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;  // The refspecs name them all.
    options.update_fetchhead = 0;
    options.follow_redirects = GIT_REMOTE_REDIRECT_NONE;
    options.proxy_opts.type = GIT_PROXY_NONE;
    options.callbacks.transfer_progress = on_transfer;
    options.callbacks.credentials = on_credentials;
    options.callbacks.payload = &fetching;
    std::string heads = "+refs/heads/*:refs/heads/*";
    std::string tags = "+refs/tags/*:refs/tags/*";
    std::string notes = "+refs/notes/*:refs/notes/*";
    std::array<char*, 3> specs{heads.data(), tags.data(), notes.data()};
    const git_strarray refspecs{specs.data(), specs.size()};
    if (git_remote_fetch(made_remote, &refspecs, &options, nullptr) != 0) {
        return failed(fetching);
    }
    copy_head(made_repo, made_remote);
    return {};
}

}  // namespace origin::git

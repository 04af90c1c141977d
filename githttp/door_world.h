// SPDX-License-Identifier: Apache-2.0
// githttp/door_world: for tests only: a whole server without sockets: a store in memory, real packs
// in a temporary folder, clients, keys and projects, and requests as plain calls.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "auth/gatekeeper.h"
#include "auth/preview_link.h"
#include "auth/urls.h"
#include "git/odb/objects.h"
#include "git/serve/catalogue.h"
#include "git/serve/push.h"
#include "git/serve/receive_pack.h"
#include "git/serve/storage.h"
#include "git/serve/upload_pack.h"
#include "githttp/front.h"
#include "store/memory_store.h"
#include "store/rows/deploy.h"

namespace origin::githttp::test {

/// Stands still until it is moved.
class StillClock final : public Clock {
public:
    UnixMillis now() const override { return now_; }
    std::chrono::steady_clock::time_point steady() const override {
        return std::chrono::steady_clock::time_point(Milliseconds(now_));
    }
    void advance(Milliseconds by) { now_ += by.count(); }

private:
    UnixMillis now_ = 1'800'000'000'000;
};

/// Answers 200 "api" to everything and remembers the last path.
class ApiStub final : public net::Handler {
public:
    net::Begun begin(const net::RequestHead& head) override {
        path = head.path;
        net::Response response;
        response.body = "api";
        return response;
    }
    std::string path;
};

struct TreeFile {
    std::string content;
    std::uint32_t mode = git::kModeFile;
};
/// Path -> file. A gitlink's content is 40 hex digits.
using Files = std::map<std::string, TreeFile>;

/// An answer with its stream read to the end.
struct Answered {
    int status = 0;
    std::vector<net::Header> headers;
    std::string body;
    bool cut_off = false;  // The stream ended with an Error.

    std::string header(std::string_view name) const;
    std::vector<std::string> header_names() const;
};

struct Ask {
    std::string method = "GET";
    std::string target = "/";
    std::string host = "git.example.org";
    std::vector<net::Header> headers = {};
    std::string body = {};
    std::size_t piece = 1000;  // The body is fed in pieces of this size.
    bool local_operator = false;
    std::string peer = "192.0.2.1";
};

class DoorWorld {
public:
    explicit DoorWorld(const std::string& public_url = "https://git.example.org",
                       const std::string& sites_domain = "sites.example.net",
                       const auth::Rates& rates = {});
    DoorWorld(const DoorWorld&) = delete;
    DoorWorld& operator=(const DoorWorld&) = delete;
    ~DoorWorld();

    /// As a connection does: what is at hand is answered at once.
    Answered ask(const Ask& request);
    /// A fetch whose client goes away: with part of its body sent, or after so many steps of the
    /// answer.
    void break_off(const Ask& request, std::size_t steps);
    Answered get(std::string host, std::string target, std::vector<net::Header> headers = {}) {
        return ask(
            {.target = std::move(target), .host = std::move(host), .headers = std::move(headers)});
    }

    ClientId add_client(const std::string& slug, bool admin = false);
    std::string add_key(const ClientId& client,
                        std::vector<std::string> scopes,
                        UnixMillis expires_at = 0);
    ProjectId add_project(const ClientId& owner, const std::string& slug);
    void delete_project(const ProjectId& project);

    /// A commit of exactly these files on top of the ref's tip; the ref moves to it.
    Oid commit(const ProjectId& project,
               const std::string& ref,
               const Files& files,
               std::optional<RunId> run = {});
    /// A commit of a project that is not there yet, and its pack.
    struct Packed {
        Oid commit;
        std::string pack;
    };
    Packed packed_commit(const Files& files);
    void delete_ref(const ProjectId& project, const std::string& ref, const Oid& tip);
    Oid tip(const ProjectId& project, const std::string& ref);
    std::optional<git::FoundProject> find(const std::string& name);

    struct Way {
        std::string connector = "local";
        std::string publish_root = "";
        std::map<std::string, std::string> settings = {};
        std::string secret = "";
    };
    /// Makes `commit` the live deployment of a target, which is made if it is missing.
    DeploymentId deploy(const ProjectId& project,
                        const std::string& target,
                        const Oid& commit,
                        const Way& way);
    DeploymentId deploy(const ProjectId& project, const std::string& target, const Oid& commit) {
        return deploy(project, target, commit, Way());
    }

    std::size_t at_once_answers = 0;  // So many of the answers needed no worker.
    /// As the operator does; the target's settings must name it too.
    void add_host(const std::string& host, const ProjectId& project, const std::string& target);

    StillClock clock;
    SystemRandom random;
    Metrics metrics;
    auth::RateLimits limits;
    ApiStub api;
    auth::Urls urls;
    auth::PreviewLinks links{Secret("a key that lasts")};

private:
    auth::Permit writer_of(const ProjectId& project);
    Oid add_tree(git::PackBuilder& builder, const Files& files, const std::string& folder);
    Oid add_commit(git::PackBuilder& builder, const Files& files, const Oid& parent);

    std::filesystem::path folder_;
    std::unique_ptr<store::Store> store_ = store::make_memory_store();
    git::Storage storage_;
    auth::Gatekeeper gatekeeper_;
    git::Admission admission_;
    git::PushService pushes_;
    git::UploadPack upload_pack_;
    git::ReceivePack receive_pack_;
    GitDoor git_;
    Sites sites_;
    Front front_;
};

net::Header basic(std::string_view user, std::string_view password);
net::Header bearer(std::string_view key);

}  // namespace origin::githttp::test

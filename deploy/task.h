// SPDX-License-Identifier: Apache-2.0
// deploy/task: one deployment while it is worked on: what it is to deploy, what is remembered of
// it.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/urls.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "base/random.h"
#include "deploy/digests.h"
#include "deploy/pace.h"
#include "deploy/site_files.h"
#include "deploy/together.h"
#include "git/serve/mirror.h"
#include "git/serve/storage.h"
#include "net/http_client.h"
#include "store/jobs.h"
#include "store/rows/deploy.h"
#include "store/store.h"

namespace origin::deploy {

inline constexpr std::chrono::hours kDeployDelayMax{1};  // The longest without a look at it.

/// What a target says to its connector.
struct TargetSettings {
    const std::map<std::string, std::string>& settings;
    bool has_secret = false;
    bool allow_api_base = false;  // The operator lets `apiBase` name another host.

    /// Empty: not set.
    std::string_view get(std::string_view name) const {
        const auto found = settings.find(std::string(name));
        return found == settings.end() ? std::string_view() : std::string_view(found->second);
    }
};

class Task {
public:
    struct Around {
        store::Store& store;
        git::Storage& storage;
        const Clock& clock;     ///< For people.
        const Clock& schedule;  ///< For waits: a SteadiedClock.
        const std::atomic<bool>& stopping;
        const auth::Urls& urls;
        Pace& pace;
        Random& random;
    };
    struct Subject {
        store::Job job;  // As claimed: what is saved needs its lease.
        ProjectId project;
        DeploymentId id;
        store::TargetRow target;
        store::DeploymentRow row;
        Secret secret;
    };
    Task(Around around, Subject subject) : around_(around), subject_(std::move(subject)) {}

    const ProjectId& project() const { return subject_.project; }
    const DeploymentId& id() const { return subject_.id; }
    const Secret& secret() const { return subject_.secret; }
    std::string_view setting(std::string_view name) const {
        return TargetSettings{subject_.target.settings}.get(name);
    }
    const std::map<std::string, std::string>& settings() const { return subject_.target.settings; }
    /// The connector may change `remote` and `url`, and call save().
    store::DeploymentRow& row() { return subject_.row; }

    /// The project's objects, as they were when first asked for.
    Result<git::ObjectStoreRef> objects();
    /// The commit that holds what the build of the task's commit left; nullopt: it was not built.
    Result<std::optional<Oid>> built();
    /// Forgets what was read: there is more now.
    Status look_again();
    /// Of what was built, if it was; else of the commit's publish root.
    /// Blocks, the first time: reads the tree. Errors: those of list_site().
    Result<const SiteFiles*> site();
    enum class Names : std::uint8_t { Sha1, Assets };
    /// Of every file of the site; with Assets also the asset hash for its extension.
    /// Errors: also InvalidInput `lfs_pointer`.
    /// Blocks, the first time: reads blobs that were never deployed.
    Result<const Digests*> digests(Names names = Names::Sha1);
    Result<std::string> read(const SiteFile& file);
    /// See git/serve/mirror.
    Result<git::MirrorSource> mirror_source(const std::vector<std::string>& patterns,
                                            const std::filesystem::path& folder);
    /// The first line of the commit's message, at most 200 bytes.
    Result<std::string> subject_line();

    /// Stores the row as it is. Errors, of all that store it: Conflict `lease_lost`: somebody else
    /// does this now; `cancel_asked`: somebody ended it meanwhile.
    Status save();
    /// The same with a line for people in its log.
    Status say(std::string line);
    Status move(store::DeploymentState state, std::string line);
    /// The provider answered: tries are counted anew. Stores it, and for what it waits, if that is
    /// news.
    Status went_well(const std::string& waiting);
    /// See deploy/releases.
    Status go_live();
    /// See deploy/together; GoLive lets it go live. Of one that goes alone: GoLive.
    Result<Standing> stage();
    bool goes_together() const { return !subject_.row.together.empty(); }
    bool may_go_live() const { return !ends_early_ && (!goes_together() || subject_.row.released); }
    const store::HealthCheck& health() const { return subject_.target.health; }
    struct HealthNews {
        store::Health health = store::Health::Checking;  // Checking: looked at again after `wait`.
        std::string text;
        Milliseconds wait{0};
        std::optional<DeploymentId> back;  // Of the rollback, if one is wanted.
    };
    /// Writes down what a look came to, unless something else is live by now; with `back` the
    /// release before it is put back, if there is one.
    Status tell_health(const HealthNews& news);

    /// The next try comes after this; the provider said so.
    void hold_off(Milliseconds time) { hold_off_ = time; }
    Milliseconds held_off() const { return hold_off_; }
    UnixMillis now() const { return around_.clock.now(); }
    /// Its connection to the provider.
    net::HttpSession& session() { return session_; }
    /// Errors: Unavailable `stopping`: the server is about to stop; Conflict `cancel_asked`.
    Status check_time() const;
    /// publish() begins, and is remembered; who asks for the deployment's end from now on waits
    /// until it ends. Errors: `cancel_asked`: somebody did before.
    Status begin_publish();
    bool publish_begun() const {
        return subject_.row.remote.notes.contains(std::string(kPublishing));
    }
    /// Of a rollback: the provider has what it goes back to no more, so it is sent again.
    void send_again();
    bool is_sent_again() const { return subject_.row.remote.notes.contains(std::string(kGone)); }
    /// It is to end before it is live, if that can still be: check_time() says no more that
    /// somebody asked for it.
    void end_early() { ends_early_ = true; }
    /// One more of what the provider limits. Errors: Unavailable `provider_paced`: not now; held
    /// off until then.
    Status pace(const PaceLimit& limit);
    /// What the connector remembers for this try alone, and nobody stores: tokens of a session.
    std::map<std::string, std::string>& kept() { return kept_; }

private:
    static constexpr std::string_view kPublishing = "publishing";
    static constexpr std::string_view kGone = "gone";
    Status write(const std::function<Status(store::Writer&)>& fn);
    /// Errors: Conflict `cancel_asked`, unless it is being published or ended.
    Status check_wanted(store::Reader& reader) const;
    Status keep_together(store::Writer& writer) const;

    Around around_;
    Subject subject_;
    git::ObjectStoreRef objects_;
    std::optional<SiteFiles> site_;
    std::optional<Digests> digests_;
    bool has_assets_ = false;
    bool is_publishing_ = false;
    bool ends_early_ = false;
    std::map<std::string, std::string> kept_;
    Milliseconds hold_off_{0};
    net::HttpSession session_;
};

}  // namespace origin::deploy

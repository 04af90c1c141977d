// SPDX-License-Identifier: Apache-2.0
// deploy/worker: does deploy jobs: one job a target, so that its deployments go one after another.
//
// What is open on a target, by push: of those that wait, only the newest of each ref is done, the
// others become `superseded`. What has begun is brought to its end first, unless it failed and
// something newer waits: then, and if somebody cancels it, it ends early, if it is not live by
// then. A `local` deployment is one transaction; any other goes queued -> uploading -> processing
// -> live by the calls of its connector, and what is remembered between two calls is in its row:
// docs/decisions/0014.
#pragma once

#include <atomic>

#include "auth/urls.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "deploy/builds.h"
#include "deploy/connectors.h"
#include "deploy/turn.h"
#include "git/serve/storage.h"
#include "store/jobs.h"
#include "store/store.h"

namespace origin::deploy {

inline constexpr std::uint32_t kDeployTriesMax = 8;  // Of one state, in a row.
inline constexpr std::chrono::minutes kDeployBackOffMax{5};
inline constexpr std::chrono::hours kUploadTimeMax{2};
inline constexpr std::chrono::minutes kProcessingTimeMax{45};

/// What is said of a preview whose branch is gone, and that stays at its provider.
inline constexpr std::string_view kNotRemoved = "its branch was deleted, but it is not removed: ";

/// Thread-safe.
class DeployWorker {
public:
    struct Around {
        store::Store& store;
        git::Storage& storage;
        const auth::Urls& urls;
        const Clock& clock;
        const Clock& schedule;  ///< As the job runner's.
        Random& random;
        Log& log;
        const Connectors& connectors;
        const net::HttpClient& client;  ///< For health checks.
        Secret master_key;
        Builds* builds = nullptr;  ///< Null: what the tree says of builds is not looked at.
    };
    explicit DeployWorker(Around around) : around_(std::move(around)), pace_(around_.schedule) {}

    /// Does what is open on the job's target, as far as it goes now; the job is then complete or
    /// put off. Errors: those of the store; whoever lost the lease changes nothing.
    Status work(const store::Job& job);
    /// Lets a deployment under way end at its next call; the next start goes on with it.
    void stop() { stopping_ = true; }

private:
    struct Next;
    Status choose(store::Writer& writer, const store::Job& job, Next& next) const;
    /// These return: when to go on; zero: at once.
    Result<Milliseconds> show_here(store::Writer& writer,
                                   const ProjectId& project,
                                   Turn one,
                                   UnixMillis now) const;
    Result<Milliseconds> bring_on(const store::Job& job, Next next) const;
    Result<Milliseconds> advance(Task& task, Connector& connector) const;
    Result<Milliseconds> build(Task& task) const;
    Result<Milliseconds> prepare_here(Task& task) const;
    Result<bool> restore(Task& task, Connector& connector) const;
    Result<Milliseconds> end(Task& task, const Ending& ending) const;
    Result<Milliseconds> end_early(Task& task, Connector& connector, const Ending& ending) const;
    Result<Poll> look_again(Task& task, Connector& connector) const;
    bool lacks_connector(const store::TargetRow& target, const store::DeploymentRow& row) const;
    bool is_overdue(const store::DeploymentRow& row, Milliseconds grace = {}) const;
    Result<Milliseconds> look_after(Task& task, const store::HealthCheck& check) const;
    Result<Milliseconds> step(Task& task, Connector& connector) const;
    Result<Milliseconds> wait_staged(Task& task, const std::string& look) const;
    Result<Milliseconds> after(Task& task, Connector* connector, const Error& error) const;

    Around around_;
    UnixMillis begun_ = around_.schedule.now();  // This life of the server.
    mutable Pace pace_;
    std::atomic<bool> stopping_{false};
};

}  // namespace origin::deploy

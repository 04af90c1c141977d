// SPDX-License-Identifier: Apache-2.0
#include "deploy/worker.h"

#include <algorithm>

#include "deploy/health.h"
#include "deploy/local_site.h"
#include "deploy/releases.h"
#include "deploy/together.h"
#include "deploy/upload.h"
#include "git/serve/catalogue.h"
#include "hooks/deployment_orders.h"
#include "hooks/deployments.h"
#include "hooks/target_secret.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::deploy {
namespace {

using store::DeploymentRow;
using store::DeploymentState;
using store::Table;
using store::TargetRow;
using store::Writer;

constexpr std::size_t kPerTransactionMax = 50;
constexpr std::string_view kNotRemoved = "its branch was deleted, but it is not removed: ";

Status fail(Writer& writer, const ProjectId& project, Turn one, std::string why, UnixMillis now) {
    if (one.row.unwanted) {
        one.row.unwanted = false;
        one.row.state = DeploymentState::Superseded;
        return hooks::move_deployment(
            writer, project, one.id, one.row, {now, std::string(kNotRemoved) + why});
    }
    one.row.state = DeploymentState::Failed;
    one.row.error = std::move(why);
    return hooks::move_deployment(writer, project, one.id, one.row, {now, one.row.error});
}

/// A preview whose branch is gone, once nobody shows it any more.
Status drop(Writer& writer, const ProjectId& project, Turn one, UnixMillis now) {
    one.row.state = DeploymentState::Superseded;
    one.row.unwanted = false;
    return hooks::move_deployment(
        writer, project, one.id, one.row, {now, "its branch was deleted: the preview is removed"});
}

Result<bool> any_cancel_asked(store::Reader& reader, const hooks::DeploySubject& subject) {
    ORIGIN_TRY(open, hooks::open_deployments(reader, subject.project, subject.target));
    for (const DeploymentId& id : open) {
        ORIGIN_TRY(asked, hooks::cancel_asked(reader, subject.project, subject.target, id));
        if (asked) {
            return true;
        }
    }
    return false;
}

Milliseconds back_off(std::uint32_t failures, Random& random) {
    const auto most = std::chrono::duration_cast<Milliseconds>(kDeployBackOffMax);
    const Milliseconds base =
        std::min(most, Milliseconds(1000LL << std::min<std::uint32_t>(failures, 12)));
    const auto byte = static_cast<unsigned char>(random_bytes(random, 1).front());
    return base / 2 + base * byte / 512;  // Between a half and a whole.
}

Milliseconds time_max(DeploymentState state) {
    return state == DeploymentState::Processing ? Milliseconds(kProcessingTimeMax)
                                                : Milliseconds(kUploadTimeMax);
}

void add_notes(DeploymentRow& row, const LocalNotes& notes, UnixMillis now) {
    if (notes.commit == row.commit) {
        for (const std::string& line : notes.lines) {
            row.log.push_back({now, line});
        }
    }
}

/// Where a `local` one will be, and what people are told of it.
void describe(DeploymentRow& row,
              const auth::Urls& urls,
              std::string_view site,
              const LocalNotes& notes,
              UnixMillis now) {
    row.url = row.preview ? urls.site_with_label(site, auth::commit_label(row.commit))
                          : live_url(urls, site, row.target);
    if (!row.staged) {
        add_notes(row, notes, now);
    }
}

/// Nothing is open on the target.
Status end_job(Writer& writer, const store::Job& job, const std::string& target_key) {
    ORIGIN_TRY(target, store::need_row<TargetRow>(writer, Table::Targets, target_key, "no target"));
    target.job.reset();
    ORIGIN_CHECK(store::put_row(writer, Table::Targets, target_key, target));
    return store::complete(writer, job);
}

/// Who asked for its end while it was worked on could not rouse the job. `heard`: it is about that
/// already.
Status put_off(Writer& writer,
               const store::Job& job,
               const hooks::DeploySubject& subject,
               UnixMillis again,
               bool heard) {
    ORIGIN_TRY(cancelled, heard ? Result<bool>(false) : any_cancel_asked(writer, subject));
    return store::retry_at(writer, job, cancelled ? store::kAtOnce : again);
}

bool is_temporary(const Error& error) {
    return error.code() == Code::Unavailable || error.code() == Code::Timeout;
}

}  // namespace

/// What becomes of one that is to end before it is live.
struct DeployWorker::Ending {
    DeploymentState state = DeploymentState::Cancelled;
    std::string text;

    static std::optional<Ending> of(const Turn& one) {
        if (store::is_settled(one.row.state)) {
            return std::nullopt;
        }
        if (one.cancel) {
            return Ending{DeploymentState::Cancelled, "cancelled"};
        }
        return one.newer
                   ? std::optional(Ending{DeploymentState::Superseded,
                                          "a newer one is deployed instead: " + one.newer->str()})
                   : std::nullopt;
    }
};

/// What is to be done outside the transaction.
struct DeployWorker::Next {
    hooks::DeploySubject subject;
    std::optional<Turn> one;
    TargetRow target;
    bool more = false;     // Call choose() again.
    Milliseconds wait{0};  // Before that.
    LocalNotes notes = {};
    /// A `local` one of which is known that nothing is to be built before it goes live.
    std::optional<DeploymentId> ready = {};
};

Status DeployWorker::choose(Writer& writer, const store::Job& job, Next& next) const {
    ORIGIN_CHECK(store::check_lease(writer, job));
    const ProjectId& project = next.subject.project;
    const std::string key = store::target_key(project, next.subject.target);
    ORIGIN_TRY(target, store::get_row<TargetRow>(writer, Table::Targets, key));
    const auto there = git::need_project(writer, project);
    if (!target || (!there && there.error().code() == Code::NotFound)) {
        return store::complete(writer, job);  // Deleted meanwhile: there is nothing left to do.
    }
    ORIGIN_CHECK(there);
    const UnixMillis now = around_.clock.now();
    const bool is_whole = target->connector == hooks::kMirror;
    for (std::size_t i = 0; i < kPerTransactionMax; ++i) {
        ORIGIN_TRY(front, next_turn(writer, next.subject, is_whole, now));
        if (!front) {
            return end_job(writer, job, key);
        }
        const bool is_local = target->connector == kLocal;
        const bool is_ready = (around_.builds == nullptr || next.ready == front->id) &&
                              !store::is_settled(front->row.state) && !Ending::of(*front);
        const bool is_queued = front->row.state == DeploymentState::Queued;
        ORIGIN_TRY(outdated,
                   is_queued && !is_local && !is_whole ? is_outdated(writer, project, front->row)
                                                       : Result<bool>(false));
        if (outdated) {
            ORIGIN_CHECK(pass_over(writer, project, front->id, front->row, now));
        } else if (is_local && is_ready) {
            describe(front->row, around_.urls, there->site, next.notes, now);
            ORIGIN_TRY(wait, show_here(writer, project, std::move(*front), now));
            if (wait.count() > 0) {
                next.wait = wait;
                return {};
            }
        } else if (is_local && front->row.unwanted) {
            ORIGIN_CHECK(drop(writer, project, *front, now));
        } else if (!is_local && around_.connectors.find(target->connector) == nullptr &&
                   (front->row.state != DeploymentState::Live || front->row.unwanted)) {
            ORIGIN_CHECK(fail(writer,
                              project,
                              *front,
                              "this server has no connector '" + target->connector + "'",
                              now));
        } else {
            next.one = std::move(front);
            next.target = std::move(*target);
            return {};
        }
    }
    next.more = true;
    return {};
}

/// A `local` one goes live, or waits for others. Returns: zero: it is settled.
Result<Milliseconds> DeployWorker::show_here(Writer& writer,
                                             const ProjectId& project,
                                             Turn one,
                                             UnixMillis now) const {
    const FlipBack with{around_.urls, around_.clock, around_.random};
    DeploymentRow& row = one.row;
    if (row.together.empty()) {
        ORIGIN_CHECK(go_live(writer, project, one.id, row, now));
        return Milliseconds(0);
    }
    ORIGIN_TRY(standing, stage(writer, project, one.id, row, now));
    if (standing.verdict == Standing::Verdict::Wait) {
        if (row.state != DeploymentState::Processing) {
            row.state = DeploymentState::Processing;
            ORIGIN_CHECK(hooks::put_moved(writer, project, one.id, row));
        }
        return Milliseconds(kTogetherWait);
    }
    if (standing.verdict == Standing::Verdict::GoLive) {
        ORIGIN_CHECK(go_live(writer, project, one.id, row, now));
    } else {
        row.state = standing.end;
        row.url.clear();
        row.error = row.state == DeploymentState::Superseded ? "" : standing.text;
        ORIGIN_CHECK(hooks::move_deployment(writer, project, one.id, row, {now, standing.text}));
    }
    ORIGIN_CHECK(keep_together(writer, project, one.id, with));
    return Milliseconds(0);
}

Status DeployWorker::work(const store::Job& job) {
    ORIGIN_TRY(subject, hooks::read_deploy_subject(job.subject));
    std::optional<DeploymentId> ready;
    while (true) {
        Next next;
        const LocalNotes notes = local_notes(around_.store, around_.storage, subject);
        ORIGIN_CHECK(around_.store.write([&](Writer& writer) -> Status {
            next =
                Next{.subject = subject, .one = {}, .target = {}, .notes = notes, .ready = ready};
            return choose(writer, job, next);
        }));
        if (!next.one && !next.more && next.wait.count() == 0) {
            return {};
        }
        Milliseconds wait = next.wait;
        ready = next.one ? std::optional(next.one->id) : std::nullopt;
        const bool heard = next.one && Ending::of(*next.one);
        if (next.one) {
            ORIGIN_TRY(asked, bring_on(job, std::move(next)));
            wait = asked;
        }
        if (wait.count() > 0 || stopping_) {
            const UnixMillis again = around_.schedule.now() + wait.count();
            return around_.store.write(
                [&](Writer& writer) { return put_off(writer, job, subject, again, heard); });
        }
    }
}

Result<Milliseconds> DeployWorker::bring_on(const store::Job& job, Next next) const {
    const auto secret = hooks::open_target_secret(
        around_.master_key, next.subject.project, next.subject.target, next.target.sealed_secret);
    Connector* connector = around_.connectors.find(next.target.connector);
    const auto ending = Ending::of(*next.one);
    const store::HealthCheck health = next.target.health;
    Task task({around_.store,
               around_.storage,
               around_.clock,
               around_.schedule,
               stopping_,
               around_.urls,
               pace_,
               around_.random},
              {job,
               next.subject.project,
               next.one->id,
               std::move(next.target),
               std::move(next.one->row),
               Secret(secret.value_or(""))});
    if (task.row().state == DeploymentState::Live && !task.row().unwanted) {
        return look_after(task, health);
    }
    if (!secret) {
        return after(task,
                     nullptr,
                     Error(Code::InvalidInput,
                           "the target's secret does not open with this server's master key: set "
                           "it again"));
    }
    if (ending) {
        return connector == nullptr ? end(task, *ending) : end_early(task, *connector, *ending);
    }
    return connector == nullptr ? prepare_here(task) : advance(task, *connector);
}

/// Builds the commit, if it is to be built. Returns: zero: what is to be deployed is there.
Result<Milliseconds> DeployWorker::build(Task& task) const {
    if (around_.builds == nullptr || task.row().staged) {
        return Milliseconds(0);
    }
    if (task.row().state == DeploymentState::Queued) {
        ORIGIN_TRY(needed, around_.builds->is_needed(task));
        if (!needed) {
            return Milliseconds(0);
        }
        ORIGIN_CHECK(task.move(DeploymentState::Building, "it is built first"));
    }
    return around_.builds->build(task);
}

/// A `local` one goes live when it is chosen again: all there is to do before that is its build.
Result<Milliseconds> DeployWorker::prepare_here(Task& task) const {
    auto wait = build(task);
    return wait ? wait : after(task, nullptr, wait.error());
}

Result<Milliseconds> DeployWorker::end(Task& task, const Ending& ending) const {
    DeploymentRow& row = task.row();
    row.url.clear();
    row.error = ending.state == DeploymentState::Cancelled ? ending.text : "";
    ORIGIN_CHECK(task.move(ending.state, ending.text));
    return Milliseconds(0);
}

/// How it stands at its provider, once what was asked for last is brought to its end: its answer
/// may have been lost.
Result<Poll> DeployWorker::look_again(Task& task, Connector& connector) const {
    const DeploymentRow& row = task.row();
    if (row.state == DeploymentState::Uploading && task.publish_begun()) {
        ORIGIN_CHECK(connector.publish(task));
        ORIGIN_CHECK(task.move(DeploymentState::Processing, "everything is uploaded"));
    }
    const bool may_be_live = row.state == DeploymentState::Processing ||
                             (row.state == DeploymentState::Uploading &&
                              connector.reveals() == Reveals::Poll && !row.rollback_of);
    return may_be_live ? connector.poll(task) : Result<Poll>(Poll{});
}

/// It is to end before it is live: what has become live meanwhile stays.
Result<Milliseconds> DeployWorker::end_early(Task& task,
                                             Connector& connector,
                                             const Ending& ending) const {
    task.end_early();
    const auto poll = look_again(task, connector);
    const bool is_over = is_overdue(task.row());
    if (!poll) {
        const bool is_ours = poll.error().code() == Code::Conflict;  // The lease is lost.
        const bool again = is_temporary(poll.error()) && !is_over &&
                           task.row().progress.failures < kDeployTriesMax;
        if (is_ours || again) {
            return after(task, &connector, poll.error());
        }
    } else if (poll->state == Poll::State::Live) {
        ORIGIN_CHECK(task.say("it was live before it could be ended"));
        ORIGIN_CHECK(task.go_live());
        return Milliseconds(0);
    } else if (poll->state == Poll::State::Pending && poll->is_late && !is_over) {
        ORIGIN_CHECK(task.went_well(poll->text));
        return std::max(poll->wait, Milliseconds(1));
    }
    connector.cancel(task);
    return end(task, ending);
}

/// One look at what is live.
Result<Milliseconds> DeployWorker::look_after(Task& task, const store::HealthCheck& check) const {
    const DeploymentRow& row = task.row();
    const std::string wrong =
        check.path.empty() || row.url.empty() ? "" : look_at_health(around_.client, check, row.url);
    Task::HealthNews news{store::Health::Healthy, "healthy", Milliseconds(0), {}};
    if (!check.path.empty() && row.url.empty()) {
        news = {store::Health::Unknown, "the health check has no URL to ask", Milliseconds(0), {}};
    } else if (!wrong.empty() && row.progress.failures + 1 < kHealthTriesMax) {
        const auto wait = Milliseconds(1000LL << row.progress.failures);
        news = {store::Health::Checking, "the health check: " + wrong, wait, {}};
    } else if (!wrong.empty()) {
        news = {store::Health::Unhealthy, "the health check failed: " + wrong, Milliseconds(0), {}};
        if (check.roll_back && !row.rollback_of && row.together.empty()) {
            news.back = DeploymentId::make(around_.clock, around_.random);
        }
    }
    ORIGIN_CHECK(task.tell_health(news));
    return news.wait;
}

/// One that waits for those with which it goes live has time: they have their own limits.
bool DeployWorker::is_overdue(const DeploymentRow& row) const {
    const bool is_under_way =
        row.state == DeploymentState::Uploading || row.state == DeploymentState::Processing;
    // While no server ran, nothing could go on.
    const std::int64_t spent = around_.schedule.now() - std::max(row.progress.state_since, begun_);
    return is_under_way && (!row.staged || row.released) && spent > time_max(row.state).count();
}

Result<Milliseconds> DeployWorker::advance(Task& task, Connector& connector) const {
    const store::DeployProgress& progress = task.row().progress;
    if (is_overdue(task.row())) {
        return after(
            task,
            &connector,
            Error(Code::LimitExceeded,
                  "it took longer than " +
                      std::to_string(time_max(task.row().state).count() / 60'000) + " minutes" +
                      (progress.waiting.empty() ? "" : ": " + progress.waiting)));
    }
    auto wait = step(task, connector);
    return wait ? wait : after(task, &connector, wait.error());
}

Result<Milliseconds> DeployWorker::step(Task& task, Connector& connector) const {
    DeploymentRow& row = task.row();
    if (row.unwanted) {
        ORIGIN_CHECK(connector.remove(task));
        row.unwanted = false;
        ORIGIN_CHECK(task.move(DeploymentState::Superseded,
                               "its branch was deleted: the preview is removed"));
        return Milliseconds(0);
    }
    if (row.state == DeploymentState::Queued || row.state == DeploymentState::Building) {
        // What takes no files, a mirror, has no use for what a build leaves.
        ORIGIN_TRY(wait, connector.takes_files() ? build(task) : Milliseconds(0));
        if (wait.count() > 0) {
            return wait;
        }
        ORIGIN_CHECK(task.move(DeploymentState::Uploading, "begun"));
    }
    if (row.state == DeploymentState::Uploading && row.rollback_of) {
        ORIGIN_TRY(restored, restore(task, connector));
        if (restored) {
            return Milliseconds(0);
        }
    }
    if (row.state == DeploymentState::Uploading) {
        return upload_and_publish(task, connector);
    }
    ORIGIN_TRY(first, connector.poll(task));
    Poll poll = std::move(first);
    if (poll.state == Poll::State::Staged) {
        ORIGIN_TRY(wait, wait_staged(task, poll.look));
        if (wait.count() > 0) {
            return wait;
        }
        ORIGIN_TRY(next, connector.poll(task));
        poll = std::move(next);
    }
    if (poll.state == Poll::State::Failed) {
        return std::unexpected(Error(Code::InvalidInput, poll.text));
    }
    if (poll.state == Poll::State::Pending) {
        ORIGIN_CHECK(task.went_well(poll.text));
        return std::max(poll.wait, Milliseconds(1));
    }
    ORIGIN_CHECK(task.go_live());
    return Milliseconds(0);
}

/// Complete at its provider, not live yet: looks at it as visitors will, if that can be done, and
/// waits for those with which it goes live. Returns: zero: it may go live.
Result<Milliseconds> DeployWorker::wait_staged(Task& task, const std::string& look) const {
    DeploymentRow& row = task.row();
    if (row.staged) {
        row.progress.failures = 0;
    }
    if (!row.staged && !look.empty() && !task.health().path.empty()) {
        const std::string wrong = look_at_health(around_.client, task.health(), look);
        if (!wrong.empty() && ++row.progress.failures < kHealthTriesMax) {
            ORIGIN_CHECK(task.say("the health check, before it is live: " + wrong));
            return Milliseconds(1000LL << row.progress.failures);
        }
        if (!wrong.empty()) {
            return std::unexpected(
                Error(Code::InvalidInput, "the health check, before it was live: " + wrong)
                    .because("unhealthy"));
        }
        row.progress.failures = 0;
    }
    return stage(task);
}

/// Has the provider bring the earlier deployment back. Returns: false if it must be sent again.
Result<bool> DeployWorker::restore(Task& task, Connector& connector) const {
    std::optional<DeploymentRow> earlier;
    ORIGIN_CHECK(around_.store.read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(row, hooks::need_deployment(reader, task.project(), *task.row().rollback_of));
        earlier = std::move(row);
        return {};
    }));
    if (earlier->remote.id.empty() || !task.row().remote.notes["gone"].empty()) {
        return false;
    }
    const Status restored = connector.roll_back(task, earlier->remote);
    if (!restored && restored.error().code() == Code::NotFound) {
        task.row().remote = {};
        task.row().remote.notes["gone"] = "1";
        ORIGIN_CHECK(task.say("the provider has that deployment no more: it is sent again"));
        return false;
    }
    ORIGIN_CHECK(restored);
    ORIGIN_CHECK(task.move(DeploymentState::Processing, "the provider puts it back"));
    return true;
}

/// What an error of a step means for the deployment.
Result<Milliseconds> DeployWorker::after(Task& task,
                                         Connector* connector,
                                         const Error& error) const {
    if (error.reason() == "lease_lost" || error.code() == Code::Corrupt ||
        error.code() == Code::StorageFull) {
        return std::unexpected(error);
    }
    if (error.reason() == "stopping") {
        return Milliseconds(1);
    }
    if (error.reason() == "cancel_asked") {
        return Milliseconds(0);
    }
    store::DeployProgress& progress = task.row().progress;
    if (error.reason() == "provider_paced") {
        if (task.row().remote.id.empty() && !task.publish_begun() && !task.row().released) {
            task.row().state = DeploymentState::Queued;  // Something newer may take its place.
        }
        progress.waiting = error.told_to_peer();
        progress.waits_until = around_.clock.now() + task.held_off().count();
        ORIGIN_CHECK(task.save());
        return task.held_off();
    }
    around_.log.warning("a deployment meets an error",
                        {{"deployment", task.id().str()},
                         {"told", error.told_to_peer()},
                         {"why", error.kept_in_log()}});
    if (is_temporary(error) && progress.failures < kDeployTriesMax) {
        ++progress.failures;
        const auto most = Milliseconds(kDeployDelayMax);
        const Milliseconds wait =
            std::min(most, std::max(task.held_off(), back_off(progress.failures, around_.random)));
        progress.waiting = error.told_to_peer();
        progress.waits_until = around_.clock.now() + wait.count();
        ORIGIN_CHECK(task.say(error.told_to_peer() + "; tried again in " +
                              std::to_string((wait.count() + 999) / 1000) + " s"));
        return wait;
    }
    if (task.row().unwanted) {  // It stays where it is, then.
        task.row().unwanted = false;
        ORIGIN_CHECK(task.move(DeploymentState::Superseded,
                               std::string(kNotRemoved) + error.told_to_peer()));
        return Milliseconds(0);
    }
    if (connector != nullptr) {
        connector->cancel(task);
    }
    if (error.reason() == kSupersededTogether) {
        ORIGIN_CHECK(task.move(DeploymentState::Superseded, error.told_to_peer()));
        return Milliseconds(0);
    }
    task.row().error = error.told_to_peer();
    ORIGIN_CHECK(task.move(DeploymentState::Failed, error.told_to_peer()));
    return Milliseconds(0);
}

}  // namespace origin::deploy

// SPDX-License-Identifier: Apache-2.0
// What one deployment goes through, outside of transactions: built, brought live by its connector,
// ended before it is, looked at once it is.
#include <algorithm>

#include "deploy/health.h"
#include "deploy/releases.h"
#include "deploy/together.h"
#include "deploy/upload.h"
#include "deploy/worker.h"
#include "hooks/deployments.h"

namespace origin::deploy {
namespace {

using store::DeploymentRow;
using store::DeploymentState;

Milliseconds back_off(std::uint32_t failures, Random& random) {
    const auto most = std::chrono::duration_cast<Milliseconds>(kDeployBackOffMax);
    const Milliseconds base =
        std::min(most, Milliseconds(1000LL << std::min<std::uint32_t>(failures, 12)));
    const auto byte = static_cast<unsigned char>(random_bytes(random, 1).front());
    return base / 2 + base * byte / 512;  // Between a half and a whole.
}

/// For what nobody can stop any more: it is better known than called failed.
constexpr std::chrono::minutes kLateGrace{10};

Milliseconds time_max(DeploymentState state) {
    return state == DeploymentState::Processing ? Milliseconds(kProcessingTimeMax)
                                                : Milliseconds(kUploadTimeMax);
}

/// No provider said it.
bool is_ours(const Error& error) {
    return error.reason() == "lease_lost" || error.reason() == "cancel_asked" ||
           error.code() == Code::Corrupt || error.code() == Code::StorageFull;
}

bool is_temporary(const Error& error) {
    return error.code() == Code::Unavailable || error.code() == Code::Timeout;
}

}  // namespace

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
    row.error = ending.state == DeploymentState::Superseded ? "" : ending.text;
    ORIGIN_CHECK(task.move(ending.state, ending.text));
    return Milliseconds(0);
}

/// How it stands at its provider, once what was asked for last is brought to its end: its answer
/// may have been lost.
Result<Poll> DeployWorker::look_again(Task& task, Connector& connector) const {
    const DeploymentRow& row = task.row();
    if (row.state == DeploymentState::Uploading && task.publish_begun()) {
        ORIGIN_TRY(wait, upload_and_publish(task, connector));
        if (wait.count() > 0) {
            return Poll{.wait = wait, .is_late = true};
        }
    } else if (row.state == DeploymentState::Uploading && row.rollback_of) {
        ORIGIN_TRY(restored,
                   row.remote.id.empty() ? Result<bool>(false) : restore(task, connector));
        if (!restored && !task.is_sent_again()) {
            return Poll{};
        }
    }
    const bool may_be_live =
        row.state == DeploymentState::Processing ||
        (row.state == DeploymentState::Uploading && connector.reveals() == Reveals::Poll);
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
        const bool again = is_temporary(poll.error()) && !is_over &&
                           task.row().progress.failures < kDeployTriesMax;
        const bool is_damaged = poll.error().code() == Code::Corrupt;  // It never gets better.
        if ((is_ours(poll.error()) && !(is_over && is_damaged)) || again) {
            return after(task, &connector, poll.error());
        }
    } else if (poll->state == Poll::State::Live) {
        ORIGIN_CHECK(task.say("it was live before it could be ended"));
        ORIGIN_CHECK(task.go_live());
        return Milliseconds(0);
    } else if (poll->state == Poll::State::Pending && poll->is_late &&
               !is_overdue(task.row(), kLateGrace)) {
        ORIGIN_CHECK(task.went_well(poll->text));
        return std::max(poll->wait, Milliseconds(1));
    }
    connector.cancel(task);
    return stopping_ ? Milliseconds(1) : end(task, ending);  // It may not have been told.
}

/// One look at what is live.
Result<Milliseconds> DeployWorker::look_after(Task& task, const store::HealthCheck& check) const {
    const DeploymentRow& row = task.row();
    const auto pause = Milliseconds(1000LL << row.progress.failures);
    const auto early = Milliseconds(row.progress.waits_until - around_.clock.now());
    if (row.progress.failures > 0 && early.count() > 0) {  // Something else roused its job.
        return std::min(early, pause);                     // A clock may be set back.
    }
    const std::string wrong =
        check.path.empty() || row.url.empty() ? "" : look_at_health(around_.client, check, row.url);
    Task::HealthNews news{store::Health::Healthy, "healthy", Milliseconds(0), {}};
    if (!check.path.empty() && row.url.empty()) {
        news = {store::Health::Unknown, "the health check has no URL to ask", Milliseconds(0), {}};
    } else if (!wrong.empty() && row.progress.failures + 1 < kHealthTriesMax) {
        news = {store::Health::Checking, "the health check: " + wrong, pause, {}};
    } else if (!wrong.empty()) {
        news = {store::Health::Unhealthy, "the health check failed: " + wrong, Milliseconds(0), {}};
        if (check.roll_back && !row.rollback_of && row.together.empty()) {
            news.back = DeploymentId::make(around_.clock, around_.random);
        }
    }
    const Status told = task.tell_health(news);
    if (!told && told.error().reason() == "cancel_asked") {
        return Milliseconds(0);  // It went back meanwhile, without its job.
    }
    ORIGIN_CHECK(told);
    return news.wait;
}

/// One that waits for those with which it goes live has time: they have their own limits.
bool DeployWorker::is_overdue(const DeploymentRow& row, Milliseconds grace) const {
    const bool is_under_way =
        row.state == DeploymentState::Uploading || row.state == DeploymentState::Processing;
    // While no server ran, nothing could go on.
    const std::int64_t spent = around_.schedule.now() - std::max(row.progress.state_since, begun_);
    const bool is_its_time = is_under_way && (!row.staged || row.released);
    return is_its_time && spent > (time_max(row.state) + grace).count();
}

Result<Milliseconds> DeployWorker::advance(Task& task, Connector& connector) const {
    const store::DeployProgress& progress = task.row().progress;
    if (is_overdue(task.row())) {  // It may be live: nobody may have looked for long.
        return end_early(
            task,
            connector,
            {DeploymentState::Failed,
             "it took longer than " + std::to_string(time_max(task.row().state).count() / 60'000) +
                 " minutes" + (progress.waiting.empty() ? "" : ": " + progress.waiting)});
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
    if (earlier->remote.id.empty() && task.row().remote.id.empty()) {
        task.send_again();  // It went live when the target was another provider's.
    }
    if (earlier->remote.id.empty() || task.is_sent_again()) {
        return false;
    }
    const Status restored = connector.roll_back(task, earlier->remote);
    if (!restored && restored.error().code() == Code::NotFound) {
        task.send_again();
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
    if (is_ours(error) && error.reason() != "cancel_asked") {
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
        return std::min(task.held_off(), Milliseconds(kDeployDelayMax));
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
        task.end_early();
        connector->cancel(task);
        if (stopping_) {  // It may not have been told.
            return Milliseconds(1);
        }
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

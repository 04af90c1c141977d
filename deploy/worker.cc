// SPDX-License-Identifier: Apache-2.0
#include "deploy/worker.h"

#include <algorithm>

#include "deploy/local_site.h"
#include "deploy/releases.h"
#include "deploy/together.h"
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

/// Does it wait although something newer is live? Of a mirror each brings everything, and what is
/// live here is seen when it goes live.
Result<bool> is_too_late(store::Reader& reader,
                         const ProjectId& project,
                         const TargetRow& target,
                         const DeploymentRow& row) {
    const bool is_asked = row.state == DeploymentState::Queued && target.connector != kLocal &&
                          target.connector != hooks::kMirror;
    return is_asked ? is_outdated(reader, project, row) : Result<bool>(false);
}

/// Nothing is open on the target.
Status end_job(Writer& writer, const store::Job& job, const std::string& target_key) {
    ORIGIN_TRY(target, store::need_row<TargetRow>(writer, Table::Targets, target_key, "no target"));
    target.job.reset();
    ORIGIN_CHECK(store::put_row(writer, Table::Targets, target_key, target));
    return store::complete(writer, job);
}

/// Who asked for its end while it was worked on could not rouse the job. `turn`: what was worked
/// on; none: all that is open waits.
Status put_off(Writer& writer,
               const store::Job& job,
               const hooks::DeploySubject& subject,
               const std::optional<Turn>& turn,
               UnixMillis again) {
    ORIGIN_TRY(asked,
               turn ? hooks::cancel_asked(writer, subject.project, subject.target, turn->id)
                    : any_cancel_asked(writer, subject));
    ORIGIN_TRY(is_open,
               turn ? hooks::is_listed_open(writer, subject.project, subject.target, turn->id)
                    : Result<bool>(true));
    const bool is_news = !is_open || (asked && !(turn && ending_of(*turn)));
    return store::retry_at(writer, job, is_news ? store::kAtOnce : again);
}

}  // namespace

/// A health check needs none.
bool DeployWorker::lacks_connector(const TargetRow& target, const DeploymentRow& row) const {
    const bool is_looked_at = row.state == DeploymentState::Live && !row.unwanted;
    return !is_looked_at && around_.connectors.find(target.connector) == nullptr;
}

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
                              !store::is_settled(front->row.state) && !ending_of(*front);
        ORIGIN_TRY(too_late, is_too_late(writer, project, *target, front->row));
        if (too_late) {
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
        } else if (!is_local && lacks_connector(*target, front->row)) {
            ORIGIN_CHECK(fail(writer,
                              project,
                              *front,
                              "this server has no connector '" + target->connector + "'",
                              now));
            ORIGIN_CHECK(keep_together(
                writer, project, front->id, {around_.urls, around_.clock, around_.random}));
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
        const std::optional<Turn> turn = next.one;
        if (next.one) {
            ORIGIN_TRY(asked, bring_on(job, std::move(next)));
            wait = asked;
        }
        if (wait.count() > 0 || stopping_) {
            const UnixMillis again = around_.schedule.now() + wait.count();
            return around_.store.write(
                [&](Writer& writer) { return put_off(writer, job, subject, turn, again); });
        }
    }
}

Result<Milliseconds> DeployWorker::bring_on(const store::Job& job, Next next) const {
    const auto secret = hooks::open_target_secret(
        around_.master_key, next.subject.project, next.subject.target, next.target.sealed_secret);
    Connector* connector = around_.connectors.find(next.target.connector);
    const auto ending = ending_of(*next.one);
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

}  // namespace origin::deploy

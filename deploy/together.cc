// SPDX-License-Identifier: Apache-2.0
#include "deploy/together.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "deploy/releases.h"
#include "hooks/deployment_orders.h"
#include "hooks/deployments.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::deploy {
namespace {

using store::DeploymentRow;
using store::DeploymentState;
using store::Table;
using store::Writer;

constexpr std::string_view kTogether = ", and this project's targets go live together";

struct Member {
    DeploymentId id;
    DeploymentRow row;
    bool is_to_end = false;  // Somebody asked for that, and it can still be.
};

Result<std::vector<Member>> others_of(store::Reader& reader,
                                      const ProjectId& project,
                                      const DeploymentRow& row) {
    std::vector<Member> others;
    for (const DeploymentId& id : row.together) {
        ORIGIN_TRY(other,
                   store::get_row<DeploymentRow>(
                       reader, Table::Deployments, store::deployment_key(project, id)));
        if (other) {
            ORIGIN_TRY(asked, hooks::cancel_asked(reader, project, other->target, id));
            const bool is_to_end = asked && !other->released;
            others.push_back({id, std::move(*other), is_to_end});
        }
    }
    return others;
}

bool is_broken(const DeploymentRow& row) {
    return row.state == DeploymentState::Failed || row.state == DeploymentState::Cancelled ||
           row.health == store::Health::Unhealthy;
}

/// It was replaced before it was live.
bool is_passed_over(const DeploymentRow& row) {
    return row.state == DeploymentState::Superseded && row.release == 0;
}

/// What became of it, or of the one because of which it gave up.
std::string fate_of(const DeploymentRow& row) {
    if (row.error.ends_with(kTogether)) {
        return row.error.substr(0, row.error.size() - kTogether.size());
    }
    const std::string what = row.state == DeploymentState::Failed      ? " failed"
                             : row.state == DeploymentState::Cancelled ? " was cancelled"
                             : is_passed_over(row)                     ? " was superseded"
                                                                       : " is unhealthy";
    return row.target + what;
}

Standing standing_of(const std::vector<Member>& others) {
    std::string waits_for;
    for (const Member& other : others) {
        if (other.is_to_end) {
            return {Standing::Verdict::GiveUp,
                    other.row.target + " is to be cancelled" + std::string(kTogether),
                    DeploymentState::Failed};
        }
        if (is_broken(other.row) || is_passed_over(other.row)) {
            return {Standing::Verdict::GiveUp,
                    fate_of(other.row) + std::string(kTogether),
                    is_broken(other.row) ? DeploymentState::Failed : DeploymentState::Superseded};
        }
        if (!other.row.staged && !store::is_settled(other.row.state)) {
            waits_for += (waits_for.empty() ? "" : ", ") + other.row.target;
        }
    }
    return waits_for.empty() ? Standing() : Standing{Standing::Verdict::Wait, waits_for};
}

Status rouse_staged(Writer& writer, const ProjectId& project, const std::vector<Member>& others) {
    for (const Member& other : others) {
        if (other.row.staged && !store::is_settled(other.row.state)) {
            ORIGIN_CHECK(hooks::rouse_target(writer, project, other.row.target, other.id));
        }
    }
    return {};
}

/// It leaves the others by that: once is enough.
Status put_back(Writer& writer,
                const ProjectId& project,
                Member one,
                const std::string& why,
                const FlipBack& with) {
    const UnixMillis now = with.clock.now();
    ORIGIN_TRY(ordered, ordered_after(writer, project, one.row));
    std::optional<DeploymentId> earlier;
    if (!ordered) {
        ORIGIN_TRY(found, release_before(writer, project, one.row));
        earlier = found;
    }
    one.row.together.clear();
    hooks::add_log_line(
        one.row,
        {now,
         why + ": " +
             (ordered   ? std::string(kNotPutBack) + ordered->str()
              : earlier ? "the release before it is put back"
                        : "there is no release before it to go back to, so it stays")});
    ORIGIN_CHECK(store::put_row(
        writer, Table::Deployments, store::deployment_key(project, one.id), one.row));
    if (!earlier) {
        return {};
    }
    return roll_back(
        writer,
        {DeploymentId::make(with.clock, with.random), project, *earlier, now, one.row.push},
        with.urls);
}

}  // namespace

Result<Standing> stage(Writer& writer,
                       const ProjectId& project,
                       const DeploymentId& id,
                       DeploymentRow& row,
                       UnixMillis now) {
    if (row.released) {
        return Standing();
    }
    ORIGIN_TRY(others, others_of(writer, project, row));
    Standing standing = standing_of(others);
    const bool is_new = !row.staged;
    row.staged = true;
    row.progress.failures = is_new ? 0 : row.progress.failures;  // They were of what is done now.
    row.released = standing.verdict == Standing::Verdict::GoLive;
    if (standing.verdict == Standing::Verdict::Wait) {
        row.progress.waiting = standing.text + ", to go live together";
        row.progress.waits_until = 0;
        if (is_new) {
            hooks::add_log_line(row, {now, "ready; waits for " + row.progress.waiting});
        }
    } else {
        row.progress.waiting.clear();
    }
    ORIGIN_CHECK(
        store::put_row(writer, Table::Deployments, store::deployment_key(project, id), row));
    if (row.released) {
        ORIGIN_CHECK(rouse_staged(writer, project, others));
    }
    return standing;
}

Status keep_together(Writer& writer,
                     const ProjectId& project,
                     const DeploymentId& id,
                     const FlipBack& with) {
    ORIGIN_TRY(row, hooks::need_deployment(writer, project, id));
    if (row.together.empty()) {
        return {};
    }
    ORIGIN_TRY(members, others_of(writer, project, row));
    members.push_back({id, std::move(row)});
    const auto broken =
        std::ranges::find_if(members, [](const Member& one) { return is_broken(one.row); });
    if (broken == members.end()) {
        return {};
    }
    const std::string why = fate_of(broken->row);
    for (const Member& one : members) {
        const bool is_back = one.row.together.empty();
        if (one.row.state != DeploymentState::Live || is_back) {
            continue;
        }
        ORIGIN_TRY(target,
                   store::get_row<store::TargetRow>(
                       writer, Table::Targets, store::target_key(project, one.row.target)));
        if (target && target->live == one.id) {  // It may be removed, or show something newer.
            ORIGIN_CHECK(put_back(writer, project, one, why, with));
        }
    }
    return rouse_staged(writer, project, members);
}

}  // namespace origin::deploy

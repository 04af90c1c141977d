// SPDX-License-Identifier: Apache-2.0
#include "deploy/turn.h"

#include <algorithm>
#include <tuple>
#include <vector>

#include "hooks/deployment_orders.h"
#include "store/rows/access.h"

namespace origin::deploy {
namespace {

using store::DeploymentRow;
using store::DeploymentState;

Result<std::vector<Turn>> read_open(store::Reader& reader, const hooks::DeploySubject& subject) {
    std::vector<Turn> open;
    ORIGIN_TRY(ids, hooks::open_deployments(reader, subject.project, subject.target));
    for (const DeploymentId& id : ids) {
        ORIGIN_TRY(row, hooks::need_deployment(reader, subject.project, id));
        ORIGIN_TRY(cancel, hooks::cancel_asked(reader, subject.project, subject.target, id));
        open.push_back({id, std::move(row), cancel});
    }
    // By push, and then as they were ordered: a clock may be set back.
    std::ranges::sort(open, {}, [](const Turn& one) {
        const DeploymentRow& row = one.row;
        return std::tuple(row.push, row.created_at, row.rollback_of.has_value(), one.id);
    });
    return open;
}

/// Does the later deployment make the earlier one pointless?
bool replaces(const DeploymentRow& later, const DeploymentRow& earlier, bool is_whole) {
    if (is_whole) {
        return true;
    }
    if (later.preview != earlier.preview) {
        return false;
    }
    return later.ref == earlier.ref || (later.rollback_of && !later.preview);
}

bool has_begun(const DeploymentRow& row) {
    return row.state != DeploymentState::Queued;
}

}  // namespace

std::optional<Ending> ending_of(const Turn& one) {
    if (store::is_settled(one.row.state)) {
        return std::nullopt;
    }
    if (one.cancel) {
        return Ending{DeploymentState::Cancelled, "cancelled"};
    }
    return one.newer ? std::optional(Ending{DeploymentState::Superseded,
                                            "a newer one is deployed instead: " + one.newer->str()})
                     : std::nullopt;
}

Result<std::optional<Turn>> next_turn(store::Writer& writer,
                                      const hooks::DeploySubject& subject,
                                      bool is_whole,
                                      UnixMillis now) {
    ORIGIN_TRY(open, read_open(writer, subject));
    std::optional<Turn> front;
    for (std::size_t i = 0; i < open.size(); ++i) {
        const DeploymentRow& row = open[i].row;
        // One that goes live with others, as they do, is brought to its end.
        const bool may_give_way = !store::is_settled(row.state) && !row.released &&
                                  (!has_begun(row) || row.progress.failures > 0);
        const auto newer = std::find_if(
            open.begin() + static_cast<std::ptrdiff_t>(i) + 1, open.end(), [&](const Turn& later) {
                return !store::is_settled(later.row.state) && replaces(later.row, row, is_whole);
            });
        const bool gives_way = may_give_way && newer != open.end();
        if (gives_way && !has_begun(row)) {
            DeploymentRow superseded = row;
            superseded.state = DeploymentState::Superseded;
            ORIGIN_CHECK(hooks::move_deployment(
                writer,
                subject.project,
                open[i].id,
                superseded,
                {now, "a newer one is deployed instead: " + newer->id.str()}));
        } else if (!front || (has_begun(row) && !has_begun(front->row))) {
            front = open[i];
            front->newer = gives_way ? std::optional(newer->id) : std::nullopt;
        }
    }
    return front;
}

}  // namespace origin::deploy

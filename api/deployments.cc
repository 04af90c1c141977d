// SPDX-License-Identifier: Apache-2.0
// /api/projects/{project}/deployments and releases: status, log, rollback.
#include "hooks/deployments.h"

#include <functional>

#include <boost/json.hpp>

#include "api/answers.h"
#include "api/commit_view.h"
#include "api/endpoints.h"
#include "api/views.h"
#include "deploy/releases.h"
#include "hooks/deployment_orders.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::api {
namespace {

namespace json = boost::json;
using store::Table;

Result<DeploymentId> deployment_param(const Call& call) {
    return need_id<DeploymentId>(call.param("deployment"), "deployment");
}

Answer show_deployment(const Call& call, const ProjectId& project, const DeploymentId& id) {
    ORIGIN_TRY(row, read_store(call.around.store, [&](store::Reader& reader) {
                   return hooks::need_deployment(reader, project, id);
               }));
    return json_answer(200, deployment_json(call.around, project, id, row, WithLog::Yes));
}

/// Whose commit a rollback of `asked` puts back. A deployment that is live gives way to the release
/// before it; any other is the one to go back to.
Result<DeploymentId> rollback_goal(store::Reader& reader,
                                   const ProjectId& project,
                                   const DeploymentId& asked) {
    ORIGIN_TRY(row, hooks::need_deployment(reader, project, asked));
    if (row.state != store::DeploymentState::Live) {
        return asked;
    }
    ORIGIN_TRY(goal, deploy::release_before(reader, project, row));
    if (!goal) {
        return std::unexpected(
            Error(Code::Conflict, "this target has no earlier release to go back to")
                .because("no_earlier_release"));
    }
    return *goal;
}

struct NewDeploymentBody {
    std::string ref;
    std::string target;
    bool preview = false;

    static NewDeploymentBody read(Fields& in) {
        NewDeploymentBody body;
        body.ref = in.text("ref");
        body.target = in.maybe_text("target").value_or(std::string(store::kProductionTarget));
        body.preview = in.flag("preview");
        return body;
    }
};

using Make = std::function<Status(store::Writer&, const ProjectId&, const DeploymentId&)>;

/// A write that makes one deployment, and the answer that shows it.
Answer make_deployment(const Call& call, const Make& make) {
    ORIGIN_TRY(permit, call.permit(auth::Action::Deploy));
    const ProjectId project = permit.project();
    return once_only(
        call,
        [&](const auth::Once& once) -> Answer {
            const DeploymentId id = DeploymentId::make(call.around.clock, call.around.random);
            ORIGIN_CHECK(call.write(permit, [&](store::Writer& writer) -> Status {
                ORIGIN_CHECK(make(writer, project, id));
                return once.record(writer, {id.str()});
            }));
            return show_deployment(call, project, id);
        },
        [&](const Ids& ids) -> Answer {
            ORIGIN_TRY(id, need_id<DeploymentId>(ids.front(), "deployment"));
            return show_deployment(call, project, id);
        });
}

}  // namespace

Answer list_deployments(const Call& call) {
    ORIGIN_TRY(permit, call.permit_to_look());
    ORIGIN_TRY(wish, page_wish(call));
    const ProjectId project = permit.project();
    const std::string_view target = call.asked("target");
    json::array rows;
    const auto take = [&](std::string_view key, std::string_view value) -> Result<bool> {
        ORIGIN_TRY(row, store::decode<store::DeploymentRow>(value));
        const auto id = DeploymentId::from_raw(key.substr(kIdBytes));
        if (!id || (!target.empty() && row.target != target)) {
            return false;
        }
        rows.push_back(deployment_json(call.around, project, *id, row, WithLog::No));
        return true;
    };
    ORIGIN_TRY(next, read_store(call.around.store, [&](store::Reader& reader) {
                   rows.clear();
                   return read_page(reader,
                                    {.table = Table::Deployments,
                                     .prefix = std::string(project.view()),
                                     .order = Order::Falling},
                                    wish,
                                    take);
               }));
    return page_answer("deployments", std::move(rows), next);
}

BodyShape deployment_shape() {
    return shape_of<NewDeploymentBody>();
}

Answer post_deployment(const Call& call) {
    ORIGIN_TRY(body, read_body<NewDeploymentBody>(call.body));
    ORIGIN_TRY(permit, call.permit(auth::Action::Deploy));
    ORIGIN_TRY(view, open_view(call, permit));
    ORIGIN_TRY(commit, shown_commit(view, body.ref));
    return make_deployment(
        call,
        [&](store::Writer& writer, const ProjectId& project, const DeploymentId& id) -> Status {
            return hooks::order_deployment(writer,
                                           {.id = id,
                                            .project = project,
                                            .target = body.target,
                                            .commit = commit,
                                            .ref = shown_ref(view, body.ref),
                                            .preview = body.preview,
                                            .now = call.now()});
        });
}

Answer get_deployment(const Call& call) {
    ORIGIN_TRY(permit, call.permit_to_look());
    ORIGIN_TRY(id, deployment_param(call));
    return show_deployment(call, permit.project(), id);
}

Answer roll_back(const Call& call) {
    ORIGIN_TRY(asked, deployment_param(call));
    return make_deployment(
        call,
        [&](store::Writer& writer, const ProjectId& project, const DeploymentId& id) -> Status {
            ORIGIN_TRY(goal, rollback_goal(writer, project, asked));
            return deploy::roll_back(
                writer,
                {.id = id, .project = project, .earlier = goal, .now = call.now()},
                call.around.urls);
        });
}

Answer cancel_deployment(const Call& call) {
    ORIGIN_TRY(permit, call.permit(auth::Action::Deploy));
    ORIGIN_TRY(id, deployment_param(call));
    const ProjectId project = permit.project();
    const auto show = [&](const Ids&) {
        return show_deployment(call, project, id);
    };
    return once_only(
        call,
        [&](const auth::Once& once) -> Answer {
            const UnixMillis now = call.now();
            ORIGIN_CHECK(call.write(permit, [&](store::Writer& writer) -> Status {
                ORIGIN_CHECK(hooks::cancel_deployment(writer, project, id, now));
                return once.record(writer, {id.str()});
            }));
            return show({});
        },
        show);
}

Answer retry_deployment(const Call& call) {
    ORIGIN_TRY(asked, deployment_param(call));
    return make_deployment(
        call,
        [&](store::Writer& writer, const ProjectId& project, const DeploymentId& id) -> Status {
            return hooks::retry_deployment(
                writer, {.id = id, .project = project, .earlier = asked, .now = call.now()});
        });
}

Answer list_releases(const Call& call) {
    ORIGIN_TRY(permit, call.permit_to_look());
    ORIGIN_TRY(wish, page_wish(call));
    const std::string_view asked = call.asked("target");
    const std::string target(asked.empty() ? store::kProductionTarget : asked);
    if (target.size() > UINT8_MAX) {
        return std::unexpected(Error(Code::NotFound, "no such target"));
    }
    const std::string prefix = store::key(permit.project(), store::Label{target});
    json::array rows;
    const auto take = [&](std::string_view key, std::string_view value) -> Result<bool> {
        ORIGIN_TRY(row, store::decode<store::ReleaseRow>(value));
        rows.push_back({{"release", store::from_be64(key.substr(prefix.size())).value_or(0)},
                        {"target", target},
                        {"deployment", row.deployment.str()},
                        {"commit", row.commit.hex()},
                        {"liveAt", time_json(row.live_at)}});
        return true;
    };
    ORIGIN_TRY(next, read_store(call.around.store, [&](store::Reader& reader) {
                   rows.clear();
                   return read_page(
                       reader,
                       {.table = Table::Releases, .prefix = prefix, .order = Order::Falling},
                       wish,
                       take);
               }));
    return page_answer("releases", std::move(rows), next);
}

}  // namespace origin::api

// SPDX-License-Identifier: Apache-2.0
// POST /api/projects/{project}/merge: one branch into another, or what would come of it.
#include <boost/json.hpp>

#include "api/answers.h"
#include "api/checks.h"
#include "api/commit_view.h"
#include "api/endpoints.h"
#include "api/views.h"
#include "git/serve/commit.h"

namespace origin::api {
namespace {

namespace json = boost::json;

struct MergeBody {
    std::string source;
    std::optional<std::string> target;
    std::optional<std::string> message;
    std::optional<std::string> expected_head;
    bool preview = false;

    static MergeBody read(Fields& in) {
        MergeBody body;
        body.source = in.text("source");
        body.target = in.maybe_text("target");
        body.message = in.maybe_text("message");
        body.expected_head = in.maybe_text("expectedHead");
        body.preview = in.flag("preview");
        return body;
    }
};

/// What is told of a merge, and kept for a replay: its words, in this order.
struct MergeReport {
    std::string result;
    std::string commit;
    std::string target;
    std::vector<DeploymentId> deployments;

    Ids ids() const {
        Ids ids = {result, commit, target};
        for (const DeploymentId& id : deployments) {
            ids.push_back(id.str());
        }
        return ids;
    }
    static MergeReport from(const Ids& ids) {
        MergeReport report{ids.at(0), ids.at(1), ids.at(2), {}};
        for (std::size_t i = 3; i < ids.size(); ++i) {
            if (const auto id = DeploymentId::parse(ids[i])) {
                report.deployments.push_back(*id);
            }
        }
        return report;
    }
    json::object body() const {
        return {{"result", result},
                {"commit", commit.empty() ? json::value(nullptr) : json::value(commit)},
                {"target", short_branch(target)},
                {"conflicts", json::array()},
                {"deployments", ids_json(deployments)}};
    }
};

MergeReport report_of(const git::Merged& merged, const std::string& target) {
    return {.result = std::string(git::name_of(merged.result)),
            .commit = merged.commit.is_zero() ? "" : merged.commit.hex(),
            .target = target,
            .deployments = merged.push.deployments};
}

net::Response conflicted(const git::Merged& merged, const std::string& target, bool preview) {
    if (preview) {
        json::object body = report_of(merged, target).body();
        body["conflicts"] = conflicts_json(merged.conflicts);
        return json_answer(200, body);
    }
    return problem(
        Error(Code::Conflict, "the two branches change the same lines; nothing was moved")
            .because("merge_conflict"),
        {{"result", "conflicted"}, {"conflicts", conflicts_json(merged.conflicts)}});
}

}  // namespace

BodyShape merge_shape() {
    return shape_of<MergeBody>();
}

Answer post_merge(const Call& call) {
    ORIGIN_TRY(body, read_body<MergeBody>(call.body));
    ORIGIN_TRY(permit, call.permit(body.preview ? auth::Action::Read : auth::Action::Write));
    ORIGIN_TRY(view, open_view(call, permit));
    ORIGIN_TRY(source, shown_commit(view, body.source));
    git::MergeWish wish{.source = Oid::from_hex(body.source) ? source.hex() : body.source,
                        .target = view.project.head,
                        .message = body.message.value_or(""),
                        .preview = body.preview};
    if (body.target) {
        ORIGIN_TRY(target, branch_named(*body.target));
        wish.target = target.str();
    }
    if (body.expected_head) {
        ORIGIN_TRY(expected, oid_field("expectedHead", *body.expected_head));
        wish.expected_target = expected;
    }
    if (body.preview) {
        ORIGIN_TRY(merged, git::merge(call.around.pushes, permit, wish));
        return merged.result == git::MergeResult::Conflicted
                   ? conflicted(merged, wish.target, true)
                   : json_answer(200, report_of(merged, wish.target).body());
    }
    const auto act = [&](const auth::Once& once) -> Answer {
        ORIGIN_TRY(merged,
                   git::merge(call.around.pushes,
                              permit,
                              wish,
                              [&](store::Writer& writer, const git::Merged& done) {
                                  return once.record(writer, report_of(done, wish.target).ids());
                              }));
        if (merged.result == git::MergeResult::Conflicted) {
            return conflicted(merged, wish.target, false);
        }
        const MergeReport report = report_of(merged, wish.target);
        if (merged.result == git::MergeResult::AlreadyMerged) {
            ORIGIN_CHECK(call.write(
                permit, [&](store::Writer& writer) { return once.record(writer, report.ids()); }));
        }
        return json_answer(200, report.body());
    };
    return once_only(call, act, [](const Ids& ids) -> Answer {
        return json_answer(200, MergeReport::from(ids).body());
    });
}

}  // namespace origin::api

// SPDX-License-Identifier: Apache-2.0
#include "api/pushed.h"

#include <boost/json.hpp>

#include "api/answers.h"
#include "api/checks.h"
#include "api/views.h"

namespace origin::api {

Ids Pushed::ids() const {
    Ids ids = {branch, commit};
    for (const DeploymentId& id : deployments) {
        ids.push_back(id.str());
    }
    return ids;
}

Pushed Pushed::from(const Ids& ids) {
    Pushed pushed{.branch = ids.at(0), .commit = ids.at(1), .deployments = {}};
    for (std::size_t i = 2; i < ids.size(); ++i) {
        if (const auto id = DeploymentId::parse(ids[i])) {
            pushed.deployments.push_back(*id);
        }
    }
    return pushed;
}

Result<Pushed> push_commit(const PushFn& push, const BranchMove& move, const auth::Once& once) {
    Pushed pushed{.branch = move.branch, .commit = move.commit.hex(), .deployments = {}};
    git::ProposedPush proposal{.via = "api", .refs = {{move.branch, move.old_tip, move.commit}}};
    proposal.also = [&](store::Writer& writer, const git::PushOutcome& outcome) {
        pushed.deployments = outcome.deployments;
        return once.record(writer, pushed.ids());
    };
    ORIGIN_TRY(outcome, push(std::move(proposal)));
    ORIGIN_CHECK(git::need_all_ok(outcome));
    return pushed;
}

Result<Pushed> push_commit(git::Draft& draft, const BranchMove& move, const auth::Once& once) {
    return push_commit(
        [&](git::ProposedPush proposal) { return draft.push(std::move(proposal)); }, move, once);
}

Answer answer_pushed(const Call& call, const Pushed& pushed) {
    net::Response response = json_answer(201,
                                         {{"commit", pushed.commit},
                                          {"branch", short_branch(pushed.branch)},
                                          {"deployments", ids_json(pushed.deployments)}});
    const std::string& project = call.param("project");
    if (!project.empty()) {
        response.headers.push_back(
            {"Location",
             "/api/projects/" + net::percent_encode(project) + "/commits/" + pushed.commit});
    }
    return response;
}

Result<std::optional<Oid>> read_expected_head(const std::optional<std::string>& text) {
    if (!text) {
        return std::optional<Oid>();
    }
    if (text->empty()) {
        return std::optional(Oid{});
    }
    ORIGIN_TRY(oid, oid_field("expectedHead", *text));
    return std::optional(oid);
}

Status check_expected_head(const std::optional<std::string>& text, const Oid& tip) {
    ORIGIN_TRY(expected, read_expected_head(text));
    if (!expected || *expected == tip) {
        return {};
    }
    return std::unexpected(
        Error(Code::Conflict,
              tip.is_zero() ? "the branch does not exist" : "the branch is at " + tip.hex())
            .because("head_moved"));
}

}  // namespace origin::api

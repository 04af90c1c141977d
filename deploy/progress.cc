// SPDX-License-Identifier: Apache-2.0
#include "deploy/progress.h"

#include <optional>

#include "deploy/local.h"
#include "hooks/deployments.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::deploy {
namespace {

class Follower final : public git::PushProgress {
public:
    Follower(store::Store& store,
             const auth::Urls& urls,
             const ProjectId& project,
             const std::vector<DeploymentId>& deployments)
        : store_(store), urls_(urls), project_(project) {
        for (const DeploymentId& id : deployments) {
            followed_.push_back({id, std::nullopt});
        }
    }

    Result<bool> poll(std::vector<std::string>& lines) override {
        bool settled = true;
        ORIGIN_CHECK(store_.read([&](store::Reader& reader) -> Status {
            for (Followed& followed : followed_) {
                ORIGIN_CHECK(poll_one(reader, followed, lines));
                settled = settled && store::is_settled(*followed.shown);
            }
            return {};
        }));
        if (!settled && !said_where_) {
            said_where_ = true;
            lines.push_back("       status: " +
                            urls_.api("/projects/" + project_.str() + "/deployments"));
        }
        return settled;
    }

private:
    struct Followed {
        DeploymentId id;
        std::optional<store::DeploymentState> shown;
    };

    Status poll_one(store::Reader& reader,
                    Followed& followed,
                    std::vector<std::string>& lines) const {
        ORIGIN_TRY(row, hooks::need_deployment(reader, project_, followed.id));
        if (followed.shown == row.state) {
            return {};
        }
        ORIGIN_TRY(target,
                   store::get_row<store::TargetRow>(
                       reader, store::Table::Targets, store::target_key(project_, row.target)));
        const std::string name =
            "-----> " + row.target + " (" + (target ? target->connector : "deleted") + "): ";
        if (!followed.shown && row.state != store::DeploymentState::Queued) {
            lines.push_back(name + "queued");
        }
        lines.push_back(
            name + std::string(store::name_of(row.state)) +
            (row.url.empty() ? "" : "  " + row.url) +
            (row.target == kProductionTarget ? "" : "  (private: the API signs links)"));
        if (!row.error.empty()) {
            lines.push_back(" !     " + row.error);
        }
        followed.shown = row.state;
        return {};
    }

    store::Store& store_;
    const auth::Urls& urls_;
    ProjectId project_;
    std::vector<Followed> followed_;
    bool said_where_ = false;
};

}  // namespace

std::unique_ptr<git::PushProgress> follow_push(store::Store& store,
                                               const auth::Urls& urls,
                                               const ProjectId& project,
                                               const git::PushOutcome& outcome) {
    if (outcome.deployments.empty()) {
        return nullptr;
    }
    return std::make_unique<Follower>(store, urls, project, outcome.deployments);
}

}  // namespace origin::deploy

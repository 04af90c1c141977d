// SPDX-License-Identifier: Apache-2.0
#include "deploy/progress.h"

#include <algorithm>
#include <optional>

#include "base/limits.h"
#include "deploy/releases.h"
#include "hooks/deploy_options.h"
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
             const std::vector<DeploymentId>& deployments,
             hooks::DeployOptions options)
        : store_(store), urls_(urls), project_(project), options_(std::move(options)) {
        for (const DeploymentId& id : deployments) {
            followed_.push_back({id});
        }
        patience_ =
            options_.wait.value_or(any_is_local() ? kLocalDeployWait : std::chrono::seconds(0));
    }

    Milliseconds patience() const override { return patience_; }

    Result<bool> poll(std::vector<std::string>& lines) override {
        bool settled = true;
        lines.insert(lines.end(), options_.complaints.begin(), options_.complaints.end());
        options_.complaints.clear();
        ORIGIN_CHECK(store_.read([&](store::Reader& reader) -> Status {
            for (Followed& followed : followed_) {
                ORIGIN_CHECK(poll_one(reader, followed, lines));
                settled = settled && followed.settled;
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
        std::optional<store::LogLine> said = {};  // The last line of its log.
        bool settled = false;
    };

    Status poll_one(store::Reader& reader,
                    Followed& followed,
                    std::vector<std::string>& lines) const {
        ORIGIN_TRY(row, hooks::need_deployment(reader, project_, followed.id));
        followed.settled = store::is_settled(row.state);
        // Lines may be missing: a log keeps the last ones.
        auto next = followed.said
                        ? std::ranges::find(row.log.rbegin(), row.log.rend(), *followed.said).base()
                        : row.log.begin();
        if (next == row.log.end()) {
            return {};
        }
        followed.said = row.log.back();
        ORIGIN_TRY(target,
                   store::get_row<store::TargetRow>(
                       reader, store::Table::Targets, store::target_key(project_, row.target)));
        const std::string name =
            "-----> " + row.target + " (" + (target ? target->connector : "deleted") + "): ";
        for (; next != row.log.end(); ++next) {
            lines.push_back(name + next->text);
        }
        if (row.state == store::DeploymentState::Live) {
            const bool is_private =
                row.remote.id.empty() && (row.preview || row.target != store::kProductionTarget);
            lines.push_back("       " + row.url +
                            (is_private ? "  (private: the API signs links)" : ""));
        } else if (!row.error.empty()) {
            lines.push_back(" !     " + row.error);
        }
        return {};
    }

    /// False also if it cannot be read: then nobody waits.
    bool any_is_local() const {
        bool found = false;
        const Status read = store_.read([&](store::Reader& reader) -> Status {
            for (const Followed& followed : followed_) {
                ORIGIN_TRY(row, hooks::need_deployment(reader, project_, followed.id));
                ORIGIN_TRY(
                    target,
                    store::get_row<store::TargetRow>(
                        reader, store::Table::Targets, store::target_key(project_, row.target)));
                found = found || (target && target->connector == kLocal);
            }
            return {};
        });
        return read && found;
    }

    store::Store& store_;
    const auth::Urls& urls_;
    ProjectId project_;
    hooks::DeployOptions options_;
    Milliseconds patience_{0};
    std::vector<Followed> followed_;
    bool said_where_ = false;
};

}  // namespace

std::unique_ptr<git::PushProgress> follow_push(store::Store& store,
                                               const auth::Urls& urls,
                                               const ProjectId& project,
                                               const git::PushOutcome& outcome,
                                               const std::vector<std::string>& options) {
    if (outcome.deployments.empty()) {
        return nullptr;
    }
    return std::make_unique<Follower>(
        store, urls, project, outcome.deployments, hooks::read_deploy_options(options));
}

}  // namespace origin::deploy

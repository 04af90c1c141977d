// SPDX-License-Identifier: Apache-2.0
#include "hooks/push_plan.h"

#include <algorithm>
#include <map>

#include "base/glob.h"
#include "git/serve/refs.h"
#include "hooks/deploy_options.h"
#include "hooks/deployments.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::hooks {

Result<std::string> PushPlan::roll_back(store::Writer& writer, const git::PushedRollback& wanted) {
    ORIGIN_TRY(
        target,
        store::get_row<store::TargetRow>(
            writer, store::Table::Targets, store::target_key(wanted.project, wanted.target)));
    std::optional<store::ReleaseRow> earlier;
    Status decoded;
    const store::Range releases =
        store::Range::prefix(store::key(wanted.project, store::Label{wanted.target}));
    ORIGIN_CHECK(writer.scan_back(
        store::Table::Releases, releases, [&](std::string_view, std::string_view value) {
            const auto row = store::decode<store::ReleaseRow>(value);
            if (!row) {
                decoded = std::unexpected(row.error());
            } else if (row->commit == wanted.commit) {
                earlier = *row;
            }
            return row.has_value() && !earlier;
        }));
    ORIGIN_CHECK(decoded);
    if (!target || !earlier) {
        return std::string("that commit never was a release of '" + wanted.target + "'");
    }
    if (target->live) {
        ORIGIN_TRY(live, need_deployment(writer, wanted.project, *target->live));
        if (live.commit == wanted.commit) {
            return std::string("that commit is live already");
        }
    }
    ORIGIN_CHECK(queue_deployment(writer,
                                  {.id = wanted.id,
                                   .project = wanted.project,
                                   .target = wanted.target,
                                   .commit = wanted.commit,
                                   .ref = {},
                                   .push = wanted.sequence,
                                   .rollback_of = earlier->deployment,
                                   .now = wanted.now}));
    return std::string();
}

Result<std::vector<DeploymentId>> PushPlan::plan(store::Writer& writer,
                                                 const git::AcceptedPush& push) {
    std::vector<DeploymentId> made;
    const DeployOptions options = read_deploy_options(push.push.options);
    if (options.skip) {
        return made;
    }
    ORIGIN_TRY(rules,
               store::scan_rows<store::RuleRow>(
                   writer, store::Table::Rules, store::Range::prefix(push.project.view())));
    IdSequence ids = push.ids;
    for (const store::RefOutcome& ref : push.push.refs) {
        if (!ref.ok || ref.new_id.is_zero() || ref.name.starts_with(git::kHiddenPrefix) ||
            ref.name.starts_with(git::kDeploymentsPrefix)) {
            continue;
        }
        // Two rules may name one target: one deployment, no preview if one of them says so.
        std::map<std::string, bool> targets;
        for (const auto& [key, rule] : rules) {
            if (glob_matches(rule.pattern, ref.name)) {
                const auto [there, fresh] = targets.emplace(rule.target, rule.preview);
                there->second = there->second && rule.preview;
            }
        }
        ORIGIN_TRY(moved, git::find_ref(writer, push.project, ref.name));
        for (const auto& [target, preview] : targets) {
            if (!options.targets.empty() &&
                std::ranges::find(options.targets, target) == options.targets.end()) {
                continue;
            }
            const auto id = ids.next<DeploymentId>();
            ORIGIN_CHECK(
                queue_deployment(writer,
                                 {.id = id,
                                  .project = push.project,
                                  .target = target,
                                  .commit = moved && moved->peeled ? *moved->peeled : ref.new_id,
                                  .ref = ref.name,
                                  .push = push.sequence,
                                  .run = push.push.run,
                                  .preview = preview,
                                  .now = push.push.pushed_at}));
            made.push_back(id);
        }
    }
    return made;
}

}  // namespace origin::hooks

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
        if (!ref.ok || ref.new_id.is_zero() || ref.name.starts_with(git::kHiddenPrefix)) {
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

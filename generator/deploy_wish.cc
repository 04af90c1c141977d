// SPDX-License-Identifier: Apache-2.0
#include "generator/deploy_wish.h"

#include "auth/slug.h"
#include "hooks/deployments.h"
#include "store/rows/access.h"
#include "store/rows/deploy.h"
#include "store/rows/keys.h"

namespace origin::generator {
namespace {

constexpr std::size_t kTargetBytesMax = 24;
constexpr std::string_view kBranches = "refs/heads/";

std::unexpected<Error> taken(const std::string& target, std::string_view how) {
    return std::unexpected(
        Error(Code::Conflict, "target '" + target + "' exists with " + std::string(how))
            .because("target_taken"));
}

}  // namespace

std::string target_for(std::string_view branch, std::string_view default_branch) {
    if (branch == default_branch) {
        return std::string(store::kProductionTarget);
    }
    if (branch.starts_with(kBranches)) {
        branch.remove_prefix(kBranches.size());
    }
    return auth::slug_from(branch, kTargetBytesMax);
}

Status add_deploy_wish(store::Writer& writer, const DeployWish& wish, const WishedRule& rule) {
    const std::string key = store::target_key(rule.project, rule.target);
    ORIGIN_TRY(target, store::get_row<store::TargetRow>(writer, store::Table::Targets, key));
    if (target && target->connector != wish.platform) {
        return taken(rule.target, "another platform");
    }
    if (target && !wish.settings.empty() && target->settings != wish.settings) {
        return taken(rule.target, "other settings; leave them out to use it as it is");
    }
    if (target && wish.has_secret) {
        return taken(rule.target, "a secret of its own; leave yours out to use it as it is");
    }
    if (!target) {
        if (wish.check) {
            ORIGIN_CHECK(wish.check());
        }
        store::TargetRow row;
        row.connector = wish.platform;
        row.settings = wish.settings;
        row.sealed_secret = wish.has_secret ? wish.seal(rule.project, rule.target) : "";
        row.created_at = rule.now;
        ORIGIN_CHECK(store::put_row(writer, store::Table::Targets, key, row));
    }
    return hooks::put_rule(
        writer, rule.project, {rule.branch, rule.target, rule.now, wish.preview});
}

}  // namespace origin::generator

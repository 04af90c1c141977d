// SPDX-License-Identifier: Apache-2.0
#include "generator/deploy_wish.h"

#include "auth/slug.h"
#include "base/utf8.h"
#include "hooks/deployments.h"
#include "store/rows/access.h"
#include "store/rows/deploy.h"
#include "store/rows/keys.h"

namespace origin::generator {
namespace {

constexpr std::size_t kTargetBytesMax = 24;
constexpr std::string_view kBranches = "refs/heads/";

}  // namespace

Status check_platform(std::string_view platform) {
    if (platform == "local") {
        return {};
    }
    return std::unexpected(Error(Code::InvalidInput,
                                 "there is no connector for platform '" +
                                     printable(platform.substr(0, kTargetBytesMax)) +
                                     "' here; available: local")
                               .because("platform_unavailable"));
}

std::string target_for(std::string_view branch, std::string_view default_branch) {
    if (branch == default_branch) {
        return "production";
    }
    if (branch.starts_with(kBranches)) {
        branch.remove_prefix(kBranches.size());
    }
    return auth::slug_from(branch, kTargetBytesMax);
}

Status add_deploy_wish(store::Writer& writer, const DeployWish& wish) {
    const std::string key = store::target_key(wish.project, wish.target);
    ORIGIN_TRY(target, store::get_row<store::TargetRow>(writer, store::Table::Targets, key));
    if (target && target->connector != wish.platform) {
        return std::unexpected(
            Error(Code::Conflict, "target '" + wish.target + "' exists with another platform")
                .because("target_taken"));
    }
    if (!target) {
        store::TargetRow row;
        row.connector = wish.platform;
        row.created_at = wish.now;
        ORIGIN_CHECK(store::put_row(writer, store::Table::Targets, key, row));
    }
    return hooks::put_rule(writer, wish.project, {wish.branch, wish.target, wish.now});
}

}  // namespace origin::generator

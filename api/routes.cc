// SPDX-License-Identifier: Apache-2.0
#include "api/routes.h"

#include <algorithm>
#include <array>

#include "api/endpoints.h"
#include "net/http_text.h"

namespace origin::api {
namespace {

constexpr std::string_view kSees = "git:read or deploy";
constexpr std::string_view kFollows = "requirements or git:read";
constexpr Access kKey = Access::Key;
constexpr Access kPublic = Access::Public;
constexpr Access kOpen = Access::Open;
constexpr Access kOperator = Access::Operator;

// clang-format off
#define P "/api/projects/{project}"
#define G "/api/v3/repos/{owner}/{repo}"
constexpr auto kRoutes = std::to_array<Route>({
    {"POST", "/api/requirements", "requirements", kKey, requirement_shape, post_requirement},
    {"GET", "/api/requirements/{id}", kFollows, kKey, nullptr, get_requirement},
    {"GET", "/api/requirements/{id}/events", kFollows, kKey, nullptr, get_requirement_events},
    {"POST", "/api/requirements/{id}/cancel", "requirements", kKey, nullptr, cancel_requirement},
    {"POST", "/api/requirements/{id}/retry", "requirements", kKey, nullptr, retry_requirement},
    {"POST", "/api/requirements/{id}/revert", "git:write", kKey, revert_shape, revert_requirement},

    {"POST", "/api/projects", "projects:create", kKey, project_shape, create_project},
    {"GET", "/api/projects", "git:read", kKey, nullptr, list_projects},
    {"GET", P "", "git:read", kKey, nullptr, get_project},
    {"PATCH", P "", "admin", kKey, project_change_shape, change_project},
    {"DELETE", P "", "admin", kKey, nullptr, delete_project},
    {"POST", P "/transfer", "admin", kKey, transfer_shape, transfer_project},

    {"GET", P "/branches", "git:read", kKey, nullptr, list_branches},
    {"GET", P "/tags", "git:read", kKey, nullptr, list_tags},
    {"GET", P "/refs", "git:read", kKey, nullptr, list_refs},
    {"GET", P "/commits", "git:read", kKey, nullptr, list_commits},
    {"POST", P "/commits", "git:write", kKey, commit_shape, post_commit,
     stream_commit, commit_line_shape},
    {"GET", P "/commits/{sha}", "git:read", kKey, nullptr, get_commit},
    {"GET", P "/tree", "git:read", kKey, nullptr, get_tree},
    {"GET", P "/file", "git:read", kKey, nullptr, get_file},
    {"GET", P "/archive", "git:read", kPublic, nullptr, get_archive},
    {"GET", P "/diff", "git:read", kKey, nullptr, get_diff},
    {"GET", P "/compare", "git:read", kKey, nullptr, get_compare},
    {"POST", P "/merge", "git:write", kKey, merge_shape, post_merge},
    {"POST", P "/restore", "git:write", kKey, restore_shape, post_restore},
    {"GET", P "/reflog", "git:read", kKey, nullptr, get_reflog},
    {"POST", P "/reflog/undo", "git:write", kKey, undo_shape, undo_move},

    {"GET", P "/deployments", kSees, kKey, nullptr, list_deployments},
    {"POST", P "/deployments", "deploy", kKey, deployment_shape, post_deployment},
    {"GET", P "/deployments/{deployment}", kSees, kKey, nullptr, get_deployment},
    {"POST", P "/deployments/{deployment}/rollback", "deploy", kKey, nullptr, roll_back},
    {"POST", P "/deployments/{deployment}/cancel", "deploy", kKey, nullptr, cancel_deployment},
    {"POST", P "/deployments/{deployment}/retry", "deploy", kKey, nullptr, retry_deployment},
    {"GET", G "/deployments", kSees, kKey, nullptr, list_github_deployments},
    {"POST", G "/deployments", "deploy", kKey, github_deployment_shape, post_github_deployment},
    {"GET", G "/deployments/{deployment}", kSees, kKey, nullptr, get_github_deployment},
    {"GET", G "/deployments/{deployment}/statuses", kSees, kKey, nullptr,
     list_github_deployment_statuses},
    {"GET", P "/releases", kSees, kKey, nullptr, list_releases},
    {"GET", P "/targets", kSees, kKey, nullptr, list_targets},
    {"GET", P "/targets/{target}", kSees, kKey, nullptr, get_target},
    {"PUT", P "/targets/{target}", "deploy", kKey, target_shape, put_target},
    {"DELETE", P "/targets/{target}", "deploy", kKey, nullptr, delete_target},
    {"GET", P "/rules", kSees, kKey, nullptr, list_rules},
    {"PUT", P "/rules", "deploy", kKey, rule_shape, put_rule},
    {"DELETE", P "/rules", "deploy", kKey, nullptr, delete_rule},

    {"GET", P "/grants", "admin", kKey, nullptr, list_grants},
    {"PUT", P "/grants/{client}", "admin", kKey, grant_shape, put_grant},
    {"DELETE", P "/grants/{client}", "admin", kKey, nullptr, delete_grant},

    {"POST", P "/tokens", "git:read", kKey, token_shape, create_token},
    {"DELETE", P "/tokens/{token}", "git:read", kKey, nullptr, revoke_token},
    {"GET", P "/gates", "admin", kKey, nullptr, get_gates},
    {"PUT", P "/gates", "admin", kKey, gates_shape, put_gates},
    {"GET", P "/policies", "git:read", kKey, nullptr, get_policies},
    {"PUT", P "/policies", "admin", kKey, policies_shape, put_policies},
    {"GET", P "/commits/{sha}/statuses", "git:read", kKey, nullptr, get_statuses},
    {"POST", P "/commits/{sha}/statuses", "git:write", kKey, status_shape, post_status},

    {"POST", P "/webhooks", "deploy", kKey, webhook_shape, create_webhook},
    {"GET", P "/webhooks", "deploy", kKey, nullptr, list_webhooks},
    {"GET", P "/webhooks/{webhook}", "deploy", kKey, nullptr, get_webhook},
    {"DELETE", P "/webhooks/{webhook}", "deploy", kKey, nullptr, delete_webhook},
    {"POST", P "/webhooks/{webhook}/resume", "deploy", kKey, nullptr, resume_webhook},
    {"POST", P "/webhooks/{webhook}/rotate", "deploy", kKey, webhook_rotate_shape,
     rotate_webhook},
    {"POST", P "/webhooks/{webhook}/ping", "deploy", kKey, nullptr, ping_webhook},
    {"GET", P "/webhooks/{webhook}/deliveries/{delivery}", "deploy", kKey, nullptr, get_delivery},
    {"POST", P "/webhooks/{webhook}/deliveries/{delivery}/redeliver", "deploy", kKey, nullptr,
     redeliver},

    {"POST", "/api/webhooks", "deploy", kKey, webhook_shape, create_webhook},
    {"GET", "/api/webhooks", "deploy", kKey, nullptr, list_webhooks},
    {"GET", "/api/webhooks/{webhook}", "deploy", kKey, nullptr, get_webhook},
    {"DELETE", "/api/webhooks/{webhook}", "deploy", kKey, nullptr, delete_webhook},
    {"POST", "/api/webhooks/{webhook}/resume", "deploy", kKey, nullptr, resume_webhook},
    {"POST", "/api/webhooks/{webhook}/rotate", "deploy", kKey, webhook_rotate_shape,
     rotate_webhook},
    {"POST", "/api/webhooks/{webhook}/ping", "deploy", kKey, nullptr, ping_webhook},
    {"GET", "/api/webhooks/{webhook}/deliveries/{delivery}", "deploy", kKey, nullptr, get_delivery},
    {"POST", "/api/webhooks/{webhook}/deliveries/{delivery}/redeliver", "deploy", kKey, nullptr,
     redeliver},

    {"GET", "/api/events", "git:read", kKey, nullptr, get_events},
    {"GET", P "/events", "git:read", kKey, nullptr, get_project_events},

    {"POST", "/api/clients", "admin", kKey, client_shape, create_client},
    {"GET", "/api/clients", "admin", kKey, nullptr, list_clients},
    {"GET", "/api/clients/{client}", "any", kKey, nullptr, get_client},
    {"PATCH", "/api/clients/{client}", "admin", kKey, client_change_shape, change_client},
    {"DELETE", "/api/clients/{client}", "admin", kKey, nullptr, delete_client},
    {"POST", "/api/keys", "admin", kKey, key_shape, create_key},
    {"GET", "/api/keys", "admin", kKey, nullptr, list_keys},
    {"POST", "/api/keys/{key}/revoke", "admin", kKey, nullptr, revoke_key},
    {"POST", "/api/keys/{key}/rotate", "admin", kKey, rotate_shape, rotate_key},
    {"POST", "/api/keys/{key}/quarantine", "admin", kKey, quarantine_shape, quarantine_key},
    {"GET", "/api/keys/{key}/moves", "admin", kKey, nullptr, list_key_moves},
    {"POST", "/api/keys/{key}/quarantine/undo", "admin", kKey, quarantine_undo_shape,
     undo_quarantine},
    {"POST", "/api/ssh-keys", "admin", kKey, ssh_key_shape, create_ssh_key},
    {"GET", "/api/ssh-keys", "admin", kKey, nullptr, list_ssh_keys},
    {"DELETE", "/api/ssh-keys/{key}", "admin", kKey, nullptr, delete_ssh_key},
    {"POST", "/api/signing-keys", "admin", kKey, signing_key_shape, create_signing_key},
    {"GET", "/api/signing-keys", "admin", kKey, nullptr, list_signing_keys},
    {"DELETE", "/api/signing-keys/{key}", "admin", kKey, nullptr, delete_signing_key},
    {"POST", "/api/jwt-keys", "admin", kKey, jwt_key_shape, create_jwt_key},
    {"GET", "/api/jwt-keys", "admin", kKey, nullptr, list_jwt_keys},
    {"DELETE", "/api/jwt-keys/{key}", "admin", kKey, nullptr, delete_jwt_key},

    {"GET", "/api/audit", "admin", kKey, nullptr, list_audit},

    {"GET", "/api/webhook-keys/{owner}/{webhook}", "none", kOpen, nullptr, get_webhook_keys},

    {"GET", "/healthz", "none", kOpen, nullptr, get_health},
    {"GET", "/readyz", "none", kOpen, nullptr, get_ready},
    {"GET", "/metrics", "admin", kOperator, nullptr, get_metrics},
    {"GET", "/api/openapi.json", "none", kOpen, nullptr, get_openapi},
});
#undef P
#undef G
// clang-format on

/// Takes the next segment off "/a/b"; nullopt at the end.
std::optional<std::string_view> take_segment(std::string_view& path) {
    if (path.empty() || path.front() != '/') {
        return std::nullopt;
    }
    path.remove_prefix(1);
    const std::string_view segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    return segment;
}

using Params = std::vector<std::pair<std::string_view, std::string>>;

/// nullopt: `path` is not of this pattern.
std::optional<Params> match(std::string_view pattern, std::string_view path) {
    Params params;
    while (!pattern.empty()) {
        const auto wanted = take_segment(pattern);
        const auto given = take_segment(path);
        if (!wanted || !given) {
            return std::nullopt;
        }
        if (!wanted->starts_with('{')) {
            if (*wanted != *given) {
                return std::nullopt;
            }
            continue;
        }
        auto decoded = net::percent_decode(*given);
        if (!decoded || decoded->empty()) {
            return std::nullopt;
        }
        params.emplace_back(wanted->substr(1, wanted->size() - 2), std::move(*decoded));
    }
    return path.empty() ? std::optional(std::move(params)) : std::nullopt;
}

}  // namespace

std::span<const Route> routes() {
    return kRoutes;
}

Match match_route(std::string_view method, std::string_view raw_path) {
    Match result;
    const std::string_view asked = method == "HEAD" ? "GET" : method;
    for (const Route& route : kRoutes) {
        auto params = match(route.path, raw_path);
        if (!params) {
            continue;
        }
        result.methods.push_back(route.method);
        if (route.method == asked) {
            result.route = &route;
            result.params = std::move(*params);
        }
    }
    return result;
}

}  // namespace origin::api

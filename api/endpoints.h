// SPDX-License-Identifier: Apache-2.0
// api/endpoints: every handler of the route table, by family; one file each.
#pragma once

#include <memory>

#include "api/call.h"
#include "json/fields.h"

namespace origin::api {

// requirements.cc
BodyShape requirement_shape();
Answer post_requirement(const Call& call);
Answer get_requirement(const Call& call);
Answer get_requirement_events(const Call& call);
Answer cancel_requirement(const Call& call);
Answer retry_requirement(const Call& call);

// revert.cc
BodyShape revert_shape();
Answer revert_requirement(const Call& call);

// audit.cc
Answer list_audit(const Call& call);

// transfer.cc
BodyShape transfer_shape();
Answer transfer_project(const Call& call);
/// By slug or id. Errors: NotFound `client_not_found`.
Result<ClientId> receiver_named(const Call& call, std::string_view name);
/// After a transfer: what both store is counted anew.
void forget_uses(const Call& call, const ClientId& from, const ClientId& to);

// quarantine.cc
BodyShape quarantine_shape();
BodyShape quarantine_undo_shape();
Answer quarantine_key(const Call& call);
Answer list_key_moves(const Call& call);
Answer undo_quarantine(const Call& call);

// projects.cc
BodyShape project_shape();
BodyShape project_change_shape();
Answer create_project(const Call& call);
Answer list_projects(const Call& call);
Answer get_project(const Call& call);
Answer change_project(const Call& call);
Answer delete_project(const Call& call);

// repository.cc
Answer list_branches(const Call& call);
Answer list_tags(const Call& call);
Answer list_refs(const Call& call);
Answer list_commits(const Call& call);
Answer get_commit(const Call& call);
Answer get_tree(const Call& call);
Answer get_file(const Call& call);

// compare.cc
Answer get_diff(const Call& call);
Answer get_compare(const Call& call);

// merge.cc
BodyShape merge_shape();
Answer post_merge(const Call& call);

// commits.cc
BodyShape commit_shape();
Answer post_commit(const Call& call);

// commit_stream.cc, commit_lines.cc
BodyShape commit_line_shape();
Result<std::unique_ptr<net::BodySink>> stream_commit(std::shared_ptr<Call> call);

// restore.cc
BodyShape restore_shape();
Answer post_restore(const Call& call);

// reflog.cc
BodyShape undo_shape();
Answer get_reflog(const Call& call);
Answer undo_move(const Call& call);

// deployments.cc
BodyShape deployment_shape();
Answer list_deployments(const Call& call);
Answer post_deployment(const Call& call);
Answer get_deployment(const Call& call);
Answer roll_back(const Call& call);
Answer cancel_deployment(const Call& call);
Answer retry_deployment(const Call& call);
Answer list_releases(const Call& call);

// github.cc
BodyShape github_deployment_shape();
Answer list_github_deployments(const Call& call);
Answer post_github_deployment(const Call& call);
Answer get_github_deployment(const Call& call);
Answer list_github_deployment_statuses(const Call& call);

// targets.cc
BodyShape target_shape();
BodyShape rule_shape();
Answer list_targets(const Call& call);
Answer get_target(const Call& call);
Answer put_target(const Call& call);
Answer delete_target(const Call& call);
Answer list_rules(const Call& call);
Answer put_rule(const Call& call);
Answer delete_rule(const Call& call);

// webhooks.cc
BodyShape webhook_shape();
Answer create_webhook(const Call& call);
Answer list_webhooks(const Call& call);
Answer get_webhook(const Call& call);
Answer delete_webhook(const Call& call);

// webhook_actions.cc
BodyShape webhook_rotate_shape();
Answer resume_webhook(const Call& call);
Answer rotate_webhook(const Call& call);
Answer ping_webhook(const Call& call);
Answer get_delivery(const Call& call);
Answer redeliver(const Call& call);
Answer get_webhook_keys(const Call& call);

// events.cc
Answer get_events(const Call& call);
Answer get_project_events(const Call& call);

// clients.cc
BodyShape client_shape();
Answer create_client(const Call& call);
Answer list_clients(const Call& call);
Answer get_client(const Call& call);
BodyShape client_change_shape();
Answer change_client(const Call& call);
Answer delete_client(const Call& call);

// keys.cc
BodyShape key_shape();
Answer create_key(const Call& call);
Answer list_keys(const Call& call);
Answer revoke_key(const Call& call);
BodyShape rotate_shape();
Answer rotate_key(const Call& call);

// archive.cc
Answer get_archive(const Call& call);

// grants.cc
BodyShape grant_shape();
Answer list_grants(const Call& call);
Answer put_grant(const Call& call);
Answer delete_grant(const Call& call);

// gates.cc
BodyShape gates_shape();
Answer get_gates(const Call& call);
Answer put_gates(const Call& call);

// policies.cc
BodyShape policies_shape();
Answer get_policies(const Call& call);
Answer put_policies(const Call& call);

// statuses.cc
BodyShape status_shape();
Answer post_status(const Call& call);
Answer get_statuses(const Call& call);

// tokens.cc
BodyShape token_shape();
Answer create_token(const Call& call);
Answer revoke_token(const Call& call);

// ssh_keys.cc
BodyShape ssh_key_shape();
Answer create_ssh_key(const Call& call);
Answer list_ssh_keys(const Call& call);
Answer delete_ssh_key(const Call& call);

// jwt_keys.cc
BodyShape jwt_key_shape();
Answer create_jwt_key(const Call& call);
Answer list_jwt_keys(const Call& call);
Answer delete_jwt_key(const Call& call);

// signing_keys.cc
BodyShape signing_key_shape();
Answer create_signing_key(const Call& call);
Answer list_signing_keys(const Call& call);
Answer delete_signing_key(const Call& call);

// operations.cc
Answer get_health(const Call& call);
Answer get_ready(const Call& call);
Answer get_metrics(const Call& call);
Answer get_openapi(const Call& call);

}  // namespace origin::api

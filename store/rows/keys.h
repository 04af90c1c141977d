// SPDX-License-Identifier: Apache-2.0
// store/rows/keys: how each table's key is put together. One place, so that no two rooms disagree.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/id.h"
#include "base/oid.h"
#include "store/key.h"

namespace origin::store {

/// Table Slugs holds eight kinds of entry, told apart by the key's first byte.
enum class SlugKind : std::uint8_t {
    Client = 'c',       // + slug. Value: client id.
    Project = 'p',      // + owner + slug. Value: project id.
    ClientKey = 'k',    // + client + key id. Value: the key id; lists a client's keys.
    SshKey = 's',       // + SHA-256 of the public key. Value: key id.
    SigningKey = 'v',   // + SHA-256 of the public key. Value: key id.
    JwtKey = 'j',       // + client + kid. Value: key id.
    TokenEnd = 't',     // + when it ends + key of table KeyPushes. Value: that key.
    ClientGrant = 'g',  // + client + project id. Value: the project id; what was shared with it.
};

inline std::string client_slug_key(std::string_view slug) {
    return key(SlugKind::Client, slug);
}
inline std::string project_slug_key(const ClientId& owner, std::string_view slug) {
    return key(SlugKind::Project, owner, slug);
}
inline std::string client_key_key(const ClientId& client, const KeyId& id) {
    return key(SlugKind::ClientKey, client, id);
}
inline std::string ssh_key_key(std::string_view blob_sha256) {
    return key(SlugKind::SshKey, blob_sha256);
}
inline std::string jwt_key_key(const ClientId& client, std::string_view kid) {
    return key(SlugKind::JwtKey, client, kid);
}
inline std::string signing_key_key(std::string_view blob_sha256) {
    return key(SlugKind::SigningKey, blob_sha256);
}
inline std::string key_pushes_key(const KeyId& id, std::string_view jti) {
    return key(id, jti);
}
inline std::string audit_key(UnixMillis time, std::uint64_t number) {
    return key(time, number);
}
inline std::string status_key(const ProjectId& project,
                              const Oid& commit,
                              std::string_view context) {
    return key(project, commit, context);
}
inline std::string token_end_key(UnixMillis ends_at, std::string_view key_pushes) {
    return key(SlugKind::TokenEnd, ends_at, key_pushes);
}
inline std::string client_grant_key(const ClientId& client, const ProjectId& project) {
    return key(SlugKind::ClientGrant, client, project);
}
inline std::string grant_key(const ProjectId& project, const ClientId& client) {
    return key(project, client);
}
inline std::string ref_key(const ProjectId& project, std::string_view name) {
    return key(project, name);
}
inline std::string pack_key(const ProjectId& project, std::string_view name) {
    return key(project, name);
}
/// `push`: the sequence of the push that brought the objects.
inline std::string journal_key(const ProjectId& project, std::uint64_t push) {
    return key(project, push);
}
inline std::string push_key(const ProjectId& project, std::uint64_t push) {
    return key(project, push);
}
inline std::string ref_history_key(const ProjectId& project,
                                   std::uint64_t push,
                                   std::string_view name) {
    return key(project, push, name);
}
inline std::string target_key(const ProjectId& project, std::string_view name) {
    return key(project, name);
}
inline std::string rule_key(const ProjectId& project,
                            std::string_view target,
                            std::string_view pattern) {
    return key(project, Label{target}, pattern);
}
inline std::string deployment_key(const ProjectId& project, const DeploymentId& id) {
    return key(project, id);
}
inline std::string open_deployment_key(const ProjectId& project,
                                       std::string_view target,
                                       const DeploymentId& id) {
    return key(project, Label{target}, id);
}
inline std::string preview_key(const ProjectId& project,
                               std::string_view target,
                               std::string_view ref) {
    return key(project, Label{target}, ref);
}
inline std::string release_key(const ProjectId& project,
                               std::string_view target,
                               std::uint64_t number) {
    return key(project, Label{target}, number);
}
inline std::string webhook_key(const ProjectId& project, const WebhookId& id) {
    return key(project, id);
}
inline std::string webhook_key(const ClientId& client, const WebhookId& id) {
    return key(client, id);
}
inline std::string delivery_key(const WebhookId& webhook, std::uint64_t number) {
    return key(webhook, number, std::uint32_t{0});
}

}  // namespace origin::store

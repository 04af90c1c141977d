// SPDX-License-Identifier: Apache-2.0
// /api/ssh-keys: public keys that open the SSH door.
#include "api/endpoints.h"
#include "api/key_access.h"
#include "api/public_keys.h"
#include "auth/accounts.h"

namespace origin::api {
namespace {

struct SshKeyBody {
    std::string public_key;
    std::optional<std::string> title;
    std::optional<std::string> client;
    std::vector<std::string> scopes;
    std::vector<std::string> projects;
    KeyEnd end;

    static SshKeyBody read(Fields& in) {
        SshKeyBody body;
        body.public_key = in.text("publicKey");
        body.title = in.maybe_text("title");
        body.client = in.maybe_text("clientId");
        body.scopes = in.maybe_texts("scopes").value_or(
            std::vector<std::string>{"git:read", "git:write", "projects:create"});
        body.projects = in.maybe_texts("projects").value_or(std::vector<std::string>());
        body.end = KeyEnd::read(in);
        return body;
    }
};

Result<auth::NewSshKey> plan_key(const Call& call, const SshKeyBody& body) {
    ORIGIN_TRY(client, client_of(call, body.client.value_or("")));
    ORIGIN_TRY(key, auth::parse_ssh_public_key(body.public_key));
    ORIGIN_TRY(scopes, auth::Scopes::parse(body.scopes));
    ORIGIN_TRY(projects, projects_of(call, body.projects));
    const UnixMillis now = call.now();
    ORIGIN_TRY(expires_at, body.end.at(now));
    return auth::NewSshKey{.id = KeyId::make(call.around.clock, call.around.random),
                           .key = std::move(key),
                           .client = client,
                           .title = body.title.value_or(""),
                           .scopes = scopes,
                           .projects = std::move(projects),
                           .expires_at = expires_at,
                           .now = now};
}

PublicKeys ssh_keys() {
    return {store::KeyKind::Ssh, "SSH key", "sshKeys", add_ssh_parts};
}

}  // namespace

BodyShape ssh_key_shape() {
    return shape_of<SshKeyBody>();
}

Answer create_ssh_key(const Call& call) {
    ORIGIN_TRY(body, read_body<SshKeyBody>(call.body));
    ORIGIN_TRY(wanted, plan_key(call, body));
    return create_public_key(
        call, ssh_keys(), wanted.id, [&](store::Writer& writer) -> Result<store::KeyRow> {
            ORIGIN_CHECK(check_owner(writer, wanted.client, wanted.projects));
            return auth::create_ssh_key(writer, wanted);
        });
}

Answer list_ssh_keys(const Call& call) {
    return list_public_keys(call, ssh_keys());
}

Answer delete_ssh_key(const Call& call) {
    return delete_public_key(call, ssh_keys());
}

}  // namespace origin::api

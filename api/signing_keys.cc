// SPDX-License-Identifier: Apache-2.0
// /api/signing-keys: public keys whose signatures on commits count as their client's.
#include "auth/signing_keys.h"

#include <boost/json.hpp>

#include "api/answers.h"
#include "api/endpoints.h"
#include "api/key_access.h"
#include "api/public_keys.h"
#include "api/views.h"

namespace origin::api {
namespace {

namespace json = boost::json;

struct SigningKeyBody {
    std::string public_key;
    std::optional<std::string> title;
    std::optional<std::string> client;

    static SigningKeyBody read(Fields& in) {
        SigningKeyBody body;
        body.public_key = in.text("publicKey");
        body.title = in.maybe_text("title");
        body.client = in.maybe_text("clientId");
        return body;
    }
};

json::object view(const KeyId& id, const store::KeyRow& row) {
    json::object body = key_json(id, row);
    body.erase("scopes");
    body.erase("projects");
    const auto key = auth::read_ssh_blob(row.public_key);
    body["type"] = key ? key->type : "";
    body["publicKey"] = key ? auth::ssh_line(key->type, key->blob) : "";
    body["fingerprint"] = auth::ssh_fingerprint(row.public_key);
    return body;
}

PublicKeys signing_keys() {
    return {store::KeyKind::Signing, "signing key", "signingKeys", view};
}

}  // namespace

BodyShape signing_key_shape() {
    return shape_of<SigningKeyBody>();
}

Answer create_signing_key(const Call& call) {
    ORIGIN_TRY(body, read_body<SigningKeyBody>(call.body));
    ORIGIN_TRY(client, client_of(call, body.client.value_or("")));
    // A key of one project's would vouch for its client everywhere.
    ORIGIN_CHECK(projects_of(call, {}));
    ORIGIN_TRY(key, auth::parse_ssh_public_key(body.public_key));
    const auth::NewSigningKey wanted{.id = KeyId::make(call.around.clock, call.around.random),
                                     .key = key,
                                     .client = client,
                                     .title = body.title.value_or(""),
                                     .now = call.now()};
    return once_only(
        call,
        [&](const auth::Once& once) -> Answer {
            const store::AuditRow asked = call.audit("key.created");
            ORIGIN_CHECK(call.write([&](store::Writer& writer) -> Status {
                ORIGIN_TRY(row, auth::create_signing_key(writer, wanted));
                store::AuditRow told = asked;
                told.client = row.client;
                told.subject = wanted.id.str();
                told.details = {{"kind", "signing key"},
                                {"title", row.title},
                                {"fingerprint", auth::ssh_fingerprint(row.public_key)}};
                ORIGIN_CHECK(auth::record_audit(writer, std::move(told)));
                return once.record(writer, {wanted.id.str()});
            }));
            return show_public_key(call, signing_keys(), wanted.id);
        },
        [&](const Ids& ids) -> Answer {
            ORIGIN_TRY(id, need_id<KeyId>(ids.front(), "key"));
            return show_public_key(call, signing_keys(), id);
        });
}

Answer list_signing_keys(const Call& call) {
    return list_public_keys(call, signing_keys());
}

Answer delete_signing_key(const Call& call) {
    return delete_public_key(call, signing_keys());
}

}  // namespace origin::api

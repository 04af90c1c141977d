// SPDX-License-Identifier: Apache-2.0
// /api/signing-keys: public keys whose signatures on commits count as their client's.
#include "auth/signing_keys.h"

#include <boost/json.hpp>

#include "api/endpoints.h"
#include "api/key_access.h"
#include "api/public_keys.h"

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

/// It does nothing but sign: no scopes, and no use that anybody notes.
void add_parts(json::object& body, const store::KeyRow& row) {
    for (const char* name : {"scopes", "projects", "lastUse"}) {
        body.erase(name);
    }
    add_ssh_parts(body, row);
}

PublicKeys signing_keys() {
    return {store::KeyKind::Signing, "signing key", "signingKeys", add_parts};
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
    return create_public_key(call, signing_keys(), wanted.id, [&](store::Writer& writer) {
        return auth::create_signing_key(writer, wanted);
    });
}

Answer list_signing_keys(const Call& call) {
    return list_public_keys(call, signing_keys());
}

Answer delete_signing_key(const Call& call) {
    return delete_public_key(call, signing_keys());
}

}  // namespace origin::api

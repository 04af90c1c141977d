// SPDX-License-Identifier: Apache-2.0
// /api/jwt-keys: public keys with which a client signs tokens of its own.
#include "auth/jwt_keys.h"

#include <boost/json.hpp>

#include "api/endpoints.h"
#include "api/key_access.h"
#include "api/public_keys.h"
#include "crypto/encode.h"

namespace origin::api {
namespace {

namespace json = boost::json;

struct JwtKeyBody {
    std::string public_key;
    std::string kid;
    std::vector<std::string> scopes;
    std::optional<std::string> title;
    std::optional<std::string> client;
    std::vector<std::string> projects;
    KeyEnd end;

    static JwtKeyBody read(Fields& in) {
        JwtKeyBody body;
        body.public_key = in.text("publicKey");
        body.kid = in.text("kid");
        body.scopes = in.texts("scopes");
        body.title = in.maybe_text("title");
        body.client = in.maybe_text("clientId");
        body.projects = in.maybe_texts("projects").value_or(std::vector<std::string>());
        body.end = KeyEnd::read(in);
        return body;
    }
};

std::string pem_of(const std::string& der) {
    constexpr std::size_t kLine = 64;
    const std::string text = crypto::base64(der);
    std::string pem = "-----BEGIN PUBLIC KEY-----\n";
    for (std::size_t at = 0; at < text.size(); at += kLine) {
        pem += text.substr(at, kLine) + "\n";
    }
    return pem + "-----END PUBLIC KEY-----\n";
}

void add_parts(json::object& body, const store::KeyRow& row) {
    body["kid"] = row.kid;
    body["publicKey"] = pem_of(row.public_key);
}

PublicKeys jwt_keys() {
    return {store::KeyKind::Jwt, "JWT key", "jwtKeys", add_parts};
}

Result<auth::NewJwtKey> plan_key(const Call& call, const JwtKeyBody& body) {
    ORIGIN_TRY(client, client_of(call, body.client.value_or("")));
    ORIGIN_TRY(key, auth::parse_jwt_key(body.public_key));
    ORIGIN_TRY(scopes, auth::Scopes::parse(body.scopes));
    ORIGIN_TRY(projects, projects_of(call, body.projects));
    const UnixMillis now = call.now();
    ORIGIN_TRY(expires_at, body.end.at(now));
    return auth::NewJwtKey{.id = KeyId::make(call.around.clock, call.around.random),
                           .der = key.der(),
                           .kid = body.kid,
                           .client = client,
                           .title = body.title.value_or(""),
                           .scopes = scopes,
                           .projects = std::move(projects),
                           .expires_at = expires_at,
                           .now = now};
}

}  // namespace

BodyShape jwt_key_shape() {
    return shape_of<JwtKeyBody>();
}

Answer create_jwt_key(const Call& call) {
    ORIGIN_TRY(body, read_body<JwtKeyBody>(call.body));
    ORIGIN_TRY(wanted, plan_key(call, body));
    return create_public_key(
        call, jwt_keys(), wanted.id, [&](store::Writer& writer) -> Result<store::KeyRow> {
            ORIGIN_CHECK(check_owner(writer, wanted.client, wanted.projects));
            return auth::create_jwt_key(writer, wanted);
        });
}

Answer list_jwt_keys(const Call& call) {
    return list_public_keys(call, jwt_keys());
}

Answer delete_jwt_key(const Call& call) {
    return delete_public_key(call, jwt_keys());
}

}  // namespace origin::api

// SPDX-License-Identifier: Apache-2.0
// /api/jwt-keys: public keys with which a client signs tokens of its own.
#include "auth/jwt_keys.h"

#include <boost/json.hpp>

#include "api/answers.h"
#include "api/endpoints.h"
#include "api/key_access.h"
#include "api/moment.h"
#include "api/public_keys.h"
#include "api/views.h"
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
    std::optional<std::string> expires_at;

    static JwtKeyBody read(Fields& in) {
        JwtKeyBody body;
        body.public_key = in.text("publicKey");
        body.kid = in.text("kid");
        body.scopes = in.texts("scopes");
        body.title = in.maybe_text("title");
        body.client = in.maybe_text("clientId");
        body.projects = in.maybe_texts("projects").value_or(std::vector<std::string>());
        body.expires_at = in.maybe_text("expiresAt");
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

json::object view(const KeyId& id, const store::KeyRow& row) {
    json::object body = key_json(id, row);
    body["kid"] = row.kid;
    body["publicKey"] = pem_of(row.public_key);
    return body;
}

PublicKeys jwt_keys() {
    return {store::KeyKind::Jwt, "JWT key", "jwtKeys", view};
}

Result<auth::NewJwtKey> plan_key(const Call& call, const JwtKeyBody& body) {
    ORIGIN_TRY(client, client_of(call, body.client.value_or("")));
    ORIGIN_TRY(key, auth::parse_jwt_key(body.public_key));
    ORIGIN_TRY(scopes, auth::Scopes::parse(body.scopes));
    ORIGIN_TRY(projects, projects_of(call, body.projects));
    UnixMillis expires_at = 0;
    if (body.expires_at) {
        ORIGIN_TRY(moment, parse_moment(*body.expires_at));
        if (moment <= call.now()) {
            return std::unexpected(
                Error(Code::InvalidInput, "'expiresAt' is in the past").because("bad_time"));
        }
        expires_at = moment;
    }
    return auth::NewJwtKey{.id = KeyId::make(call.around.clock, call.around.random),
                           .der = key.der(),
                           .kid = body.kid,
                           .client = client,
                           .title = body.title.value_or(""),
                           .scopes = scopes,
                           .projects = std::move(projects),
                           .expires_at = expires_at,
                           .now = call.now()};
}

Status store_key(store::Writer& writer, store::AuditRow told, const auth::NewJwtKey& wanted) {
    ORIGIN_CHECK(check_owner(writer, wanted.client, wanted.projects));
    ORIGIN_TRY(row, auth::create_jwt_key(writer, wanted));
    told.client = row.client;
    told.subject = wanted.id.str();
    told.details = {{"kind", jwt_keys().what}, {"title", row.title}, {"kid", row.kid}};
    return auth::record_audit(writer, std::move(told));
}

}  // namespace

BodyShape jwt_key_shape() {
    return shape_of<JwtKeyBody>();
}

Answer create_jwt_key(const Call& call) {
    ORIGIN_TRY(body, read_body<JwtKeyBody>(call.body));
    ORIGIN_TRY(wanted, plan_key(call, body));
    return once_only(
        call,
        [&](const auth::Once& once) -> Answer {
            const store::AuditRow asked = call.audit("key.created");
            ORIGIN_CHECK(call.write([&](store::Writer& writer) -> Status {
                ORIGIN_CHECK(store_key(writer, asked, wanted));
                return once.record(writer, {wanted.id.str()});
            }));
            return show_public_key(call, jwt_keys(), wanted.id);
        },
        [&](const Ids& ids) -> Answer {
            ORIGIN_TRY(id, need_id<KeyId>(ids.front(), "key"));
            return show_public_key(call, jwt_keys(), id);
        });
}

Answer list_jwt_keys(const Call& call) {
    return list_public_keys(call, jwt_keys());
}

Answer delete_jwt_key(const Call& call) {
    return delete_public_key(call, jwt_keys());
}

}  // namespace origin::api

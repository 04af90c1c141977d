// SPDX-License-Identifier: Apache-2.0
#include "auth/jwt_keys.h"

#include <algorithm>

#include "auth/accounts.h"
#include "crypto/hash.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::auth {
namespace {

using store::Table;

std::unexpected<Error> bad_input(std::string reason, std::string why) {
    return std::unexpected(Error(Code::InvalidInput, std::move(why)).because(std::move(reason)));
}

std::unexpected<Error> refuse(const std::string& why) {
    return std::unexpected(Error(Code::Unauthenticated, "this token is refused: " + why, why));
}

std::unexpected<Error> unknown_signer(std::string why) {
    return std::unexpected(Error(Code::Unauthenticated,
                                 "this token is refused: no key of its 'iss' and 'kid' signed it",
                                 std::move(why)));
}

/// Those of `some` that `all` has, by what each of them means.
Scopes common(Scopes some, Scopes all) {
    std::uint32_t bits = 0;
    for (std::uint32_t bit = 1; bit != 0 && bit <= some.bits(); bit <<= 1) {
        const bool is_asked = (some.bits() & bit) != 0;
        bits |= is_asked && all.has(static_cast<Scope>(bit)) ? bit : 0;
    }
    return Scopes(bits);
}

bool contains(const std::vector<ProjectId>& projects, const ProjectId& project) {
    return std::ranges::find(projects, project) != projects.end();
}

Result<std::vector<ProjectId>> parse_projects(const std::vector<std::string>& texts) {
    std::vector<ProjectId> projects;
    for (const std::string& text : texts) {
        const auto id = ProjectId::parse(text);
        if (!id) {
            return refuse("'projects' are ids: prj_...");
        }
        projects.push_back(*id);
    }
    // Empty means all in an identity, and surely not in a token that says so.
    return projects.empty() ? Result<std::vector<ProjectId>>(refuse("'projects' names none"))
                            : projects;
}

}  // namespace

Result<crypto::PublicKey> parse_jwt_key(std::string_view pem) {
    auto key = crypto::PublicKey::from_pem(pem);
    const bool is_taken =
        key && (key->type() == crypto::KeyType::Ed25519 || key->type() == crypto::KeyType::EcP256 ||
                (key->type() == crypto::KeyType::Rsa && key->bits() >= kJwtRsaBitsMin &&
                 key->bits() <= kJwtRsaBitsMax));
    if (!is_taken) {
        return bad_input(
            "bad_jwt_key",
            "give one PEM block 'PUBLIC KEY', as openssl pkey -pubout writes it, of an "
            "Ed25519 key, of one on P-256, or of RSA with 3072 to 8192 bits");
    }
    return std::move(*key);
}

Result<store::KeyRow> create_jwt_key(store::Writer& writer, const NewJwtKey& wanted) {
    ORIGIN_CHECK(check_display_name(wanted.title));
    if (!is_token_name(wanted.kid, kKidBytesMax)) {
        return bad_input("bad_kid", "a 'kid' is 1 to 64 of A-Z a-z 0-9 . _ - :");
    }
    if (wanted.scopes.has(Scope::Admin)) {
        return bad_input("scope_not_for_tokens",
                         "a signed token cannot have the scope 'admin': it could make keys that "
                         "outlive it");
    }
    ORIGIN_CHECK(store::need_row<store::ClientRow>(
        writer, Table::Clients, wanted.client.view(), "no such client"));
    const std::string name = store::jwt_key_key(wanted.client, wanted.kid);
    ORIGIN_TRY(taken, writer.get(Table::Slugs, name));
    if (taken) {
        return std::unexpected(
            Error(Code::Conflict, "this client has a key with that 'kid' already")
                .because("kid_taken"));
    }
    store::KeyRow row;
    row.client = wanted.client;
    row.title = wanted.title;
    row.secret_sha256 = crypto::sha256(wanted.der);
    row.scopes = wanted.scopes.bits();
    row.projects = wanted.projects;
    row.created_at = wanted.now;
    row.expires_at = wanted.expires_at;
    row.public_key = wanted.der;
    row.kind = store::KeyKind::Jwt;
    row.kid = wanted.kid;
    ORIGIN_CHECK(store::put_row(writer, Table::Keys, wanted.id.view(), row));
    ORIGIN_CHECK(writer.put(Table::Slugs, name, wanted.id.view()));
    ORIGIN_CHECK(writer.put(
        Table::Slugs, store::client_key_key(wanted.client, wanted.id), wanted.id.view()));
    return row;
}

Result<SigningClient> find_signer(store::Reader& reader, const Jwt& token) {
    ORIGIN_TRY(client, find_client(reader, token.claims.issuer));
    if (!client) {
        return unknown_signer("unknown issuer of a token");
    }
    ORIGIN_TRY(raw, reader.get(Table::Slugs, store::jwt_key_key(*client, token.kid)));
    const auto id = raw ? KeyId::from_raw(*raw) : std::nullopt;
    if (!id) {
        return unknown_signer("unknown kid of a token");
    }
    ORIGIN_TRY(row, store::get_row<store::KeyRow>(reader, Table::Keys, id->view()));
    if (!row || row->kind != store::KeyKind::Jwt || row->client != *client ||
        row->kid != token.kid || !row->limits.none()) {
        return unknown_signer("no key for tokens " + id->str());
    }
    const auto key = crypto::PublicKey::from_der(row->public_key);
    if (!key || !is_signed_by(token, *key)) {
        return unknown_signer("wrong signature or algorithm of a token for " + id->str());
    }
    return SigningClient{*id, std::move(*row)};
}

Result<Identity> narrowed(Identity whole, const JwtClaims& claims) {
    if (claims.scopes) {
        auto scopes = Scopes::parse(*claims.scopes);
        if (!scopes) {
            return refuse(scopes.error().told_to_peer());
        }
        if (common(*scopes, whole.scopes).bits() != scopes->bits()) {
            return refuse("it asks for more scopes than its key has");
        }
        whole.scopes = *scopes;
    }
    if (claims.projects) {
        ORIGIN_TRY(projects, parse_projects(*claims.projects));
        const bool is_within = std::ranges::all_of(projects, [&](const ProjectId& project) {
            return whole.projects.empty() || contains(whole.projects, project);
        });
        if (!is_within) {
            return refuse("it names projects that its key is not for");
        }
        whole.projects = projects;
    }
    whole.expires_at =
        whole.expires_at == 0 ? claims.expires_at : std::min(whole.expires_at, claims.expires_at);
    whole.limits = claims.limits;
    whole.token_id = claims.token_id;
    whole.is_signed_token = true;
    whole.server_admin = false;
    return whole;
}

Result<Identity> narrowed(Identity now, const Identity& before, UnixMillis now_at) {
    if (before.expires_at <= now_at) {
        return refuse("it has expired");
    }
    now.scopes = common(before.scopes, now.scopes);
    if (now.projects.empty()) {
        now.projects = before.projects;
    } else if (!before.projects.empty()) {
        std::erase_if(now.projects, [&](const ProjectId& project) {
            return !contains(before.projects, project);
        });
        if (now.projects.empty()) {
            return refuse("its key is for other projects now");
        }
    }
    now.expires_at = before.expires_at;
    now.limits = before.limits;
    now.token_id = before.token_id;
    now.is_signed_token = true;
    now.server_admin = false;
    return now;
}

}  // namespace origin::auth

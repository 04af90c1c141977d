// SPDX-License-Identifier: Apache-2.0
#include "auth/gatekeeper.h"

#include <algorithm>

#include "auth/grants.h"
#include "auth/jwt.h"
#include "auth/jwt_keys.h"
#include "auth/key_text.h"
#include "crypto/hash.h"
#include "crypto/hmac.h"
#include "store/rows/access.h"
#include "store/rows/identity.h"
#include "store/rows/keys.h"

namespace origin::auth {
namespace {

using store::Reader;
using store::Table;

std::unexpected<Error> unauthenticated(std::string why) {
    return std::unexpected(Error(Code::Unauthenticated,
                                 "a valid key is needed: HTTP Basic with the key as password, or "
                                 "Authorization: Bearer KEY",
                                 std::move(why)));
}

std::unexpected<Error> too_many_failures(std::string_view whose, std::chrono::seconds wait) {
    return std::unexpected(Error(Code::LimitExceeded,
                                 "too many bad keys " + std::string(whose) + "; try again in " +
                                     std::to_string(wait.count()) + " s")
                               .because("too_many_failures"));
}

std::unexpected<Error> no_such_project() {
    return std::unexpected(Error(Code::NotFound, "no such project"));
}

Scope scope_for(Action action) {
    switch (action) {
        case Action::Read:
            return Scope::GitRead;
        case Action::Write:
            return Scope::GitWrite;
        case Action::Require:
            return Scope::Requirements;
        case Action::Deploy:
            return Scope::Deploy;
        case Action::Admin:
            return Scope::Admin;
    }
    return Scope::Admin;
}

std::string_view name_of(Scope scope, std::vector<std::string>& names) {
    names = Scopes(static_cast<std::uint32_t>(scope)).names();
    return names.front();
}

/// Expired, revoked or of a disabled client: why, or nothing.
Result<std::optional<std::string>> unusable(Reader& reader,
                                            const store::KeyRow& key,
                                            UnixMillis now) {
    if (key.revoked_at != 0) {
        return std::optional<std::string>("key is revoked");
    }
    if (key.expires_at != 0 && key.expires_at <= now) {
        return std::optional<std::string>("key has expired");
    }
    if (key.minted_by) {
        ORIGIN_TRY(minter,
                   store::get_row<store::KeyRow>(reader, Table::Keys, key.minted_by->view()));
        if (!minter || minter->token) {
            return std::optional<std::string>("the key that minted this token is gone");
        }
        ORIGIN_TRY(why, unusable(reader, *minter, now));
        if (why) {
            return std::optional<std::string>("of the token's minter: " + *why);
        }
    }
    ORIGIN_TRY(client, store::get_row<store::ClientRow>(reader, Table::Clients, key.client.view()));
    if (!client || client->disabled) {
        return std::optional<std::string>("client is gone or disabled");
    }
    return std::optional<std::string>();
}

/// What the identity may know of and do with a project, its key's scopes aside; nullopt: nothing.
Result<std::optional<store::Access>> access_to(Reader& reader,
                                               const Identity& identity,
                                               const ProjectId& project,
                                               const store::ProjectRow& row) {
    if (identity.server_admin) {
        return std::optional(store::Access::Admin);
    }
    ORIGIN_TRY(own, access_of(reader, identity.client, project, row));
    return !own && row.is_public ? std::optional(store::Access::Read) : own;
}

std::string lacks(store::Access access) {
    return "of this project you have " + std::string(auth::name_of(access)) + " access only";
}

Status check_still_admin(const Identity& before, const Identity& now) {
    return now.server_admin || !before.server_admin
               ? Status()
               : std::unexpected(Error(Code::Forbidden, "your client is no admin any more"));
}

}  // namespace

Result<Identity> Gatekeeper::identify(std::string_view key_text, const Caller& caller) {
    const std::string_view peer = caller.peer;
    const auto refused = [&](const std::optional<KeyId>& id, const Error& error) {
        refused_.add();
        failures_.record(peer);
        notes_.refused(id, caller, error.kept_in_log());
    };
    if (const auto wait = failures_.wait_for(peer); wait.count() > 0) {
        auto error = too_many_failures("from this address", wait);
        notes_.refused(std::nullopt, caller, "too many failures from this address");
        return error;
    }
    if (key_text.empty()) {
        return unauthenticated("no key");  // Git's first request has none: not a failure.
    }
    if (looks_like_jwt(key_text)) {
        auto identity = identify_token(key_text);
        if (!identity && identity.error().code() == Code::Unauthenticated) {
            refused(std::nullopt, identity.error());
        } else if (identity) {
            notes_.used(*identity->key, caller);
        }
        return identity;
    }
    const auto id = key_id_of(key_text);
    if (!id) {
        auto error = unauthenticated("malformed key");
        refused(std::nullopt, error.error());
        return error;
    }
    Result<Identity> identity = unauthenticated("not read");
    ORIGIN_CHECK(store_.read([&](Reader& reader) -> Status {
        identity = identify_key(reader, *id, key_text);
        return {};
    }));
    if (!identity && identity.error().code() == Code::Unauthenticated) {
        // Slowed per key id as well, whatever addresses the guesses come from. The right key still
        // works meanwhile: nobody can lock its owner out.
        const auto slowed = failures_.wait_for(id->view());
        failures_.record(id->view());
        refused(id, identity.error());
        return slowed.count() > 0 ? Result<Identity>(too_many_failures("for this key", slowed))
                                  : std::move(identity);
    }
    if (identity && identity->key) {
        notes_.used(*identity->key, caller);
    }
    return identity;
}

Result<Identity> Gatekeeper::identify_token(std::string_view text) const {
    ORIGIN_TRY(token, parse_jwt(text));
    ORIGIN_CHECK(check_claims(token.claims, audience_, clock_.now()));
    Result<Identity> identity = unauthenticated("not read");
    ORIGIN_CHECK(store_.read([&](Reader& reader) -> Status {
        ORIGIN_TRY(signer, find_signer(reader, token));
        identity = make_identity(reader, signer.id, signer.key);
        return {};
    }));
    return identity ? narrowed(std::move(*identity), token.claims) : identity;
}

Result<Identity> Gatekeeper::identify_key(Reader& reader,
                                          const KeyId& id,
                                          std::string_view text) const {
    ORIGIN_TRY(key, store::get_row<store::KeyRow>(reader, Table::Keys, id.view()));
    if (!key) {
        return unauthenticated("unknown key " + id.str());
    }
    if (key->kind != store::KeyKind::Secret) {
        return unauthenticated("a public key is no secret " + id.str());
    }
    if (!crypto::constant_time_equal(key->secret_sha256, key_hash(text))) {
        return unauthenticated("wrong secret for key " + id.str());
    }
    return make_identity(reader, id, *key);
}

Result<Identity> Gatekeeper::identify_ssh(std::string_view blob) const {
    Result<Identity> identity = unauthenticated("unknown SSH key");
    ORIGIN_CHECK(store_.read([&](Reader& reader) -> Status {
        ORIGIN_TRY(raw, reader.get(Table::Slugs, store::ssh_key_key(crypto::sha256(blob))));
        const auto id = raw ? KeyId::from_raw(*raw) : std::nullopt;
        if (!id) {
            return {};
        }
        ORIGIN_TRY(key, store::get_row<store::KeyRow>(reader, Table::Keys, id->view()));
        if (key && key->kind == store::KeyKind::Ssh && key->public_key == blob) {
            identity = make_identity(reader, *id, *key);
        }
        return {};
    }));
    return identity;
}

void Gatekeeper::note_refused_ssh(std::string_view blob,
                                  const Caller& caller,
                                  std::string_view why) {
    std::optional<KeyId> id;
    const Status read = store_.read([&](Reader& reader) -> Status {
        ORIGIN_TRY(raw, reader.get(Table::Slugs, store::ssh_key_key(crypto::sha256(blob))));
        id = raw ? KeyId::from_raw(*raw) : std::nullopt;
        return {};
    });
    notes_.refused(read ? id : std::nullopt, caller, why);
}

Result<Identity> Gatekeeper::make_identity(Reader& reader,
                                           const KeyId& id,
                                           const store::KeyRow& key) const {
    ORIGIN_TRY(why, unusable(reader, key, clock_.now()));
    if (why) {
        return unauthenticated(*why + " " + id.str());
    }
    ORIGIN_TRY(client,
               store::need_row<store::ClientRow>(
                   reader, Table::Clients, key.client.view(), "no such client"));
    const Scopes scopes(key.scopes);
    return Identity{key.client,
                    client.slug,
                    client.display_name,
                    client.email,
                    id,
                    scopes,
                    key.projects,
                    client.admin && scopes.has(Scope::Admin) && key.projects.empty(),
                    key.limits,
                    key.expires_at};
}

Result<Identity> Gatekeeper::identity_now(Reader& reader,
                                          const ClientId& client,
                                          const std::optional<KeyId>& key) const {
    if (key) {
        ORIGIN_TRY(row, store::get_row<store::KeyRow>(reader, Table::Keys, key->view()));
        return row ? make_identity(reader, *key, *row)
                   : Result<Identity>(unauthenticated("key is gone"));
    }
    ORIGIN_TRY(row, store::get_row<store::ClientRow>(reader, Table::Clients, client.view()));
    if (!row || row->disabled) {
        return unauthenticated("client is gone or disabled");
    }
    return Identity{client,
                    row->slug,
                    row->display_name,
                    row->email,
                    std::nullopt,
                    Scopes::all(),
                    {},
                    row->admin};
}

Result<Identity> Gatekeeper::identity_now(Reader& reader, const Identity& before) const {
    ORIGIN_TRY(now, identity_now(reader, before.client, before.key));
    return before.is_signed_token ? narrowed(std::move(now), before, clock_.now())
                                  : Result<Identity>(std::move(now));
}

Result<Identity> Gatekeeper::identity_again(const Identity& before) const {
    Result<Identity> identity = unauthenticated("not read");
    ORIGIN_CHECK(store_.read([&](Reader& reader) -> Status {
        identity = identity_now(reader, before);
        return {};
    }));
    return identity;
}

Result<Identity> Gatekeeper::identity_of(const ClientId& client,
                                         const std::optional<KeyId>& key) const {
    Result<Identity> identity = unauthenticated("not read");
    ORIGIN_CHECK(store_.read([&](Reader& reader) -> Status {
        identity = identity_now(reader, client, key);
        return {};
    }));
    return identity;
}

Identity Gatekeeper::anonymous() {
    return {.client = {},
            .slug = {},
            .name = "anonymous",
            .email = {},
            .key = std::nullopt,
            .scopes = Scopes(static_cast<std::uint32_t>(Scope::GitRead)),
            .projects = {}};
}

Result<Identity> Gatekeeper::local_operator() {
    std::optional<Identity> found;
    ORIGIN_CHECK(store_.read([&](Reader& reader) -> Status {
        ORIGIN_TRY(clients, store::scan_rows<store::ClientRow>(reader, Table::Clients, {}));
        for (const auto& [raw, client] : clients) {
            if (client.admin && !client.disabled) {
                found = Identity{*ClientId::from_raw(raw),
                                 client.slug,
                                 client.display_name,
                                 client.email,
                                 std::nullopt,
                                 Scopes::all(),
                                 {},
                                 true};
                break;
            }
        }
        return {};
    }));
    if (!found) {
        return std::unexpected(
            Error(Code::NotFound, "there is no admin client; run 'origind init'"));
    }
    return *found;
}

Result<Permit> Gatekeeper::permit(Reader& reader,
                                  const Identity& identity,
                                  const ProjectId& project,
                                  Action action) const {
    ORIGIN_TRY(row, store::get_row<store::ProjectRow>(reader, Table::Projects, project.view()));
    const bool listed = identity.projects.empty() ||
                        std::ranges::find(identity.projects, project) != identity.projects.end();
    if (!row || row->deleted_at != 0 || !listed) {
        return no_such_project();
    }
    ORIGIN_TRY(access, access_to(reader, identity, project, *row));
    if (!access) {
        return no_such_project();
    }
    const Scope scope = scope_for(action);
    if (action == Action::Require) {
        ORIGIN_CHECK(check_may_require(identity));
    }
    if (identity.scopes.has(scope) && covers(*access, action)) {
        return Permit(identity, project, action);
    }
    const bool sees = identity.scopes.has(Scope::GitRead);
    if (!sees) {
        return no_such_project();
    }
    const Status has_scope = need(identity, scope);
    return std::unexpected(has_scope ? Error(Code::Forbidden, lacks(*access)) : has_scope.error());
}

Status Gatekeeper::check_client(Reader& reader,
                                const Identity& identity,
                                const ProjectId& project,
                                Action action) {
    ORIGIN_TRY(row, store::get_row<store::ProjectRow>(reader, Table::Projects, project.view()));
    if (!row || row->deleted_at != 0) {
        return no_such_project();
    }
    ORIGIN_TRY(access, access_to(reader, identity, project, *row));
    if (!access) {
        return no_such_project();
    }
    return covers(*access, action) ? Status()
                                   : std::unexpected(Error(Code::Forbidden, lacks(*access)));
}

Result<Permit> Gatekeeper::permit(const Identity& identity,
                                  const ProjectId& project,
                                  Action action) const {
    Result<Permit> permit = no_such_project();
    ORIGIN_CHECK(store_.read([&](Reader& reader) -> Status {
        permit = this->permit(reader, identity, project, action);
        return {};
    }));
    return permit;
}

Result<Permit> Gatekeeper::permit_to_create(const Identity& identity, const ProjectId& future) {
    if (!identity.scopes.has(Scope::ProjectsCreate) || !identity.projects.empty()) {
        return no_such_project();
    }
    return Permit(identity, future, Action::Write, true);
}

Status Gatekeeper::recheck(Reader& reader, const Permit& permit) const {
    ORIGIN_TRY(now, identity_now(reader, permit.identity()));
    if (!permit.creates()) {
        ORIGIN_CHECK(this->permit(reader, now, permit.project(), permit.action()));
    }
    return check_still_admin(permit.identity(), now);
}

Status Gatekeeper::recheck(Reader& reader, const Identity& identity) const {
    ORIGIN_TRY(now, identity_now(reader, identity));
    return check_still_admin(identity, now);
}

Status Gatekeeper::check_may_require(const Identity& identity) {
    if (!identity.is_signed_token || identity.limits.none()) {
        return {};
    }
    return std::unexpected(Error(Code::Forbidden,
                                 "a signed token with limits on refs, paths or pushes cannot ask "
                                 "for a run, which would not keep to them")
                               .because("limited_token"));
}

Status Gatekeeper::need(const Identity& identity, Scope scope) {
    if (identity.scopes.has(scope)) {
        return {};
    }
    std::vector<std::string> names;
    return std::unexpected(
        Error(Code::Forbidden, "this key lacks the scope " + std::string(name_of(scope, names))));
}

}  // namespace origin::auth

// SPDX-License-Identifier: Apache-2.0
#include "auth/accounts.h"

#include <algorithm>

#include "auth/key_text.h"
#include "auth/slug.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "crypto/hash.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::auth {

using store::Table;

namespace {

std::unexpected<Error> slug_taken(const std::string& slug) {
    return std::unexpected(
        Error(Code::Conflict, "there is a client '" + slug + "' already").because("slug_taken"));
}

/// Somebody but `id` must be able to manage the server.
Status need_another_admin(store::Reader& reader, const ClientId& id) {
    ORIGIN_TRY(clients, store::scan_rows<store::ClientRow>(reader, Table::Clients, {}));
    const bool has_another = std::ranges::any_of(clients, [&](const auto& each) {
        return each.first != id.view() && each.second.admin && !each.second.disabled;
    });
    return has_another ? Status()
                       : std::unexpected(
                             Error(Code::Conflict, "this is the last admin; make another one first")
                                 .because("last_admin"));
}

/// What table Slugs lists under `prefix`: the values.
Result<std::vector<std::string>> listed(store::Reader& reader, const std::string& prefix) {
    std::vector<std::string> values;
    ORIGIN_CHECK(reader.scan(
        Table::Slugs, store::Range::prefix(prefix), [&](std::string_view, std::string_view value) {
            values.emplace_back(value);
            return true;
        }));
    return values;
}

}  // namespace

Status check_display_name(std::string_view name) {
    const auto refuse = [](std::string why) {
        return std::unexpected(Error(Code::InvalidInput, std::move(why)).because("bad_name"));
    };
    if (name.size() > kDisplayNameBytesMax) {
        return refuse("a name has at most 200 bytes");
    }
    while (!name.empty()) {
        const auto point = take_code_point(name);
        // Angle brackets would end a name inside a commit's author line.
        if (!point || is_deceptive(*point) || *point == '<' || *point == '>') {
            return refuse("a name is UTF-8 without control characters, '<' and '>'");
        }
    }
    return {};
}

Result<std::optional<ClientId>> find_client(store::Reader& reader, std::string_view name) {
    if (const auto id = ClientId::parse(name)) {
        return id;
    }
    if (!check_slug(name)) {
        return std::nullopt;
    }
    ORIGIN_TRY(raw, reader.get(Table::Slugs, store::client_slug_key(name)));
    return raw ? std::optional<ClientId>(ClientId::from_raw(*raw)) : std::nullopt;
}

Result<store::ClientRow> create_client(store::Writer& writer, const NewClient& wanted) {
    ORIGIN_CHECK(check_slug(wanted.slug));
    ORIGIN_CHECK(check_display_name(wanted.name));
    ORIGIN_CHECK(check_display_name(wanted.email));
    const std::string slug_key = store::client_slug_key(wanted.slug);
    ORIGIN_TRY(taken, writer.get(Table::Slugs, slug_key));
    if (taken) {
        return slug_taken(wanted.slug);
    }
    store::ClientRow row{.slug = wanted.slug,
                         .display_name = wanted.name.empty() ? wanted.slug : wanted.name,
                         .email = wanted.email.empty()
                                      ? wanted.slug + "@users.noreply.origind.invalid"
                                      : wanted.email,
                         .admin = wanted.admin,
                         .disabled = false,
                         .created_at = wanted.now};
    ORIGIN_CHECK(writer.put(Table::Slugs, slug_key, wanted.id.view()));
    ORIGIN_CHECK(store::put_row(writer, Table::Clients, wanted.id.view(), row));
    return row;
}

Result<store::ClientRow> change_client(store::Writer& writer,
                                       const ClientId& id,
                                       const ClientChange& change) {
    ORIGIN_TRY(
        row,
        store::need_row<store::ClientRow>(writer, Table::Clients, id.view(), "no such client"));
    const bool was_admin = row.admin && !row.disabled;
    if (change.slug && *change.slug != row.slug) {
        ORIGIN_CHECK(check_slug(*change.slug));
        ORIGIN_TRY(taken, writer.get(Table::Slugs, store::client_slug_key(*change.slug)));
        if (taken) {
            return slug_taken(*change.slug);
        }
        ORIGIN_CHECK(writer.erase(Table::Slugs, store::client_slug_key(row.slug)));
        ORIGIN_CHECK(writer.put(Table::Slugs, store::client_slug_key(*change.slug), id.view()));
        row.slug = *change.slug;
    }
    for (const auto& text : {change.name, change.email}) {
        ORIGIN_CHECK(check_display_name(text.value_or("")));
    }
    row.display_name = change.name.value_or(row.display_name);
    row.email = change.email.value_or(row.email);
    row.admin = change.admin.value_or(row.admin);
    row.disabled = change.disabled.value_or(row.disabled);
    if (was_admin && !(row.admin && !row.disabled)) {
        ORIGIN_CHECK(need_another_admin(writer, id));
    }
    ORIGIN_CHECK(store::put_row(writer, Table::Clients, id.view(), row));
    return row;
}

Status delete_client(store::Writer& writer, const ClientId& id) {
    ORIGIN_TRY(
        row,
        store::need_row<store::ClientRow>(writer, Table::Clients, id.view(), "no such client"));
    if (row.admin && !row.disabled) {
        ORIGIN_CHECK(need_another_admin(writer, id));
    }
    ORIGIN_TRY(projects, listed(writer, store::project_slug_key(id, {})));
    if (!projects.empty()) {
        return std::unexpected(Error(Code::Conflict,
                                     "this client owns " + std::to_string(projects.size()) +
                                         " projects; delete them first")
                                   .because("client_owns_projects"));
    }
    ORIGIN_TRY(keys, listed(writer, store::key(store::SlugKind::ClientKey, id)));
    for (const std::string& raw : keys) {
        if (const auto key = KeyId::from_raw(raw)) {
            ORIGIN_CHECK(erase_key(writer, *key));
        }
    }
    ORIGIN_TRY(shared, listed(writer, store::key(store::SlugKind::ClientGrant, id)));
    for (const std::string& raw : shared) {
        if (const auto project = ProjectId::from_raw(raw)) {
            ORIGIN_CHECK(writer.erase(Table::Grants, store::grant_key(*project, id)));
            ORIGIN_CHECK(writer.erase(Table::Slugs, store::client_grant_key(id, *project)));
        }
    }
    ORIGIN_CHECK(writer.scan(Table::Webhooks,
                             store::Range::prefix(id.view()),
                             [&](std::string_view key, std::string_view) {
                                 return writer.erase(Table::Webhooks, std::string(key)).has_value();
                             }));
    ORIGIN_CHECK(writer.erase(Table::Slugs, store::client_slug_key(row.slug)));
    return writer.erase(Table::Clients, id.view());
}

Result<store::KeyRow> create_key(store::Writer& writer, const NewKey& wanted) {
    ORIGIN_CHECK(check_display_name(wanted.title));
    ORIGIN_CHECK(store::need_row<store::ClientRow>(
        writer, Table::Clients, wanted.client.view(), "no such client"));
    store::KeyRow row{.client = wanted.client,
                      .title = wanted.title,
                      .secret_sha256 = key_hash(wanted.text.reveal()),
                      .scopes = wanted.scopes.bits(),
                      .projects = wanted.projects,
                      .created_at = wanted.now,
                      .expires_at = wanted.expires_at,
                      .revoked_at = 0,
                      .public_key = {},
                      .kind = store::KeyKind::Secret,
                      .kid = {},
                      .limits = wanted.limits,
                      .replaced_by = {},
                      .token = wanted.token,
                      .minted_by = wanted.minted_by};
    ORIGIN_CHECK(store::put_row(writer, Table::Keys, wanted.id.view(), row));
    ORIGIN_CHECK(writer.put(
        Table::Slugs, store::client_key_key(wanted.client, wanted.id), wanted.id.view()));
    return row;
}

Result<store::KeyRow> create_ssh_key(store::Writer& writer, const NewSshKey& wanted) {
    const std::string title = wanted.title.empty() ? wanted.key.comment : wanted.title;
    ORIGIN_CHECK(check_display_name(title));
    ORIGIN_CHECK(store::need_row<store::ClientRow>(
        writer, Table::Clients, wanted.client.view(), "no such client"));
    const std::string hash = crypto::sha256(wanted.key.blob);
    ORIGIN_TRY(taken, writer.get(Table::Slugs, store::ssh_key_key(hash)));
    if (taken) {
        return std::unexpected(
            Error(Code::Conflict,
                  "this SSH key was added before; a key belongs to one client, once")
                .because("ssh_key_taken"));
    }
    store::KeyRow row{.client = wanted.client,
                      .title = title,
                      .secret_sha256 = hash,
                      .scopes = wanted.scopes.bits(),
                      .projects = wanted.projects,
                      .created_at = wanted.now,
                      .expires_at = wanted.expires_at,
                      .revoked_at = 0,
                      .public_key = wanted.key.blob,
                      .kind = store::KeyKind::Ssh,
                      .kid = {},
                      .limits = {},
                      .replaced_by = {},
                      .token = false,
                      .minted_by = {}};
    ORIGIN_CHECK(store::put_row(writer, Table::Keys, wanted.id.view(), row));
    ORIGIN_CHECK(writer.put(Table::Slugs, store::ssh_key_key(hash), wanted.id.view()));
    ORIGIN_CHECK(writer.put(
        Table::Slugs, store::client_key_key(wanted.client, wanted.id), wanted.id.view()));
    return row;
}

Status erase_key(store::Writer& writer, const KeyId& id) {
    ORIGIN_TRY(row, store::get_row<store::KeyRow>(writer, Table::Keys, id.view()));
    if (!row) {
        return {};
    }
    switch (row->kind) {
        case store::KeyKind::Secret:
            break;
        case store::KeyKind::Ssh:
            ORIGIN_CHECK(writer.erase(Table::Slugs, store::ssh_key_key(row->secret_sha256)));
            break;
        case store::KeyKind::Jwt:
            ORIGIN_CHECK(writer.erase(Table::Slugs, store::jwt_key_key(row->client, row->kid)));
            break;
        case store::KeyKind::Signing:
            ORIGIN_CHECK(writer.erase(Table::Slugs, store::signing_key_key(row->secret_sha256)));
            break;
    }
    ORIGIN_CHECK(writer.erase(Table::KeyUses, id.view()));
    ORIGIN_CHECK(writer.erase(Table::Slugs, store::client_key_key(row->client, id)));
    return writer.erase(Table::Keys, id.view());
}

Status revoke_key(store::Writer& writer, const KeyId& id, UnixMillis now) {
    ORIGIN_TRY(row, store::need_row<store::KeyRow>(writer, Table::Keys, id.view(), "no such key"));
    if (row.revoked_at == 0) {
        row.revoked_at = now;
        ORIGIN_CHECK(store::put_row(writer, Table::Keys, id.view(), row));
    }
    return {};
}

}  // namespace origin::auth

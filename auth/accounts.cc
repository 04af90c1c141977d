// SPDX-License-Identifier: Apache-2.0
#include "auth/accounts.h"

#include "auth/key_text.h"
#include "auth/slug.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "crypto/hash.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::auth {

using store::Table;

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

Result<store::ClientRow> create_client(store::Writer& writer, const NewClient& wanted) {
    ORIGIN_CHECK(check_slug(wanted.slug));
    ORIGIN_CHECK(check_display_name(wanted.name));
    ORIGIN_CHECK(check_display_name(wanted.email));
    const std::string slug_key = store::client_slug_key(wanted.slug);
    ORIGIN_TRY(taken, writer.get(Table::Slugs, slug_key));
    if (taken) {
        return std::unexpected(
            Error(Code::Conflict, "there is a client '" + wanted.slug + "' already")
                .because("slug_taken"));
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
                      .ssh_blob = {}};
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
                      .expires_at = 0,
                      .revoked_at = 0,
                      .ssh_blob = wanted.key.blob};
    ORIGIN_CHECK(store::put_row(writer, Table::Keys, wanted.id.view(), row));
    ORIGIN_CHECK(writer.put(Table::Slugs, store::ssh_key_key(hash), wanted.id.view()));
    ORIGIN_CHECK(writer.put(
        Table::Slugs, store::client_key_key(wanted.client, wanted.id), wanted.id.view()));
    return row;
}

Status remove_ssh_key(store::Writer& writer, const KeyId& id) {
    ORIGIN_TRY(row, store::need_row<store::KeyRow>(writer, Table::Keys, id.view(), "no such key"));
    if (row.ssh_blob.empty()) {
        return std::unexpected(Error(Code::NotFound, "no such SSH key"));
    }
    ORIGIN_CHECK(writer.erase(Table::Slugs, store::ssh_key_key(row.secret_sha256)));
    ORIGIN_CHECK(writer.erase(Table::Slugs, store::client_key_key(row.client, id)));
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

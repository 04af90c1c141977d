// SPDX-License-Identifier: Apache-2.0
#include "auth/signing_keys.h"

#include "auth/accounts.h"
#include "crypto/hash.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::auth {

using store::Table;

Result<store::KeyRow> create_signing_key(store::Writer& writer, const NewSigningKey& wanted) {
    store::KeyRow row;
    row.client = wanted.client;
    row.title = wanted.title.empty() ? wanted.key.comment : wanted.title;
    row.secret_sha256 = crypto::sha256(wanted.key.blob);
    row.created_at = wanted.now;
    row.public_key = wanted.key.blob;
    row.kind = store::KeyKind::Signing;
    ORIGIN_CHECK(check_display_name(row.title));
    ORIGIN_CHECK(store::need_row<store::ClientRow>(
        writer, Table::Clients, wanted.client.view(), "no such client"));
    const std::string name = store::signing_key_key(row.secret_sha256);
    ORIGIN_TRY(taken, writer.get(Table::Slugs, name));
    if (taken) {
        return std::unexpected(
            Error(Code::Conflict,
                  "this signing key was added before; a public key signs for one client")
                .because("signing_key_taken"));
    }
    ORIGIN_CHECK(store::put_row(writer, Table::Keys, wanted.id.view(), row));
    ORIGIN_CHECK(writer.put(Table::Slugs, name, wanted.id.view()));
    ORIGIN_CHECK(writer.put(
        Table::Slugs, store::client_key_key(wanted.client, wanted.id), wanted.id.view()));
    return row;
}

Result<std::optional<SigningKey>> find_signing_key(store::Reader& reader,
                                                   std::string_view blob,
                                                   UnixMillis now) {
    const std::optional<SigningKey> nobody;
    ORIGIN_TRY(raw, reader.get(Table::Slugs, store::signing_key_key(crypto::sha256(blob))));
    const auto id = raw ? KeyId::from_raw(*raw) : std::nullopt;
    if (!id) {
        return nobody;
    }
    ORIGIN_TRY(key, store::get_row<store::KeyRow>(reader, Table::Keys, id->view()));
    if (!key || key->kind != store::KeyKind::Signing || key->public_key != blob ||
        key->revoked_at != 0 || (key->expires_at != 0 && key->expires_at <= now)) {
        return nobody;
    }
    ORIGIN_TRY(client,
               store::get_row<store::ClientRow>(reader, Table::Clients, key->client.view()));
    return client && !client->disabled ? std::optional(SigningKey{*id, key->client}) : nobody;
}

}  // namespace origin::auth

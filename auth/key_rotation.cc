// SPDX-License-Identifier: Apache-2.0
#include "auth/key_rotation.h"

#include <algorithm>

#include "auth/key_text.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::auth {
namespace {

using store::Table;

/// A clock that was set back may show a key that ends before it was made.
UnixMillis life_of(const store::KeyRow& key) {
    return std::max<UnixMillis>(1, key.expires_at - key.created_at);
}

}  // namespace

UnixMillis default_expiry(UnixMillis now) {
    return now + Milliseconds(kKeyLifeDefault).count();
}

Result<Rotated> rotate_key(store::Writer& writer, const Rotation& rotation) {
    const auto conflict = [](std::string why, std::string reason) {
        return std::unexpected(Error(Code::Conflict, std::move(why)).because(std::move(reason)));
    };
    ORIGIN_TRY(
        old_key,
        store::need_row<store::KeyRow>(writer, Table::Keys, rotation.id.view(), "no such key"));
    if (old_key.kind != store::KeyKind::Secret) {
        return std::unexpected(Error(Code::NotFound, "no such key"));
    }
    if (old_key.token) {
        return conflict("a token is not replaced; make another with the key that made it",
                        "token_cannot_rotate");
    }
    if (old_key.replaced_by) {
        return conflict("this key was replaced before, by " + old_key.replaced_by->str(),
                        "key_rotated");
    }
    if (old_key.revoked_at != 0 ||
        (old_key.expires_at != 0 && old_key.expires_at <= rotation.now)) {
        return conflict("this key is revoked or has expired; make a new one", "key_ended");
    }
    Rotated rotated{.old_key = old_key, .made = old_key};
    rotated.made.secret_sha256 = key_hash(rotation.made_text.reveal());
    rotated.made.created_at = rotation.now;
    if (old_key.expires_at != 0) {
        rotated.made.expires_at = rotation.now + life_of(old_key);
    }
    const UnixMillis end = rotation.now + Milliseconds(rotation.overlap).count();
    rotated.old_key.replaced_by = rotation.made_id;
    rotated.old_key.expires_at = old_key.expires_at == 0 ? end : std::min(old_key.expires_at, end);
    ORIGIN_CHECK(store::put_row(writer, Table::Keys, rotation.id.view(), rotated.old_key));
    ORIGIN_CHECK(store::put_row(writer, Table::Keys, rotation.made_id.view(), rotated.made));
    ORIGIN_CHECK(writer.put(Table::Slugs,
                            store::client_key_key(old_key.client, rotation.made_id),
                            rotation.made_id.view()));
    return rotated;
}

}  // namespace origin::auth

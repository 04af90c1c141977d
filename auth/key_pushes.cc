// SPDX-License-Identifier: Apache-2.0
#include "auth/key_pushes.h"

#include <utility>
#include <vector>

#include "auth/accounts.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::auth {
namespace {

using store::Table;

constexpr UnixMillis kKeptAfterEnd = 24LL * 60 * 60 * 1000;  // So that it can still be looked up.
constexpr std::size_t kSweptAtOnce = 16;

}  // namespace

Status plan_sweep(store::Writer& writer, std::string_view key_pushes, UnixMillis ends_at) {
    return writer.put(Table::Slugs, store::token_end_key(ends_at, key_pushes), key_pushes);
}

Status sweep_ended(store::Writer& writer, UnixMillis now) {
    std::vector<std::pair<std::string, std::string>> ended;
    const store::Range range{store::key(store::SlugKind::TokenEnd),
                             store::key(store::SlugKind::TokenEnd, now - kKeptAfterEnd)};
    ORIGIN_CHECK(
        writer.scan(Table::Slugs, range, [&](std::string_view key, std::string_view value) {
            ended.emplace_back(key, value);
            return ended.size() < kSweptAtOnce;
        }));
    for (const auto& [key, key_pushes] : ended) {
        ORIGIN_CHECK(writer.erase(Table::Slugs, key));
        ORIGIN_CHECK(writer.erase(Table::KeyPushes, key_pushes));
        const auto token = KeyId::from_raw(key_pushes);  // Longer: a `jti` follows; no row.
        if (token) {
            ORIGIN_CHECK(erase_key(writer, *token));
        }
    }
    return {};
}

Status count_push(store::Writer& writer, const Identity& identity, UnixMillis now) {
    if (identity.limits.pushes == 0 || !identity.key) {
        return {};
    }
    const std::string key = store::key_pushes_key(*identity.key, identity.token_id);
    ORIGIN_TRY(found, store::get_row<store::KeyPushesRow>(writer, Table::KeyPushes, key));
    store::KeyPushesRow row = found.value_or(store::KeyPushesRow());
    if (row.pushes >= identity.limits.pushes) {
        return std::unexpected(Error(Code::Forbidden,
                                     "this key has made all of its " +
                                         std::to_string(identity.limits.pushes) +
                                         " pushes; ask for another one")
                                   .because("push_limit"));
    }
    if (!found && !identity.token_id.empty()) {
        ORIGIN_CHECK(plan_sweep(writer, key, identity.expires_at));
        ORIGIN_CHECK(sweep_ended(writer, now));
    }
    row.pushes += 1;
    row.expires_at = identity.expires_at;
    return store::put_row(writer, Table::KeyPushes, key, row);
}

}  // namespace origin::auth

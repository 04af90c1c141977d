// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include <boost/json.hpp>

#include "auth/accounts.h"
#include "auth/audit.h"
#include "auth/key_rotation.h"
#include "auth/key_text.h"
#include "base/random.h"
#include "gitssh/host_keys.h"
#include "origind/commands.h"
#include "origind/data_folder.h"
#include "origind/master_key.h"
#include "store/lmdb_store.h"

namespace origin {
namespace {

struct Made {
    ClientId client;
    KeyId key;
    Secret text;
    UnixMillis expires_at = 0;
};

Result<Made> make_first_client(const InitOptions& options, Log& log, Clock& clock) {
    SystemRandom random;
    ORIGIN_CHECK(make_data_folder(options.data));
    ORIGIN_TRY(store,
               store::open_lmdb({.data_folder = options.data.string(), .fatal = {}}, log, clock));
    ORIGIN_CHECK(open_master_key(*store, master_key_sources(options.data), random, log, clock));
    ORIGIN_CHECK(gitssh::take_host_keys(options.data, log));
    const auto key_id = KeyId::make(clock, random);
    const UnixMillis now = clock.now();
    const Made made{ClientId::make(clock, random),
                    key_id,
                    auth::make_key_text(key_id, random),
                    auth::default_expiry(now)};
    const store::AuditRow by_operator{
        .time = now,
        .type = "client.created",
        .actor = {.client = {}, .key = {}, .via = "operator", .from = {}},
        .client = made.client,
        .subject = options.client};
    ORIGIN_CHECK(store->write([&](store::Writer& writer) -> Status {
        ORIGIN_CHECK(auth::create_client(writer,
                                         {.id = made.client,
                                          .slug = options.client,
                                          .name = {},
                                          .email = {},
                                          .admin = true,
                                          .now = now}));
        ORIGIN_CHECK(auth::create_key(writer,
                                      {.id = made.key,
                                       .text = made.text,
                                       .client = made.client,
                                       .title = "first key",
                                       .scopes = auth::Scopes::all(),
                                       .projects = {},
                                       .expires_at = made.expires_at,
                                       .now = now}));
        ORIGIN_CHECK(auth::record_audit(writer, by_operator));
        store::AuditRow key = by_operator;
        key.type = "key.created";
        key.subject = made.key.str();
        key.details = {{"title", "first key"}};
        return auth::record_audit(writer, std::move(key));
    }));
    return made;
}

}  // namespace

int run_init(const InitOptions& options) {
    SystemClock clock;
    Log log(2, LogFormat::Text, Level::Warning, clock);
    const auto made = make_first_client(options, log, clock);
    if (!made) {
        return report(made.error());
    }
    if (options.json) {
        const boost::json::object out{{"clientId", made->client.str()},
                                      {"keyId", made->key.str()},
                                      {"key", made->text.reveal()},
                                      {"expiresAt", rfc3339(made->expires_at)}};
        std::printf("%s\n", boost::json::serialize(out).c_str());
        return 0;
    }
    std::printf(
        "Data folder: %s\nClient:      %s (%s)\nKey:         %s\n\n"
        "The key is shown this once; keep it like a password. It works until %s;\n"
        "'origind key rotate' and 'origind key create' make others, here, also after that.\n"
        "Next: origind serve --data %s\n",
        options.data.c_str(),
        made->client.str().c_str(),
        options.client.c_str(),
        made->text.reveal().c_str(),
        rfc3339(made->expires_at).c_str(),
        options.data.c_str());
    return 0;
}

}  // namespace origin

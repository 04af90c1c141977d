// SPDX-License-Identifier: Apache-2.0
// /api/audit: who changed what about access, and whose login was refused; newest first.
#include "auth/audit.h"

#include <algorithm>

#include <boost/json.hpp>

#include "api/answers.h"
#include "api/endpoints.h"
#include "api/key_access.h"
#include "api/moment.h"
#include "api/views.h"
#include "auth/grants.h"
#include "base/glob.h"
#include "base/limits.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::api {
namespace {

namespace json = boost::json;
using store::AuditRow;
using store::Table;

/// Which rows an identity may see: a server admin all; others what their client did, what was done
/// to it, and what concerns projects that they may administrate.
class VisibleAudit {
public:
    explicit VisibleAudit(const auth::Identity& who) : who_(who) {}

    Result<bool> shows(store::Reader& reader, const AuditRow& row) {
        if (who_.server_admin) {
            return true;
        }
        const bool is_bound = !who_.projects.empty();
        if (is_bound && (!row.project ||
                         std::ranges::find(who_.projects, *row.project) == who_.projects.end())) {
            return false;
        }
        if (row.client == who_.client || row.actor.client == who_.client) {
            return true;
        }
        return row.project ? administrates(reader, *row.project) : Result<bool>(false);
    }

    /// From where others did it is for server admins; refused logins were nobody's.
    bool shows_address(const AuditRow& row) const {
        return who_.server_admin || !row.actor.client || row.actor.client == who_.client;
    }

private:
    /// Also of a deleted project: that it was deleted is an event.
    Result<bool> administrates(store::Reader& reader, const ProjectId& id) {
        ORIGIN_TRY(row, store::get_row<store::ProjectRow>(reader, Table::Projects, id.view()));
        if (!row) {
            return false;
        }
        ORIGIN_TRY(access, auth::access_of(reader, who_.client, id, *row));
        return access == store::Access::Admin;
    }

    const auth::Identity& who_;
};

json::object audit_json(const AuditRow& row, bool with_address) {
    const auto id = [](const auto& maybe) {
        return maybe ? json::value(maybe->str()) : json::value(nullptr);
    };
    json::object details;
    for (const auto& [name, text] : row.details) {
        details[name] = text;
    }
    return {{"number", row.number},
            {"time", time_json(row.time)},
            {"type", row.type},
            {"actor",
             {{"clientId", id(row.actor.client)},
              {"keyId", id(row.actor.key)},
              {"via", row.actor.via},
              {"from", with_address ? json::value(row.actor.from) : json::value(nullptr)}}},
            {"clientId", id(row.client)},
            {"projectId", id(row.project)},
            {"subject", row.subject},
            {"details", std::move(details)},
            {"count", row.count}};
}

/// What of the log is asked for.
struct AuditWish {
    UnixMillis since = 0;
    std::string type;  // A glob; empty: all.
    std::optional<ClientId> client;

    bool wants(const AuditRow& row) const {
        const bool is_type = type.empty() || glob_matches(type, row.type);
        return is_type && (!client || row.client == client || row.actor.client == client);
    }
};

/// Errors: InvalidInput `bad_time`; Forbidden `client_mismatch`.
Result<AuditWish> audit_wish(const Call& call) {
    AuditWish wish{.since = 0, .type = std::string(call.asked("type")), .client = std::nullopt};
    if (const std::string_view since = call.asked("since"); !since.empty()) {
        ORIGIN_TRY(moment, parse_moment_or_age(since, call.now()));
        wish.since = moment;
    }
    if (const std::string_view client = call.asked("clientId"); !client.empty()) {
        ORIGIN_TRY(named, client_of(call, client));
        wish.client = named;
    }
    return wish;
}

}  // namespace

Answer list_audit(const Call& call) {
    ORIGIN_CHECK(auth::Gatekeeper::need(call.identity(), auth::Scope::Admin));
    ORIGIN_TRY(page, page_wish(call));
    ORIGIN_TRY(wish, audit_wish(call));
    VisibleAudit visible(call.identity());
    const PageOf of{.table = Table::Audit,
                    .prefix = {},
                    .order = Order::Falling,
                    .from = store::audit_key(wish.since, 0)};
    json::array rows;
    ORIGIN_TRY(
        next, read_store(call.around.store, [&](store::Reader& reader) {
            rows.clear();
            return read_page(
                reader, of, page, [&](std::string_view, std::string_view value) -> Result<bool> {
                    ORIGIN_TRY(row, store::decode<AuditRow>(value));
                    ORIGIN_TRY(shown, visible.shows(reader, row));
                    if (!shown || !wish.wants(row)) {
                        return false;
                    }
                    rows.push_back(audit_json(row, visible.shows_address(row)));
                    return true;
                });
        }));
    return page_answer("audit", std::move(rows), next);
}

}  // namespace origin::api

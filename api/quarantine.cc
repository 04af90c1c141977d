// SPDX-License-Identifier: Apache-2.0
// /api/keys/{key}/quarantine: a leaked key is revoked, what it moved and made is listed, and its
// moves are taken back in one step that may be looked at first.
#include <algorithm>

#include <boost/json.hpp>

#include "api/answers.h"
#include "api/endpoints.h"
#include "api/key_access.h"
#include "api/moment.h"
#include "api/views.h"
#include "auth/accounts.h"
#include "git/serve/catalogue.h"
#include "git/serve/key_moves.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::api {
namespace {

namespace json = boost::json;
using store::Table;

constexpr std::size_t kMadeScanMax = 100'000;  // Audit events looked at for what a key made.

struct QuarantineBody {
    std::optional<std::string> since;

    static QuarantineBody read(Fields& in) { return {.since = in.maybe_text("since")}; }
};

struct QuarantineUndoBody {
    std::optional<std::string> since;
    bool dry_run = false;

    static QuarantineUndoBody read(Fields& in) {
        return {.since = in.maybe_text("since"), .dry_run = in.flag("dryRun")};
    }
};

/// Of any kind: whatever may push may leak. Errors: NotFound.
Result<store::KeyRow> managed_key(store::Reader& reader, const Call& call, const KeyId& id) {
    ORIGIN_TRY(row, store::need_row<store::KeyRow>(reader, Table::Keys, id.view(), "no such key"));
    ORIGIN_CHECK(check_manages(call, row));
    return row;
}

/// Since its birth, unless asked otherwise. Errors: InvalidInput `bad_time`.
Result<UnixMillis> since_of(const Call& call,
                            const std::optional<std::string>& text,
                            const store::KeyRow& row) {
    return text ? parse_moment_or_age(*text, call.now()) : row.created_at;
}

git::KeyMovesWish wish_for(const Call& call, const KeyId& id, UnixMillis since) {
    git::KeyMovesWish wish{
        .key = id, .since = since, .projects = call.identity().projects, .limit = 0, .after = {}};
    std::ranges::sort(wish.projects);
    return wish;
}

Result<std::string> project_name(store::Reader& reader, const ProjectId& id) {
    ORIGIN_TRY(found, git::find_project(reader, id));
    return found ? git::full_name(reader, found->row) : Result<std::string>(std::string());
}

Result<json::object> move_json(store::Reader& reader, const git::KeyMove& move) {
    ORIGIN_TRY(name, project_name(reader, move.project));
    return json::object{{"projectId", move.project.str()},
                        {"project", name},
                        {"push", move.push},
                        {"ref", move.ref},
                        {"before", oid_json(move.before)},
                        {"after", oid_json(move.after)},
                        {"time", time_json(move.moved_at)},
                        {"stillThere", move.still_there}};
}

/// {"moves", "nextCursor"} of one page.
Result<json::object> moves_page(const Call& call, git::KeyMovesWish wish) {
    return read_store(call.around.store, [&](store::Reader& reader) -> Result<json::object> {
        ORIGIN_TRY(page, git::read_key_moves(reader, wish));
        json::array rows;
        for (const git::KeyMove& move : page.moves) {
            ORIGIN_TRY(row, move_json(reader, move));
            rows.push_back(std::move(row));
        }
        return json::object{
            {"moves", std::move(rows)},
            {"nextCursor",
             page.next.empty() ? json::value(nullptr) : json::value(opaque(page.next))}};
    });
}

/// Keys that this key made since then and that are not revoked: whoever had it may have them.
Result<json::array> keys_made(store::Reader& reader, const KeyId& id, UnixMillis since) {
    json::array made;
    Status status;
    std::size_t seen = 0;
    store::Range range;
    range.from = store::audit_key(since, 0);
    const auto visit = [&](std::string_view, std::string_view value) {
        const auto event = store::decode<store::AuditRow>(value);
        if (!event) {
            status = std::unexpected(event.error());
            return false;
        }
        const auto replaced = event->details.find("replacedBy");
        const auto key =
            KeyId::parse(replaced == event->details.end() ? event->subject : replaced->second);
        if (event->actor.key == id && key && *key != id) {
            const auto row = store::get_row<store::KeyRow>(reader, Table::Keys, key->view());
            if (row && *row && (*row)->revoked_at == 0) {
                made.push_back({{"keyId", key->str()}, {"time", time_json(event->time)}});
            }
        }
        return ++seen < kMadeScanMax;
    };
    ORIGIN_CHECK(reader.scan(Table::Audit, range, visit));
    ORIGIN_CHECK(status);
    return made;
}

Answer quarantined(const Call& call, const KeyId& id, UnixMillis since) {
    git::KeyMovesWish wish = wish_for(call, id, since);
    wish.limit = kPageRowsDefault;
    ORIGIN_TRY(body, moves_page(call, std::move(wish)));
    body["keyId"] = id.str();
    body["since"] = time_json(since);
    ORIGIN_CHECK(call.around.store.read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(row, managed_key(reader, call, id));
        ORIGIN_TRY(made, keys_made(reader, id, since));
        body["revokedAt"] = time_json(row.revoked_at);
        body["replacedBy"] =
            row.replaced_by ? json::value(row.replaced_by->str()) : json::value(nullptr);
        body["keysMade"] = std::move(made);
        return add_last_use(reader, id, body);
    }));
    return json_answer(200, body);
}

Result<json::object> undo_json(store::Reader& reader, const git::RefUndo& undo) {
    ORIGIN_TRY(name, project_name(reader, undo.project));
    return json::object{{"projectId", undo.project.str()},
                        {"project", name},
                        {"ref", undo.ref},
                        {"before", oid_json(undo.now)},
                        {"after", oid_json(undo.target)},
                        {"lastMove", undo.last_move},
                        {"outcome", git::name_of(undo.verdict)},
                        {"reason", undo.reason},
                        {"push", undo.push == 0 ? json::value(nullptr) : json::value(undo.push)}};
}

}  // namespace

BodyShape quarantine_shape() {
    return shape_of<QuarantineBody>();
}

BodyShape quarantine_undo_shape() {
    return shape_of<QuarantineUndoBody>();
}

Answer quarantine_key(const Call& call) {
    ORIGIN_TRY(body, read_body<QuarantineBody>(call.body));
    ORIGIN_CHECK(auth::Gatekeeper::need(call.identity(), auth::Scope::Admin));
    ORIGIN_TRY(id, need_id<KeyId>(call.param("key"), "key"));
    ORIGIN_TRY(before, read_store(call.around.store, [&](store::Reader& reader) {
                   return managed_key(reader, call, id);
               }));
    ORIGIN_TRY(since, since_of(call, body.since, before));
    return once_only(
        call,
        [&](const auth::Once& once) -> Answer {
            store::AuditRow event = call.audit("key.quarantined");
            ORIGIN_CHECK(call.around.store.write([&](store::Writer& writer) -> Status {
                ORIGIN_TRY(row, managed_key(writer, call, id));
                ORIGIN_CHECK(auth::revoke_key(writer, id, event.time));
                store::AuditRow told = about_key(event, id, row);
                told.details["since"] = rfc3339(since);
                ORIGIN_CHECK(auth::record_audit(writer, std::move(told)));
                return once.record(writer, {id.str()});
            }));
            return quarantined(call, id, since);
        },
        [&](const Ids&) -> Answer { return quarantined(call, id, since); });
}

Answer list_key_moves(const Call& call) {
    ORIGIN_CHECK(auth::Gatekeeper::need(call.identity(), auth::Scope::Admin));
    ORIGIN_TRY(id, need_id<KeyId>(call.param("key"), "key"));
    ORIGIN_TRY(page, page_wish(call));
    ORIGIN_TRY(row, read_store(call.around.store, [&](store::Reader& reader) {
                   return managed_key(reader, call, id);
               }));
    const std::string_view asked = call.asked("since");
    const auto text = asked.empty() ? std::nullopt : std::optional(std::string(asked));
    ORIGIN_TRY(since, since_of(call, text, row));
    git::KeyMovesWish wish = wish_for(call, id, since);
    wish.limit = page.limit;
    wish.after = page.after;
    ORIGIN_TRY(body, moves_page(call, std::move(wish)));
    return json_answer(200, body);
}

Answer undo_quarantine(const Call& call) {
    ORIGIN_TRY(body, read_body<QuarantineUndoBody>(call.body));
    ORIGIN_CHECK(auth::Gatekeeper::need(call.identity(), auth::Scope::Admin));
    ORIGIN_TRY(id, need_id<KeyId>(call.param("key"), "key"));
    ORIGIN_TRY(row, read_store(call.around.store, [&](store::Reader& reader) {
                   return managed_key(reader, call, id);
               }));
    if (row.revoked_at == 0) {
        return std::unexpected(Error(Code::Conflict, "this key still works; quarantine it first")
                                   .because("key_not_quarantined"));
    }
    ORIGIN_TRY(since, since_of(call, body.since, row));
    ORIGIN_TRY(moves, git::all_key_moves(call.around.store, wish_for(call, id, since)));
    const git::KeyUndo wish{.key = id,
                            .moves = std::move(moves),
                            .dry_run = body.dry_run ? git::DryRun::Yes : git::DryRun::No};
    ORIGIN_TRY(
        undone,
        git::undo_key_moves(call.around.pushes, call.around.gatekeeper, call.identity(), wish));
    const auto count = std::ranges::count(undone, git::UndoVerdict::Undone, &git::RefUndo::verdict);
    if (!body.dry_run && count > 0) {
        store::AuditRow event = about_key(call.audit("key.moves_undone"), id, row);
        event.details["refs"] = std::to_string(count);
        ORIGIN_CHECK(call.around.store.write(
            [&](store::Writer& writer) { return auth::record_audit(writer, event); }));
    }
    json::array refs;
    ORIGIN_CHECK(call.around.store.read([&](store::Reader& reader) -> Status {
        refs.clear();
        for (const git::RefUndo& each : undone) {
            ORIGIN_TRY(shown, undo_json(reader, each));
            refs.push_back(std::move(shown));
        }
        return {};
    }));
    return json_answer(200,
                       {{"keyId", id.str()},
                        {"since", time_json(since)},
                        {"dryRun", body.dry_run},
                        {"undone", count},
                        {"refs", std::move(refs)}});
}

}  // namespace origin::api

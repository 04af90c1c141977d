// SPDX-License-Identifier: Apache-2.0
// /api/keys/{key}/quarantine: a leaked key is revoked, what it moved and made is listed, and its
// moves are taken back in one step that may be looked at first.
#include <algorithm>
#include <map>

#include <boost/json.hpp>

#include "api/answers.h"
#include "api/endpoints.h"
#include "api/key_access.h"
#include "api/moment.h"
#include "api/views.h"
#include "auth/accounts.h"
#include "auth/key_family.h"
#include "git/serve/catalogue.h"
#include "git/serve/key_moves.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::api {
namespace {

namespace json = boost::json;
using store::Table;

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

/// A key that leaked, with all that was made with it.
struct Leak {
    KeyId id;
    store::KeyRow row;     // Its own, or what the audit log knows of one that is gone.
    bool is_gone = false;  // It has no row: it was removed, or swept after its end.
    UnixMillis since = 0;
    auth::KeyFamily family = {};
};

/// Of any kind: whatever may push may leak. Without `since` and `family`. Errors: NotFound.
Result<Leak> managed_key(store::Reader& reader, const Call& call, const KeyId& id) {
    ORIGIN_TRY(stored, store::get_row<store::KeyRow>(reader, Table::Keys, id.view()));
    auto known = stored;
    if (!known) {
        ORIGIN_TRY(logged, auth::key_as_logged(reader, id));
        known = logged;
    }
    if (!known) {
        return std::unexpected(Error(Code::NotFound, "no such key"));
    }
    ORIGIN_CHECK(check_manages(call, *known));
    return Leak{.id = id, .row = *known, .is_gone = !stored};
}

/// Since its birth, unless asked otherwise. Errors: InvalidInput `bad_time`.
Result<UnixMillis> since_of(const Call& call,
                            const std::optional<std::string>& text,
                            const store::KeyRow& row) {
    return text ? parse_moment_or_age(*text, call.now()) : row.created_at;
}

/// Errors: those of managed_key().
Result<Leak> read_leak(store::Reader& reader, const Call& call, const KeyId& id, UnixMillis since) {
    ORIGIN_TRY(leak, managed_key(reader, call, id));
    leak.since = since;
    ORIGIN_TRY(family, auth::read_key_family(reader, {.key = id, .row = leak.row, .since = since}));
    leak.family = std::move(family);
    return leak;
}

/// Errors: those of managed_key() and since_of().
Result<Leak> read_leak(const Call& call, const KeyId& id, const std::optional<std::string>& since) {
    return read_store(call.around.store, [&](store::Reader& reader) -> Result<Leak> {
        ORIGIN_TRY(leak, managed_key(reader, call, id));
        ORIGIN_TRY(begin, since_of(call, since, leak.row));
        return read_leak(reader, call, id, begin);
    });
}

git::KeyMovesWish wish_for(const Call& call, const Leak& leak) {
    git::KeyMovesWish wish{
        .keys = leak.family.keys, .since = leak.since, .projects = leak.family.projects};
    const std::vector<ProjectId>& bound = call.identity().projects;
    if (!bound.empty()) {
        wish.projects = wish.projects.value_or(bound);
        std::erase_if(*wish.projects, [&](const ProjectId& id) {
            return std::ranges::find(bound, id) == bound.end();
        });
        std::ranges::sort(*wish.projects);
    }
    return wish;
}

/// Takes out moves in projects that the caller may not read: one may have been taken from them
/// since. Returns: how many.
std::size_t hide_moves(store::Reader& reader, const Call& call, std::vector<git::KeyMove>& moves) {
    std::map<ProjectId, bool> readable;
    return std::erase_if(moves, [&](const git::KeyMove& move) {
        const auto [known, is_new] = readable.try_emplace(move.project, false);
        if (is_new) {
            known->second = call.around.gatekeeper
                                .permit(reader, call.identity(), move.project, auth::Action::Read)
                                .has_value();
        }
        return !known->second;
    });
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
                        {"keyId", move.key.str()},
                        {"ref", move.ref},
                        {"before", oid_json(move.before)},
                        {"after", oid_json(move.after)},
                        {"time", time_json(move.moved_at)},
                        {"stillThere", move.still_there}};
}

/// {"moves", "hiddenMoves", "keysMadeComplete", "nextCursor"} of one page.
Result<json::object> moves_page(const Call& call, const Leak& leak, const PageWish& asked) {
    git::KeyMovesWish wish = wish_for(call, leak);
    wish.limit = asked.limit;
    wish.after = asked.after;
    return read_store(call.around.store, [&](store::Reader& reader) -> Result<json::object> {
        ORIGIN_TRY(page, git::read_key_moves(reader, wish));
        const std::size_t hidden = hide_moves(reader, call, page.moves);
        json::array rows;
        for (const git::KeyMove& move : page.moves) {
            ORIGIN_TRY(row, move_json(reader, move));
            rows.push_back(std::move(row));
        }
        return json::object{
            {"moves", std::move(rows)},
            {"hiddenMoves", hidden},
            {"keysMadeComplete", leak.family.is_complete},
            {"nextCursor",
             page.next.empty() ? json::value(nullptr) : json::value(opaque(page.next))}};
    });
}

/// Keys made with it since then: whoever had it may have them, and have used them.
json::array keys_made(const Call& call, const auth::KeyFamily& family) {
    json::array rows;
    for (const auth::MadeKey& made : family.made) {
        const bool is_good = call.around.gatekeeper.identity_of(made.client, made.id).has_value();
        rows.push_back({{"keyId", made.id.str()},
                        {"madeBy", made.by.str()},
                        {"time", time_json(made.made_at)},
                        {"revokedAt", time_json(made.ended_at)},
                        {"stillGood", is_good}});
    }
    return rows;
}

Answer quarantined(const Call& call, const KeyId& id, UnixMillis since) {
    ORIGIN_TRY(leak, read_store(call.around.store, [&](store::Reader& reader) {
                   return read_leak(reader, call, id, since);
               }));
    ORIGIN_TRY(body, moves_page(call, leak, {.limit = kPageRowsDefault, .after = {}}));
    body["keyId"] = id.str();
    body["since"] = time_json(since);
    body["revokedAt"] = time_json(leak.is_gone ? leak.family.ended_at : leak.row.revoked_at);
    body["replacedBy"] =
        leak.row.replaced_by ? json::value(leak.row.replaced_by->str()) : json::value(nullptr);
    body["keysMade"] = keys_made(call, leak.family);
    ORIGIN_CHECK(call.around.store.read(
        [&](store::Reader& reader) { return add_last_use(reader, id, body); }));
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
    ORIGIN_TRY(since, since_of(call, body.since, before.row));
    return once_only(
        call,
        [&](const auth::Once& once) -> Answer {
            store::AuditRow event = call.audit("key.quarantined");
            ORIGIN_CHECK(call.write([&](store::Writer& writer) -> Status {
                ORIGIN_TRY(leak, managed_key(writer, call, id));
                ORIGIN_CHECK(leak.is_gone ? Status() : auth::revoke_key(writer, id, event.time));
                store::AuditRow told = about_key(event, id, leak.row);
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
    const std::string_view asked = call.asked("since");
    const auto since = asked.empty() ? std::nullopt : std::optional(std::string(asked));
    ORIGIN_TRY(leak, read_leak(call, id, since));
    ORIGIN_TRY(body, moves_page(call, leak, page));
    return json_answer(200, body);
}

Answer undo_quarantine(const Call& call) {
    ORIGIN_TRY(body, read_body<QuarantineUndoBody>(call.body));
    ORIGIN_CHECK(auth::Gatekeeper::need(call.identity(), auth::Scope::Admin));
    ORIGIN_TRY(id, need_id<KeyId>(call.param("key"), "key"));
    ORIGIN_TRY(leak, read_leak(call, id, body.since));
    if (!leak.is_gone && leak.row.revoked_at == 0) {
        return std::unexpected(Error(Code::Conflict, "this key still works; quarantine it first")
                                   .because("key_not_quarantined"));
    }
    if (!leak.family.is_complete) {
        return std::unexpected(git::too_many_moves(std::to_string(auth::kFamilyEventsMax) +
                                                   " events in the audit log"));
    }
    ORIGIN_TRY(moves, git::all_key_moves(call.around.store, wish_for(call, leak)));
    ORIGIN_TRY(hidden,
               read_store(call.around.store, [&](store::Reader& reader) -> Result<std::size_t> {
                   return hide_moves(reader, call, moves);
               }));
    const git::KeyUndo wish{.key = id,
                            .moves = std::move(moves),
                            .dry_run = body.dry_run ? git::DryRun::Yes : git::DryRun::No};
    ORIGIN_TRY(
        undone,
        git::undo_key_moves(call.around.pushes, call.around.gatekeeper, call.identity(), wish));
    const auto count = std::ranges::count(undone, git::UndoVerdict::Undone, &git::RefUndo::verdict);
    if (!body.dry_run && count > 0) {
        store::AuditRow event = about_key(call.audit("key.moves_undone"), id, leak.row);
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
                        {"since", time_json(leak.since)},
                        {"dryRun", body.dry_run},
                        {"undone", count},
                        {"hiddenMoves", hidden},
                        {"refs", std::move(refs)}});
}

}  // namespace origin::api

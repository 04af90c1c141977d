// SPDX-License-Identifier: Apache-2.0
#include "git/serve/reflog.h"

#include <algorithm>
#include <map>

#include "base/limits.h"
#include "git/serve/commit.h"
#include "git/serve/storage.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::git {
namespace {

using store::Reader;
using store::RefHistoryRow;
using store::Table;

constexpr std::size_t kSequenceBytes = 8;

struct MoveKey {
    std::uint64_t push = 0;
    std::string_view ref;

    static MoveKey parse(std::string_view key) {
        return {store::from_be64(key.substr(kIdBytes, kSequenceBytes)).value_or(0),
                key.substr(kIdBytes + kSequenceBytes)};
    }
};

/// Visits the moves from the newest back; false stops.
using VisitMove = std::function<Result<bool>(const MoveKey&, const RefHistoryRow&)>;

Status each_move_back(Reader& reader, const store::Range& range, const VisitMove& visit) {
    Status status;
    ORIGIN_CHECK(reader.scan_back(
        Table::RefHistory, range, [&](std::string_view key, std::string_view value) {
            const auto row = store::decode<RefHistoryRow>(value);
            const Result<bool> more =
                row ? visit(MoveKey::parse(key), *row) : std::unexpected(row.error());
            status = more ? Status() : std::unexpected(more.error());
            return more.value_or(false);
        }));
    return status;
}

Error too_far_back() {
    return Error(Code::LimitExceeded, "more than " + std::to_string(kReflogScanMax) + " moves ago")
        .because("too_far_back");
}

Error expired() {
    return Error(Code::NotFound, "the history of refs is not kept for that long")
        .because("history_expired");
}

std::optional<Oid> peeled_of(const ObjectStore& objects, const Oid& oid) {
    const auto peeled = objects.peel(oid);
    return peeled && *peeled != oid ? std::optional(*peeled) : std::nullopt;
}

/// Are all moves after `at` still there, when the walk back ended at its oldest row, `oldest`?
Result<bool> is_whole(Reader& reader,
                      const ProjectId& project,
                      std::uint64_t oldest,
                      UnixMillis at) {
    if (oldest <= 1) {
        return true;
    }
    ORIGIN_TRY(before,
               store::get_row<store::PushRow>(
                   reader, Table::Pushes, store::push_key(project, oldest - 1)));
    return before && before->pushed_at <= at;
}

/// Which push moved the ref last; 0: none that is known.
Result<std::uint64_t> latest_move(Reader& reader, const ProjectId& project, const UndoWish& wish) {
    ORIGIN_TRY(row, find_ref(reader, project, wish.ref));
    if (row) {
        return row->push;
    }
    std::uint64_t latest = 0;
    std::size_t seen = 0;
    store::Range range = store::Range::prefix(project.view());
    range.from = store::ref_history_key(project, wish.push, {});
    ORIGIN_CHECK(each_move_back(
        reader, range, [&](const MoveKey& key, const RefHistoryRow&) -> Result<bool> {
            if (++seen > kReflogScanMax) {
                return std::unexpected(too_far_back());
            }
            latest = key.ref == wish.ref ? key.push : 0;
            return latest == 0;
        }));
    return latest;
}

Error no_such_move(const UndoWish& wish) {
    return Error(Code::NotFound,
                 "push " + std::to_string(wish.push) + " did not move '" + wish.ref + "'")
        .because("move_not_found");
}

/// A move that is not in the history: never made, or not kept?
Result<RefHistoryRow> missing_move(Reader& reader, const ProjectId& project, const UndoWish& wish) {
    ORIGIN_TRY(latest, latest_push(reader, project));
    ORIGIN_TRY(
        push,
        store::get_row<store::PushRow>(reader, Table::Pushes, store::push_key(project, wish.push)));
    if (wish.push == 0 || wish.push > latest) {
        return std::unexpected(no_such_move(wish));
    }
    const bool moved = !push || std::ranges::any_of(push->refs, [&](const store::RefOutcome& ref) {
        return ref.ok && ref.name == wish.ref;
    });
    return std::unexpected(moved ? expired() : no_such_move(wish));
}

Result<RefHistoryRow> find_move(Reader& reader, const ProjectId& project, const UndoWish& wish) {
    ORIGIN_TRY(
        move,
        store::get_row<RefHistoryRow>(
            reader, Table::RefHistory, store::ref_history_key(project, wish.push, wish.ref)));
    return move ? Result<RefHistoryRow>(*move) : missing_move(reader, project, wish);
}

Status check_still_there(Reader& reader,
                         const ProjectId& project,
                         const UndoWish& wish,
                         const RefHistoryRow& move) {
    ORIGIN_TRY(now, find_ref(reader, project, wish.ref));
    const Oid tip = now ? now->oid : Oid{};
    ORIGIN_TRY(latest, latest_move(reader, project, wish));
    const auto moved = [&](std::string reason, const std::string& text) -> Status {
        return std::unexpected(
            Error(Code::Conflict,
                  text + (tip.is_zero() ? "; it does not exist" : "; it is at " + tip.hex()))
                .because(std::move(reason)));
    };
    if (latest != wish.push || tip != move.new_id) {
        ORIGIN_TRY(last,
                   store::get_row<store::PushRow>(
                       reader, Table::Pushes, store::push_key(project, latest)));
        const bool again = last && last->undoes == wish.push;
        return moved(again ? "already_undone" : "head_moved",
                     again ? "this move was taken back before" : "the ref has moved since");
    }
    if (wish.expected && *wish.expected != tip) {
        return moved("head_moved", "the ref is elsewhere");
    }
    return {};
}

}  // namespace

Result<ReflogPage> read_reflog(Reader& reader, const ProjectId& project, const ReflogWish& wish) {
    store::Range range = store::Range::prefix(project.view());
    if (!wish.after.empty()) {
        if (wish.after.size() < kSequenceBytes ||
            wish.after.size() > kSequenceBytes + kRefNameBytesMax) {
            return std::unexpected(Error(Code::InvalidInput, "this cursor belongs to another list")
                                       .because("bad_cursor"));
        }
        range.to = std::string(project.view()) + wish.after;
    }
    ReflogPage page;
    std::string last;
    std::size_t seen = 0;
    const auto visit = [&](const MoveKey& key, const RefHistoryRow& row) -> Result<bool> {
        if (page.entries.size() == wish.limit || seen == kPageScanMax) {
            page.next = last;
            return false;
        }
        ++seen;
        // A cursor tells no hidden name: the page after it begins below all of them.
        last = store::be64(key.push) +
               std::string(key.ref.starts_with(kHiddenPrefix) ? kHiddenPrefix : key.ref);
        if (is_shown(key.ref) && (wish.ref.empty() || key.ref == wish.ref)) {
            page.entries.push_back({key.push, std::string(key.ref), row, {}});
        }
        return true;
    };
    ORIGIN_CHECK(each_move_back(reader, range, visit));
    for (ReflogEntry& entry : page.entries) {
        ORIGIN_TRY(pushed,
                   store::get_row<store::PushRow>(
                       reader, Table::Pushes, store::push_key(project, entry.push)));
        entry.pushed = std::move(pushed);
    }
    return page;
}

Result<RefsSnapshot> refs_at(Reader& reader,
                             const ProjectId& project,
                             const ObjectStore& objects,
                             UnixMillis at) {
    ORIGIN_TRY(snapshot, read_refs(reader, project));
    std::map<std::string, Oid, std::less<>> refs;
    for (const AdvertisedRef& ref : snapshot.refs) {
        refs.emplace(ref.name, ref.oid);
    }
    ORIGIN_TRY(latest, latest_push(reader, project));
    std::uint64_t oldest = latest + 1;
    bool reached = false;
    std::size_t seen = 0;
    const auto take_back = [&](const MoveKey& key, const RefHistoryRow& row) -> Result<bool> {
        reached = row.moved_at <= at;
        if (reached) {
            return false;
        }
        if (++seen > kReflogScanMax) {
            return std::unexpected(too_far_back());
        }
        oldest = key.push;
        if (!is_shown(key.ref)) {
            return true;
        }
        if (row.old_id.is_zero()) {
            refs.erase(std::string(key.ref));
        } else {
            refs[std::string(key.ref)] = row.old_id;
        }
        return true;
    };
    ORIGIN_CHECK(each_move_back(reader, store::Range::prefix(project.view()), take_back));
    if (!reached) {
        ORIGIN_TRY(whole, is_whole(reader, project, oldest, at));
        if (!whole) {
            return std::unexpected(expired());
        }
    }
    snapshot.refs.clear();
    snapshot.head.oid.reset();
    for (const auto& [name, oid] : refs) {
        if (name == snapshot.head.target) {
            snapshot.head.oid = oid;
        }
        snapshot.refs.push_back({name, oid, peeled_of(objects, oid)});
    }
    return snapshot;
}

Result<Undone> undo(PushService& pushes,
                    const auth::Permit& permit,
                    const UndoWish& wish,
                    std::function<Status(store::Writer&, const Undone&)> also) {
    Undone undone;
    ObjectStoreRef objects;
    ORIGIN_CHECK(pushes.store().read([&](Reader& reader) -> Status {
        ORIGIN_TRY(move, find_move(reader, permit.project(), wish));
        ORIGIN_CHECK(check_still_there(reader, permit.project(), wish, move));
        ORIGIN_TRY(opened, pushes.storage().open(reader, permit.project()));
        objects = opened;
        undone.before = move.new_id;
        undone.after = move.old_id;
        return {};
    }));
    if (!undone.after.is_zero() && !objects->contains(undone.after)) {
        return std::unexpected(expired());
    }
    ProposedPush proposal{.via = "api", .refs = {{wish.ref, undone.before, undone.after}}};
    proposal.objects = NewObjects::none(objects);
    proposal.undoes = wish.push;
    proposal.also = [&](store::Writer& writer, const PushOutcome& outcome) -> Status {
        undone.push = outcome;
        return also ? also(writer, undone) : Status();
    };
    ORIGIN_TRY(outcome, pushes.push(permit, std::move(proposal)));
    ORIGIN_CHECK(need_all_ok(outcome));
    undone.push = outcome;
    return undone;
}

}  // namespace origin::git

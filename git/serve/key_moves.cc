// SPDX-License-Identifier: Apache-2.0
#include "git/serve/key_moves.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/limits.h"
#include "git/serve/catalogue.h"
#include "git/serve/refs.h"
#include "git/serve/storage.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::git {
namespace {

using store::Reader;
using store::Table;

constexpr UnixMillis kClockSlack = 24L * 60 * 60 * 1000;
constexpr std::size_t kCursorBytes = kIdBytes + 8;

Error foreign_cursor() {
    return Error(Code::InvalidInput, "this cursor belongs to another list").because("bad_cursor");
}

/// Where a page begins: this project, pushes below that one.
struct Place {
    ProjectId project;
    std::uint64_t below = 0;

    std::string cursor() const { return store::push_key(project, below); }
    static Result<Place> parse(std::string_view cursor) {
        store::KeyParts parts(cursor);
        const auto project = parts.id<ProjectId>();
        const auto below = parts.number();
        if (cursor.size() != kCursorBytes || !project || !below) {
            return std::unexpected(foreign_cursor());
        }
        return Place{*project, *below};
    }
};

class Walk {
public:
    Walk(Reader& reader, const KeyMovesWish& wish) : reader_(reader), wish_(wish) {}

    Result<KeyMovesPage> run(const Place& place) {
        ORIGIN_CHECK(project(place));
        ORIGIN_CHECK(wish_.projects ? named_behind(place.project) : all_behind(place.project));
        page_.seen = seen_;
        return std::move(page_);
    }

private:
    Status named_behind(const ProjectId& first) {
        for (const ProjectId& id : *wish_.projects) {
            if (first < id && page_.next.empty()) {
                ORIGIN_CHECK(project({id, UINT64_MAX}));
            }
        }
        return {};
    }

    Status all_behind(const ProjectId& first) {
        Status status;
        store::Range range;
        range.from = std::string(first.view());
        ORIGIN_CHECK(
            reader_.scan(Table::Projects, range, [&](std::string_view key, std::string_view) {
                const auto id = ProjectId::from_raw(key);
                if (id && first < *id && page_.next.empty()) {
                    status = project({*id, UINT64_MAX});
                }
                return status && page_.next.empty();
            }));
        return status;
    }

    bool is_full() const { return page_.moves.size() >= wish_.limit || seen_ >= kPageScanMax; }

    Status project(const Place& place) {
        if (is_full()) {
            page_.next = place.cursor();
            return {};
        }
        ++seen_;
        ORIGIN_TRY(found, find_project(reader_, place.project));
        if (!found) {
            return {};
        }
        store::Range range = store::Range::prefix(place.project.view());
        if (place.below != UINT64_MAX) {
            range.to = store::push_key(place.project, place.below);
        }
        Status status;
        ORIGIN_CHECK(reader_.scan_back(
            Table::Pushes, range, [&](std::string_view key, std::string_view value) {
                const auto more = push(place.project, key, value);
                status = more ? Status() : std::unexpected(more.error());
                return more.value_or(false);
            }));
        return status;
    }

    /// Returns: false: no more of this project now.
    Result<bool> push(const ProjectId& id, std::string_view key, std::string_view value) {
        const std::uint64_t number = store::from_be64(key.substr(kIdBytes)).value_or(0);
        if (is_full()) {
            page_.next = Place{id, number + 1}.cursor();
            return false;
        }
        ++seen_;
        ORIGIN_TRY(row, store::decode<store::PushRow>(value));
        if (row.pushed_at < wish_.since - kClockSlack) {
            return false;
        }
        const bool is_theirs =
            row.actor.key && std::ranges::binary_search(wish_.keys, *row.actor.key);
        if (!is_theirs || row.pushed_at < wish_.since) {
            return true;
        }
        for (const store::RefOutcome& ref : row.refs) {
            if (!ref.ok || !is_shown(ref.name)) {
                continue;
            }
            ORIGIN_TRY(now, find_ref(reader_, id, ref.name));
            page_.moves.push_back({.project = id,
                                   .push = number,
                                   .key = *row.actor.key,
                                   .ref = ref.name,
                                   .before = ref.old_id,
                                   .after = ref.new_id,
                                   .moved_at = row.pushed_at,
                                   .still_there = (now ? now->oid : Oid{}) == ref.new_id});
        }
        return true;
    }

    Reader& reader_;
    const KeyMovesWish& wish_;
    KeyMovesPage page_;
    std::size_t seen_ = 0;
};

/// The refs of one project, with the key's moves of each, the newest first.
using RefMoves = std::map<std::string, std::vector<const KeyMove*>>;

/// What is to be done with one ref, by what the store says now.
Result<RefUndo> plan_ref(Reader& reader, const std::vector<const KeyMove*>& moves) {
    const KeyMove& latest = *moves.front();
    RefUndo plan{.project = latest.project,
                 .ref = latest.ref,
                 .now = {},
                 .target = latest.before,
                 .last_move = latest.push};
    for (std::size_t i = 1; i < moves.size() && moves[i]->after == plan.target; ++i) {
        plan.target = moves[i]->before;
    }
    ORIGIN_TRY(row, find_ref(reader, latest.project, latest.ref));
    plan.now = row ? row->oid : Oid{};
    if (plan.now == plan.target) {
        plan.verdict = UndoVerdict::Already;
    } else if (plan.now == latest.after && (!row || row->push == latest.push)) {
        plan.verdict = UndoVerdict::Undone;
    }
    return plan;
}

class ProjectUndo {
public:
    ProjectUndo(PushService& pushes, const KeyId& key) : pushes_(pushes), key_(key) {}

    /// Every verdict but those that only a push gives.
    Status plan(const ProjectId& project, const RefMoves& refs) {
        return pushes_.store().read([&](Reader& reader) -> Status {
            plans_.clear();
            ORIGIN_TRY(opened, pushes_.storage().open(reader, project));
            objects_ = opened;
            for (const auto& [name, moves] : refs) {
                ORIGIN_TRY(plan, plan_ref(reader, moves));
                plans_.push_back(std::move(plan));
            }
            return {};
        });
    }

    void look_for_objects() {
        for (RefUndo& plan : plans_) {
            const bool is_gone = plan.verdict == UndoVerdict::Undone && !plan.target.is_zero() &&
                                 !objects_->contains(plan.target);
            plan.verdict = is_gone ? UndoVerdict::Expired : plan.verdict;
        }
    }

    void refuse(UndoVerdict verdict, const std::string& reason) {
        for (RefUndo& plan : plans_) {
            if (plan.verdict == UndoVerdict::Undone) {
                plan.verdict = verdict;
                plan.reason = reason;
            }
        }
    }

    void push(const auth::Permit& permit) {
        ProposedPush proposal{.via = "api", .options = {"quarantine=" + key_.str()}};
        std::set<std::uint64_t> undone;
        for (const RefUndo& plan : plans_) {
            if (plan.verdict == UndoVerdict::Undone) {
                proposal.refs.push_back({plan.ref, plan.now, plan.target});
                undone.insert(plan.last_move);
            }
        }
        if (proposal.refs.empty()) {
            return;
        }
        proposal.undoes = undone.size() == 1 ? *undone.begin() : 0;
        proposal.objects = NewObjects::none(objects_);
        const auto outcome = pushes_.push(permit, std::move(proposal));
        if (!outcome) {
            refuse(UndoVerdict::Refused, outcome.error().told_to_peer());
            return;
        }
        take(*outcome);
    }

    std::vector<RefUndo> results() && { return std::move(plans_); }

private:
    void take(const PushOutcome& outcome) {
        for (RefUndo& plan : plans_) {
            const auto ref = std::ranges::find(outcome.refs, plan.ref, &store::RefOutcome::name);
            if (plan.verdict != UndoVerdict::Undone || ref == outcome.refs.end()) {
                continue;
            }
            if (ref->ok) {
                plan.push = outcome.sequence;
            } else {
                plan.verdict = UndoVerdict::Refused;
                plan.reason = ref->reason;
            }
        }
    }

    PushService& pushes_;
    const KeyId& key_;
    ObjectStoreRef objects_;
    std::vector<RefUndo> plans_;
};

}  // namespace

std::string_view name_of(UndoVerdict verdict) {
    static constexpr std::array<std::string_view, 6> kNames = {
        "undone", "already_undone", "moved_on", "not_permitted", "history_expired", "refused"};
    return kNames[static_cast<std::size_t>(verdict)];
}

Result<KeyMovesPage> read_key_moves(Reader& reader, const KeyMovesWish& wish) {
    if (wish.projects && wish.projects->empty()) {
        return wish.after.empty() ? Result<KeyMovesPage>() : std::unexpected(foreign_cursor());
    }
    Place place{wish.projects ? wish.projects->front() : ProjectId(), UINT64_MAX};
    if (!wish.after.empty()) {
        ORIGIN_TRY(parsed, Place::parse(wish.after));
        if (wish.projects && !std::ranges::binary_search(*wish.projects, parsed.project)) {
            return std::unexpected(foreign_cursor());
        }
        place = parsed;
    }
    return Walk(reader, wish).run(place);
}

Error too_many_moves(const std::string& what) {
    return Error(Code::LimitExceeded,
                 "since then there are more than " + what + "; give a later 'since'")
        .because("too_many_moves");
}

Result<std::vector<KeyMove>> all_key_moves(store::Store& store,
                                           KeyMovesWish wish,
                                           std::size_t scan_max) {
    std::vector<KeyMove> moves;
    std::size_t seen = 0;
    wish.limit = kKeyMovesMax;
    do {
        KeyMovesPage page;
        ORIGIN_CHECK(store.read([&](Reader& reader) -> Status {
            ORIGIN_TRY(read, read_key_moves(reader, wish));
            page = std::move(read);
            return {};
        }));
        std::ranges::move(page.moves, std::back_inserter(moves));
        wish.after = std::move(page.next);
        seen += page.seen;
        if (moves.size() > kKeyMovesMax) {
            return std::unexpected(too_many_moves(std::to_string(kKeyMovesMax) + " moves"));
        }
        if (seen > scan_max) {
            return std::unexpected(
                too_many_moves(std::to_string(scan_max) + " projects and pushes to look through"));
        }
    } while (!wish.after.empty());
    return moves;
}

Result<std::vector<RefUndo>> undo_key_moves(PushService& pushes,
                                            const auth::Gatekeeper& gatekeeper,
                                            const auth::Identity& identity,
                                            const KeyUndo& wish) {
    std::map<ProjectId, RefMoves> projects;
    for (const KeyMove& move : wish.moves) {
        projects[move.project][move.ref].push_back(&move);
    }
    std::vector<RefUndo> results;
    for (const auto& [project, refs] : projects) {
        ProjectUndo undo(pushes, wish.key);
        ORIGIN_CHECK(undo.plan(project, refs));
        undo.look_for_objects();
        const auto permit = gatekeeper.permit(identity, project, auth::Action::Write);
        if (!permit) {
            undo.refuse(UndoVerdict::NoPermit, permit.error().told_to_peer());
        } else if (wish.dry_run == DryRun::No) {
            undo.push(*permit);
        }
        std::ranges::move(std::move(undo).results(), std::back_inserter(results));
    }
    return results;
}

}  // namespace origin::git

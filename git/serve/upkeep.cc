// SPDX-License-Identifier: Apache-2.0
#include "git/serve/upkeep.h"

#include <algorithm>

#include "git/serve/catalogue.h"
#include "git/serve/deleted_project.h"
#include "git/serve/journal.h"
#include "git/serve/refs.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::git {
namespace {

using store::Reader;
using store::Table;
using store::Writer;

constexpr std::chrono::milliseconds kAfterFailure = std::chrono::hours(1);
constexpr std::size_t kSealRowsMax = 8000;                      // Erased by one transaction: D3.
constexpr std::uint64_t kFoldBytesMax = 1024ULL * 1024 * 1024;  // A larger pack stays as it is.
constexpr std::size_t kSwapTriesMax = 10;
constexpr std::uint64_t kQuietJournalShare = 16;  // A journal this part full is sealed once a day.

using Packs = std::vector<std::pair<std::string, store::PackRow>>;

/// The smallest first.
Packs by_size(Packs packs) {
    std::ranges::sort(packs, {}, [](const auto& pack) { return pack.second.bytes; });
    return packs;
}

/// The packs to bring together: the smallest ones, up to where a pack is at least twice as large as
/// all smaller ones together. So each byte is written again about log2(all / smallest) times.
Packs packs_to_fold(Packs packs, bool everything) {
    packs = by_size(std::move(packs));
    std::uint64_t sum = 0;
    std::size_t folded = 0;
    for (std::size_t i = 0; i < packs.size(); ++i) {
        const std::uint64_t bytes = packs[i].second.bytes;
        if (sum + bytes > kFoldBytesMax) {
            break;
        }
        if (i == 0 || everything || bytes < 2 * sum) {
            folded = i + 1;
        }
        sum += bytes;
    }
    packs.resize(folded > 1 ? folded : 0);
    return packs;
}

/// The packs to look at for garbage, the smallest first: old enough, and not too much at once.
/// `bytes`: of all of them.
Packs packs_of_before(const Packs& packs, UnixMillis old_before, std::uint64_t& bytes) {
    Packs old;
    for (const auto& pack : by_size(packs)) {
        if (pack.second.added_at <= old_before && bytes + pack.second.bytes <= kFoldBytesMax) {
            old.push_back(pack);
            bytes += pack.second.bytes;
        }
    }
    return old;
}

}  // namespace

/// What one snapshot says of a project.
struct Upkeep::State {
    std::vector<std::pair<std::string, store::PackRow>> packs;
    std::uint64_t journal_last = 0;
    std::uint64_t push = 0;
    std::string deployment;  // The last one's key.
    ObjectStoreRef objects;
    Roots roots;

    /// Fills all but objects and roots. In a transaction this is all that is compared.
    Status read(Reader& reader, const ProjectId& project) {
        packs.clear();
        ORIGIN_TRY(found,
                   store::scan_rows<store::PackRow>(
                       reader, Table::Packs, store::Range::prefix(project.view())));
        packs = std::move(found);
        for (auto& [key, row] : packs) {
            key.erase(0, kIdBytes);
        }
        ORIGIN_TRY(latest, latest_push(reader, project));
        push = latest;
        journal_last = 0;
        ORIGIN_CHECK(reader.scan_back(Table::Journal,
                                      store::Range::prefix(project.view()),
                                      [&](std::string_view key, std::string_view) {
                                          journal_last =
                                              store::from_be64(key.substr(kIdBytes)).value_or(0);
                                          return false;
                                      }));
        deployment.clear();
        return reader.scan_back(Table::Deployments,
                                store::Range::prefix(project.view()),
                                [&](std::string_view key, std::string_view) {
                                    deployment = key;
                                    return false;
                                });
    }

    bool is_same(const State& other) const {
        return push == other.push && journal_last == other.journal_last &&
               deployment == other.deployment && packs.size() == other.packs.size() &&
               std::ranges::equal(packs,
                                  other.packs,
                                  {},
                                  &decltype(packs)::value_type::first,
                                  &decltype(packs)::value_type::first);
    }

    /// What may be collected is in `sources`.
    Status add_roots(Reachable& reachable, const FoldSources& sources) const {
        for (const Oid& oid : roots.needed) {
            ORIGIN_CHECK(reachable.add(*objects, oid));
        }
        for (const Oid& oid : roots.wanted) {
            if (objects->contains(oid)) {
                ORIGIN_CHECK(reachable.add(*objects, oid));
            }
        }
        // What is not looked at stays, and so must all it refers to: each stored object has its
        // closure.
        for (const auto& pack : objects->packs()) {
            const bool is_source = std::ranges::any_of(
                sources.packs, [&](const auto& source) { return source.first == pack->name(); });
            if (!is_source) {
                ORIGIN_CHECK(reachable.add_all_of(*objects, *pack));
            }
        }
        return {};
    }
};

Result<Upkeep::State> Upkeep::look(const ProjectId& project) {
    State state;
    ORIGIN_CHECK(around_.store.read([&](Reader& reader) -> Status {
        ORIGIN_CHECK(state.read(reader, project));
        ORIGIN_TRY(objects, around_.storage.open(reader, project));
        state.objects = std::move(objects);
        ORIGIN_TRY(roots, read_roots(reader, project, around_.clock.now()));
        state.roots = std::move(roots);
        return {};
    }));
    return state;
}

Status Upkeep::swap(Fold& fold) {
    const UnixMillis now = around_.clock.now();
    const Status swapped =
        around_.store.write([&](Writer& writer) { return fold.swap(writer, now); });
    if (!swapped) {
        fold.discard(around_.store);
    }
    return swapped;
}

/// Removes the files of packs that died long ago.
Status Upkeep::bury(const ProjectId& project, UpkeepReport& report) {
    const UnixMillis before = around_.clock.now() - kDeadPackKept.count();
    std::vector<std::pair<std::string, store::DeadPackRow>> dead;
    ORIGIN_CHECK(around_.store.read([&](Reader& reader) -> Status {
        ORIGIN_TRY(rows,
                   store::scan_rows<store::DeadPackRow>(
                       reader, Table::DeadPacks, store::Range::prefix(project.view())));
        dead = std::move(rows);
        return {};
    }));
    std::vector<std::string> gone;
    for (const auto& [key, row] : dead) {
        if (row.died_at > before) {
            const UnixMillis then = row.died_at + kDeadPackKept.count();
            report.again_at = report.again_at == 0 ? then : std::min(report.again_at, then);
            continue;
        }
        ORIGIN_TRY(removed,
                   around_.storage.remove_unnamed(around_.store, project, key.substr(kIdBytes)));
        if (removed) {
            gone.push_back(key);
        }
    }
    if (gone.empty()) {
        return {};
    }
    report.files_removed = gone.size();
    return around_.store.write([&](Writer& writer) -> Status {
        for (const std::string& key : gone) {
            ORIGIN_CHECK(writer.erase(Table::DeadPacks, key));
        }
        return {};
    });
}

/// The journal's rows become packs, a transaction's worth at a time.
Status Upkeep::seal(const ProjectId& project, const UpkeepWish& wish, UpkeepReport& report) {
    while (true) {
        JournalPart part;
        ORIGIN_CHECK(around_.store.read([&](Reader& reader) -> Status {
            ORIGIN_TRY(read,
                       read_journal(reader,
                                    project,
                                    {.rows_max = kSealRowsMax, .bytes_max = 2 * kJournalBytesMax}));
            part = std::move(read);
            return {};
        }));
        const std::uint64_t share = wish.everything ? UINT64_MAX
                                    : wish.collect  ? kQuietJournalShare
                                                    : 1;
        if (part.pack == nullptr ||
            (part.is_all && part.pack->size_bytes() < kJournalBytesMax / share &&
             part.pack->count() < kJournalObjectsMax / share)) {
            return {};
        }
        ORIGIN_TRY(fold,
                   Fold::of(around_.storage,
                            project,
                            {.packs = {},
                             .journal = part.pack,
                             .journal_last = part.last,
                             .newest_at = part.newest_at}));
        ORIGIN_CHECK(fold.write(all_objects_of(fold.objects())));
        ORIGIN_CHECK(swap(fold));
        report.journal_rows_sealed += part.rows;
        around_.metrics.counter("journal_rows_sealed_total").add(part.rows);
        if (part.is_all) {
            return {};
        }
    }
}

Status Upkeep::consolidate(const ProjectId& project, const UpkeepWish& wish) {
    State state;
    ORIGIN_CHECK(around_.store.read([&](Reader& reader) { return state.read(reader, project); }));
    if (!wish.everything && state.packs.size() <= kPacksBeforeFold) {
        return {};
    }
    auto packs = packs_to_fold(std::move(state.packs), wish.everything);
    if (packs.empty()) {
        return {};
    }
    around_.metrics.counter("packs_folded_total").add(packs.size());
    ORIGIN_TRY(fold, Fold::of(around_.storage, project, {.packs = std::move(packs)}));
    ORIGIN_CHECK(fold.write(all_objects_of(fold.objects())));
    return swap(fold);
}

/// Marks what pushes since `state` reach.
Status Upkeep::catch_up(const Fold& fold, State& state, Reachable& reachable) {
    ORIGIN_TRY(now, look(fold.project()));
    if (!now.is_same(state)) {
        ORIGIN_CHECK(now.add_roots(reachable, fold.sources()));
        state = std::move(now);
    }
    return {};
}

/// Packs that are old enough lose what nothing reaches.
Status Upkeep::collect(const ProjectId& project, UpkeepReport& report) {
    const UnixMillis old_before = around_.clock.now() - kGarbageGrace.count();
    ORIGIN_TRY(state, look(project));
    Reachable reachable;
    report.again_at = report.again_at == 0 ? state.roots.next_expiry : report.again_at;
    std::uint64_t bytes = 0;
    FoldSources sources{.packs = packs_of_before(state.packs, old_before, bytes)};
    if (sources.packs.empty()) {
        return {};
    }
    ORIGIN_CHECK(state.add_roots(reachable, sources));
    ORIGIN_TRY(fold, Fold::of(around_.storage, project, std::move(sources)));
    std::vector<Oid> kept;
    std::vector<Oid> dropped;
    for (const Oid& oid : all_objects_of(fold.objects())) {
        (reachable.contains(oid) ? kept : dropped).push_back(oid);
    }
    if (dropped.empty()) {
        return {};
    }
    ORIGIN_CHECK(fold.write(kept));
    before_swap();
    for (std::size_t tries = 0; tries < kSwapTriesMax; ++tries) {
        ORIGIN_CHECK(catch_up(fold, state, reachable));
        if (std::ranges::any_of(dropped, [&](const Oid& oid) { return reachable.contains(oid); })) {
            break;  // A push has found a use for some of it.
        }
        const UnixMillis now = around_.clock.now();
        const Status swapped = around_.store.write([&](Writer& writer) -> Status {
            State at_last;
            ORIGIN_CHECK(at_last.read(writer, project));
            if (!at_last.is_same(state)) {
                return std::unexpected(Error(Code::Conflict, "a push came").because("moved"));
            }
            ORIGIN_CHECK(fold.swap(writer, now));
            ORIGIN_TRY(row, need_project(writer, project));
            row.gc_generation += 1;
            return store::put_row(writer, Table::Projects, project.view(), row);
        });
        if (swapped) {
            report.objects_dropped = dropped.size();
            report.bytes_dropped = bytes > fold.bytes() ? bytes - fold.bytes() : 0;
            around_.metrics.counter("objects_dropped_total").add(dropped.size());
            return {};
        }
        if (swapped.error().reason() != "moved") {
            fold.discard(around_.store);
            return swapped;
        }
    }
    fold.discard(around_.store);
    report.is_undecided = true;
    return {};
}

Result<UpkeepReport> Upkeep::run(const ProjectId& project, const UpkeepWish& wish) {
    const std::lock_guard lock(mutex_);
    UpkeepReport report;
    State state;
    ORIGIN_CHECK(around_.store.read([&](Reader& reader) -> Status {
        ORIGIN_CHECK(need_project(reader, project));
        return state.read(reader, project);
    }));
    report.packs_before = state.packs.size();
    ORIGIN_CHECK(bury(project, report));
    if (wish.collect || wish.everything) {
        // First of all: a pack that is folded with a young one counts as young.
        ORIGIN_CHECK(collect(project, report));
    }
    ORIGIN_CHECK(seal(project, wish, report));
    ORIGIN_CHECK(consolidate(project, wish));
    ORIGIN_CHECK(around_.store.read([&](Reader& reader) { return state.read(reader, project); }));
    report.packs = state.packs.size();
    around_.log.info("looked after a project's objects",
                     {{"project", project.str()},
                      {"packs_before", std::uint64_t{report.packs_before}},
                      {"packs", std::uint64_t{report.packs}},
                      {"journal_rows_sealed", std::uint64_t{report.journal_rows_sealed}},
                      {"objects_dropped", report.objects_dropped},
                      {"bytes_dropped", report.bytes_dropped},
                      {"packs_removed", std::uint64_t{report.files_removed}}});
    return report;
}

/// Its packs go as dead ones do: a day after nobody can ask for them any more.
Result<UpkeepReport> Upkeep::remove_deleted(const ProjectId& project, UnixMillis deleted_at) {
    const std::lock_guard lock(mutex_);
    const UnixMillis now = around_.clock.now();
    UpkeepReport report;
    if (now < deleted_at + kDeadPackKept.count()) {
        report.again_at = deleted_at + kDeadPackKept.count();
        return report;
    }
    ORIGIN_CHECK(erase_objects(around_.store, project));
    around_.storage.forget(project);
    ORIGIN_CHECK(bury(project, report));
    bool is_any_left = false;  // Somebody holds its name.
    ORIGIN_CHECK(around_.store.read([&](Reader& reader) {
        return reader.scan(Table::DeadPacks,
                           store::Range::prefix(project.view()),
                           [&](std::string_view, std::string_view) {
                               is_any_left = true;
                               return false;
                           });
    }));
    report.again_at = is_any_left ? now + kAfterFailure.count() : 0;
    around_.log.info(
        "removed a deleted project's objects",
        {{"project", project.str()}, {"packs_removed", std::uint64_t{report.files_removed}}});
    return report;
}

Status Upkeep::work(const store::Job& job) {
    const UnixMillis begun = around_.schedule.now();
    const auto project = ProjectId::from_raw(job.subject);
    const auto last = store::from_be64(job.payload);
    if (!project) {
        return around_.store.write([&](Writer& writer) { return store::complete(writer, job); });
    }
    std::uint64_t push = 0;
    UnixMillis gone_at = 0;
    ORIGIN_CHECK(around_.store.read([&](Reader& reader) -> Status {
        ORIGIN_TRY(deleted, deleted_at(reader, *project));
        gone_at = deleted;
        ORIGIN_TRY(latest, latest_push(reader, *project));
        push = latest;
        return {};
    }));
    const bool is_day =
        gone_at != 0 || !last || begun - static_cast<UnixMillis>(*last) >= kUpkeepInterval.count();
    std::optional<Milliseconds> again;  // From `begun`.
    const auto report =
        gone_at != 0 ? remove_deleted(*project, gone_at) : run(*project, {.collect = is_day});
    if (report && report->again_at != 0) {
        again = std::clamp(
            Milliseconds(report->again_at - around_.clock.now()), Milliseconds(0), kUpkeepDelayMax);
    } else if (!report && report.error().code() != Code::NotFound) {
        again = kAfterFailure;
        around_.log.error("a project's objects could not be looked after",
                          {{"project", project->str()},
                           {"told", report.error().told_to_peer()},
                           {"why", report.error().kept_in_log()}});
    }
    store::Job next = job;
    next.payload = is_day ? store::be64(static_cast<std::uint64_t>(begun)) : job.payload;
    return around_.store.write([&](Writer& writer) -> Status {
        ORIGIN_TRY(gone_now, deleted_at(writer, *project));
        if (gone_now != gone_at) {
            return store::retry_at(writer, next, begun);  // It was deleted meanwhile.
        }
        if (!report && !again) {
            return store::complete(writer, job);  // There never was one.
        }
        ORIGIN_TRY(latest, latest_push(writer, *project));
        std::optional<Milliseconds> wait = again;
        if (latest != push || !is_day || (report && report->is_undecided)) {
            // If what came meanwhile has filled the journal again, the next push says so.
            wait = std::min(wait.value_or(kUpkeepInterval), kUpkeepInterval);
        }
        return wait ? store::retry_at(writer, next, begun + wait->count())
                    : store::complete(writer, job);
    });
}

}  // namespace origin::git

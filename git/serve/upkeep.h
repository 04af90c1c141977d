// SPDX-License-Identifier: Apache-2.0
// git/serve/upkeep: looks after a project's stored objects: a full journal becomes a pack, many
// packs become few, what nothing reaches goes, files of packs that died are removed.
// In: a project. Out: fewer rows and files, the same reachable objects. Pushes and fetches go on
// meanwhile. Decisions: docs/decisions/0009 and 0010.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "git/serve/fold.h"
#include "git/serve/reachable.h"
#include "git/serve/storage.h"
#include "git/serve/upkeep_schedule.h"
#include "store/jobs.h"
#include "store/store.h"

namespace origin::git {

/// A pack younger than this is not looked at for garbage: who just pushed may still rely on it.
inline constexpr std::chrono::milliseconds kGarbageGrace = std::chrono::hours(24);
/// How long the files of a dead pack stay for readers of the pack set before.
inline constexpr std::chrono::milliseconds kDeadPackKept = std::chrono::hours(24);

/// The longest that a job of kind kUpkeepJob is put off.
inline constexpr std::chrono::milliseconds kUpkeepDelayMax = kHistoryKept + kUpkeepInterval;

struct UpkeepWish {
    bool everything = false;  // Fold the journal and all packs, however small; collect.
    bool collect = false;     // Look for garbage.
};

struct UpkeepReport {
    std::size_t packs_before = 0;
    std::size_t packs = 0;
    std::size_t journal_rows_sealed = 0;
    std::uint64_t objects_dropped = 0;
    std::uint64_t bytes_dropped = 0;  // Of packs, compressed.
    std::size_t files_removed = 0;    // Packs whose files are gone.
    bool is_undecided = false;        // Pushes kept coming: the garbage is for the next time.
    UnixMillis again_at = 0;          // Wall time when there is more to do; 0: after a push.
};

/// Thread-safe: one project at a time.
class Upkeep {
public:
    struct Around {
        store::Store& store;
        Storage& storage;
        const Clock& clock;     // What is old.
        const Clock& schedule;  // When to come back: a SteadiedClock.
        Log& log;
        Metrics& metrics;
    };
    explicit Upkeep(Around around) : around_(around) {}

    /// Errors: NotFound; StorageFull; Corrupt: nothing was dropped. Blocks: for as long as it
    /// takes.
    Result<UpkeepReport> run(const ProjectId& project, const UpkeepWish& wish);

    /// For a JobRunner of kind kUpkeepJob.
    Status work(const store::Job& job);

    /// For tests: called after the garbage was found and before the pack set is swapped.
    std::function<void()> before_swap = [] {
    };

private:
    struct State;

    Result<State> look(const ProjectId& project);
    Status bury(const ProjectId& project, UpkeepReport& report);
    Status seal(const ProjectId& project, const UpkeepWish& wish, UpkeepReport& report);
    Status consolidate(const ProjectId& project, const UpkeepWish& wish);
    Status collect(const ProjectId& project, UpkeepReport& report);
    Status catch_up(const Fold& fold, State& state, Reachable& reachable);
    Status swap(Fold& fold);
    Result<UpkeepReport> remove_deleted(const ProjectId& project, UnixMillis deleted_at);

    Around around_;
    std::mutex mutex_;
};

}  // namespace origin::git

// SPDX-License-Identifier: Apache-2.0
// store/jobs: durable work to do. A worker leases a job; whoever lost the lease can change nothing.
//
// Jobs:      key job id, value the Job row below.
// JobsReady: key Label(kind) + UnixMillis + job id, value empty. One row a job: at ready_at while
// it
//            waits, at lease.until while it is leased, so the front is the next one to claim.
// JobsLeased: key Label(kind) + job id, value empty. One row a job while it is leased, so that a
//            start need not read all jobs. An origind that did not know the table may have left
//            rows of jobs that are not leased, and leased jobs without a row: those run out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "store/store.h"

namespace origin::store {

struct Lease {
    std::uint64_t token = 0;  ///< The job's generation: grows with each claim, never comes again.
    std::uint64_t owner = 0;  ///< Who claimed it: for people and for lists only.
    UnixMillis until = 0;

    template <class F>
    void fields(F& f) {
        f(token);
        f(owner);
        f(until);
    }
    friend bool operator==(const Lease&, const Lease&) = default;
};

struct Job {
    static constexpr std::uint8_t kVersion = 1;
    JobId id;
    std::string kind;     ///< "deploy", "run", "webhook"; at most kJobKindBytesMax.
    std::string subject;  ///< What it is about: a raw run or deployment id.
    UnixMillis ready_at = 0;
    std::uint32_t attempt = 0;     ///< Claims so far.
    std::uint64_t generation = 0;  ///< The last token given out.
    std::optional<Lease> lease;
    std::string payload;

    template <class F>
    void fields(F& f) {
        f(id);
        f(kind);
        f(subject);
        f(ready_at);
        f(attempt);
        f(generation);
        f(lease);
        f(payload);
    }
    friend bool operator==(const Job&, const Job&) = default;
};

/// Who claims, what, and for how long.
struct Claim {
    std::string_view kind;
    UnixMillis now = 0;
    Milliseconds lease{0};
    std::uint64_t owner = 0;
};

/// `ready_at` of a job that need not wait: before all that wait, whatever the clock says.
inline constexpr UnixMillis kAtOnce = 0;

/// `ready_at` of a job with a turn is this plus the turn's number: before kAtOnce.
inline constexpr UnixMillis kFirstTurn = -(UnixMillis{1} << 62);

inline constexpr std::size_t kPlaceMax = 1000;     ///< Further back nobody counts.
inline constexpr std::size_t kTakeBackMax = 2400;  ///< Of four rows each: D3's bound.

/// Stores a new job; its lease, attempt and generation are set to none and zero.
/// Errors: InvalidInput (no or too long kind), Conflict (the id exists).
Status enqueue(Writer& writer, Job job);

/// The same for a job that need not wait; its `ready_at` becomes a turn. In a turn each client that
/// has jobs of the kind waiting gets one of them done, oldest first, so that a thousand of one
/// client's let another's wait for one.
/// Rows: two cursors, "turns <kind>" (the last number given) and "turn <kind> " + client id.
Status enqueue_in_turn(Writer& writer, Job job, const ClientId& client);

/// How many jobs of its kind stand before this one, at most kPlaceMax; nullopt: it does not wait
/// (any more).
Result<std::optional<std::size_t>> jobs_before(Reader& reader, const JobId& id);

/// Leases the job of that kind that has waited longest: ready, or with a lease that ran out. While
/// others have turns, such a one whose time has come is let in every second time.
/// Rows: a cursor, "timed <kind>" (1: the last one let in was such a one).
/// Returns: the job as leased, with `attempt` counted up; nullopt if there is none yet.
Result<std::optional<Job>> claim(Writer& writer, const Claim& claim);

/// For a start: the leases of this kind were given by a process that is gone (one process opens the
/// store), so its jobs are ready `now`. The attempt they were in counts. So are jobs that would
/// wait longer than `delay_max`: the clock was set back meanwhile. Reads no other jobs. Returns:
/// how many it dealt with; at kTakeBackMax there may be more.
Result<std::size_t> take_back_leases(Writer& writer,
                                     std::string_view kind,
                                     UnixMillis now,
                                     Milliseconds delay_max);

/// When the next job of this kind can be claimed; nullopt if there is none at all.
Result<std::optional<UnixMillis>> next_ready(Reader& reader, std::string_view kind);

Result<std::optional<Job>> find_job(Reader& reader, const JobId& id);

// Each of these needs the lease of `job` as claim() returned it to be the current one.
// Errors: Conflict, reason `lease_lost`.

/// Prolongs the lease to `until`.
Status heartbeat(Writer& writer, const Job& job, UnixMillis until);
/// Erases the job: it is done, or given up.
Status complete(Writer& writer, const Job& job);
/// Gives the lease back; the job is ready again at `ready_at`, with `job.payload` stored.
Status retry_at(Writer& writer, const Job& job, UnixMillis ready_at);
/// No change; only the check. For a transaction that publishes a worker's result.
Status check_lease(Reader& reader, const Job& job);

/// A job that waits for its time need not wait any more; one that is leased stays as it is.
Status hasten(Writer& writer, const JobId& id);
/// Erases a job whoever holds it, if it is there: its subject is gone.
Status cancel(Writer& writer, const JobId& id);

}  // namespace origin::store

// SPDX-License-Identifier: Apache-2.0
#include "store/jobs.h"

#include <algorithm>
#include <set>

#include "base/limits.h"
#include "store/event_log.h"
#include "store/key.h"
#include "store/row.h"

namespace origin::store {
namespace {

/// Later ones are times, though the clock stand before 1970.
constexpr UnixMillis kTurnsEnd = kFirstTurn / 2;

/// When the job may be claimed next: its place in JobsReady.
UnixMillis due(const Job& job) {
    return job.lease ? job.lease->until : job.ready_at;
}

std::string index_key(const Job& job) {
    return key(Label{job.kind}, due(job), job.id);
}

std::string leased_key(const Job& job) {
    return key(Label{job.kind}, job.id);
}

Status store_job(Writer& writer, const Job& job) {
    ORIGIN_CHECK(writer.put(Table::Jobs, job.id.view(), encode(job)));
    if (job.lease) {
        ORIGIN_CHECK(writer.put(Table::JobsLeased, leased_key(job), {}));
    }
    return writer.put(Table::JobsReady, index_key(job), {});
}

/// Takes a stored job out of the indexes, before it changes.
Status unlist(Writer& writer, const Job& job) {
    if (job.lease) {
        ORIGIN_CHECK(writer.erase(Table::JobsLeased, leased_key(job)));
    }
    return writer.erase(Table::JobsReady, index_key(job));
}

Error damaged(const char* what) {
    return Error(Code::Corrupt, "A stored record is damaged.", what);
}

struct Front {
    UnixMillis due = 0;
    JobId id;
};

/// The first row of the kind's index, or of a part of it.
Result<std::optional<Front>> front(Reader& reader, const Range& range) {
    std::optional<std::string> first;
    ORIGIN_CHECK(reader.scan(Table::JobsReady, range, [&](std::string_view key, std::string_view) {
        first = key;
        return false;
    }));
    if (!first) {
        return std::nullopt;
    }
    KeyParts parts(*first);
    parts.label();
    const auto time = parts.time();
    const auto id = parts.id<JobId>();
    if (!time || !id || !parts.rest().empty()) {
        return std::unexpected(damaged("job index key"));
    }
    return Front{*time, *id};
}

Result<std::optional<Front>> front(Reader& reader, std::string_view kind) {
    return front(reader, Range::prefix(key(Label{kind})));
}

/// Whom to claim. Who was tried before or lost its lease has a time and no turn: if that has come,
/// it is let in every second time, else those with turns would keep it out for good.
Result<std::optional<Front>> next_of(Writer& writer, const Claim& claim) {
    ORIGIN_TRY(first, front(writer, claim.kind));
    if (!first || first->due >= kTurnsEnd) {
        return first;
    }
    Range timed = Range::prefix(key(Label{claim.kind}));
    timed.from = key(Label{claim.kind}, kTurnsEnd);
    ORIGIN_TRY(waiting, front(writer, timed));
    if (!waiting || waiting->due > claim.now) {
        return first;
    }
    const std::string consumer = "timed " + std::string(claim.kind);
    ORIGIN_TRY(was_let_in, get_cursor(writer, consumer));
    ORIGIN_CHECK(put_cursor(writer, consumer, was_let_in == 0 ? 1 : 0));
    return was_let_in == 0 ? waiting : first;
}

/// The ids that the keys of a range end with, until there are kTakeBackMax.
Status collect(Reader& reader, Table table, const Range& range, std::set<JobId>& ids) {
    Status read;
    ORIGIN_CHECK(reader.scan(table, range, [&](std::string_view at, std::string_view) {
        const auto id = JobId::from_raw(at.substr(at.size() - std::min(at.size(), kIdBytes)));
        if (!id) {
            read = std::unexpected(damaged("job index key"));
            return false;
        }
        if (ids.size() < kTakeBackMax) {
            ids.insert(*id);
        }
        return ids.size() < kTakeBackMax;
    }));
    return read;
}

/// The stored job, if `job` holds its current lease.
Result<Job> held(Reader& reader, const Job& job) {
    ORIGIN_TRY(stored, find_job(reader, job.id));
    if (!stored || !stored->lease || !job.lease || stored->lease->token != job.lease->token) {
        return std::unexpected(
            Error(Code::Conflict, "Somebody else has taken this work over.", "job " + job.id.str())
                .because("lease_lost"));
    }
    return std::move(*stored);
}

}  // namespace

Status enqueue(Writer& writer, Job job) {
    if (job.kind.empty() || job.kind.size() > kJobKindBytesMax) {
        return std::unexpected(Error(Code::InvalidInput, "A job needs a short kind."));
    }
    ORIGIN_TRY(there, find_job(writer, job.id));
    if (there) {
        return std::unexpected(Error(Code::Conflict, "This job exists.").because("job_exists"));
    }
    job.attempt = 0;
    job.generation = 0;
    job.lease.reset();
    return store_job(writer, job);
}

Status enqueue_in_turn(Writer& writer, Job job, const ClientId& client) {
    const std::string all = "turns " + job.kind;
    const std::string own = "turn " + job.kind + " " + std::string(client.view());
    ORIGIN_TRY(last, get_cursor(writer, all));
    ORIGIN_TRY(own_last, get_cursor(writer, own));
    ORIGIN_TRY(next, front(writer, job.kind));
    // The turn that is going on; if nobody waits, a new one.
    const bool goes_on = next && next->due < kTurnsEnd;
    const std::uint64_t now =
        goes_on ? static_cast<std::uint64_t>(next->due - kFirstTurn) : last + 1;
    const std::uint64_t turn = std::max(now, own_last + 1);
    ORIGIN_CHECK(put_cursor(writer, own, turn));
    ORIGIN_CHECK(put_cursor(writer, all, std::max(last, turn)));
    job.ready_at = kFirstTurn + static_cast<UnixMillis>(turn);
    return enqueue(writer, std::move(job));
}

Result<std::optional<std::size_t>> jobs_before(Reader& reader, const JobId& id) {
    ORIGIN_TRY(job, find_job(reader, id));
    if (!job || job->lease) {
        return std::nullopt;
    }
    std::size_t count = 0;
    const Range range{.from = key(Label{job->kind}), .to = index_key(*job)};
    ORIGIN_CHECK(reader.scan(Table::JobsReady, range, [&](std::string_view, std::string_view) {
        return ++count < kPlaceMax;
    }));
    return count;
}

Result<std::optional<Job>> claim(Writer& writer, const Claim& claim) {
    ORIGIN_TRY(next, next_of(writer, claim));
    if (!next || next->due > claim.now) {
        return std::nullopt;
    }
    ORIGIN_TRY(job, find_job(writer, next->id));
    if (!job || job->kind != claim.kind || due(*job) != next->due) {
        return std::unexpected(damaged("the job index and the jobs disagree"));
    }
    ORIGIN_CHECK(unlist(writer, *job));
    job->attempt += 1;
    job->generation += 1;
    job->lease = Lease{
        .token = job->generation, .owner = claim.owner, .until = claim.now + claim.lease.count()};
    ORIGIN_CHECK(store_job(writer, *job));
    return std::move(job);
}

Result<std::size_t> take_back_leases(Writer& writer,
                                     std::string_view kind,
                                     UnixMillis now,
                                     Milliseconds delay_max) {
    const UnixMillis latest = now + delay_max.count();
    const Range leased = Range::prefix(key(Label{kind}));
    const Range late{.from = key(Label{kind}, latest + 1), .to = leased.to};
    std::set<JobId> found;
    ORIGIN_CHECK(collect(writer, Table::JobsLeased, leased, found));
    ORIGIN_CHECK(collect(writer, Table::JobsReady, late, found));
    for (const JobId& id : found) {
        ORIGIN_TRY(job, find_job(writer, id));
        ORIGIN_CHECK(writer.erase(Table::JobsLeased, key(Label{kind}, id)));
        if (!job || job->kind != kind || (!job->lease && job->ready_at <= latest)) {
            continue;  // Its row was left by an origind that did not know the table.
        }
        ORIGIN_CHECK(unlist(writer, *job));
        job->lease.reset();
        job->ready_at = now;
        ORIGIN_CHECK(store_job(writer, *job));
    }
    return found.size();
}

Result<std::optional<UnixMillis>> next_ready(Reader& reader, std::string_view kind) {
    ORIGIN_TRY(next, front(reader, kind));
    return next ? std::optional(next->due) : std::nullopt;
}

Result<std::optional<Job>> find_job(Reader& reader, const JobId& id) {
    ORIGIN_TRY(value, reader.get(Table::Jobs, id.view()));
    if (!value) {
        return std::nullopt;
    }
    ORIGIN_TRY(job, decode<Job>(*value));
    return std::optional(std::move(job));
}

Status heartbeat(Writer& writer, const Job& job, UnixMillis until) {
    ORIGIN_TRY(stored, held(writer, job));
    ORIGIN_CHECK(unlist(writer, stored));
    stored.lease->until = until;
    return store_job(writer, stored);
}

Status complete(Writer& writer, const Job& job) {
    ORIGIN_TRY(stored, held(writer, job));
    return cancel(writer, stored.id);
}

Status retry_at(Writer& writer, const Job& job, UnixMillis ready_at) {
    ORIGIN_TRY(stored, held(writer, job));
    ORIGIN_CHECK(unlist(writer, stored));
    stored.lease.reset();
    stored.ready_at = ready_at;
    stored.payload = job.payload;
    return store_job(writer, stored);
}

Status check_lease(Reader& reader, const Job& job) {
    auto stored = held(reader, job);
    return stored ? Status() : std::unexpected(std::move(stored).error());
}

Status hasten(Writer& writer, const JobId& id) {
    ORIGIN_TRY(job, find_job(writer, id));
    if (!job || job->lease) {
        return {};
    }
    ORIGIN_CHECK(unlist(writer, *job));
    job->ready_at = kAtOnce;
    return store_job(writer, *job);
}

Status cancel(Writer& writer, const JobId& id) {
    ORIGIN_TRY(job, find_job(writer, id));
    if (!job) {
        return {};
    }
    ORIGIN_CHECK(unlist(writer, *job));
    return writer.erase(Table::Jobs, job->id.view());
}

}  // namespace origin::store

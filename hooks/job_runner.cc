// SPDX-License-Identifier: Apache-2.0
#include "hooks/job_runner.h"

#include <algorithm>

#include "base/thread_name.h"

namespace origin::hooks {
namespace {

constexpr Milliseconds kLongestSleep{500};  // stop() waits no longer than this.

Milliseconds backoff(std::uint32_t attempt) {
    const Milliseconds doubled(250LL << std::min<std::uint32_t>(attempt, 8));
    return std::min<Milliseconds>(kJobBackOffMax, doubled);
}

}  // namespace

JobRunner::JobRunner(Around around, Plan plan) : around_(around), plan_(std::move(plan)) {}

JobRunner::~JobRunner() {
    stop();
}

void JobRunner::start() {
    keeper_ = std::thread([this] {
        name_thread("keeper");
        keep_leases();
    });
    if (const Status freed = take_back_leases(); !freed) {
        around_.log.error("leases of an earlier process stay until they run out",
                          {{"kind", plan_.kind}, {"why", freed.error().kept_in_log()}});
    }
    for (unsigned i = 0; i < plan_.threads; ++i) {
        threads_.emplace_back([this, i] {
            name_thread(plan_.kind);
            run(i + 1);
        });
    }
}

Status JobRunner::take_back_leases() {
    std::size_t taken = store::kTakeBackMax;
    while (taken == store::kTakeBackMax) {
        ORIGIN_CHECK(around_.store.write([&](store::Writer& writer) -> Status {
            ORIGIN_TRY(count,
                       store::take_back_leases(
                           writer, plan_.kind, around_.schedule.now(), plan_.delay_max));
            taken = count;
            return {};
        }));
    }
    return {};
}

void JobRunner::stop() {
    stopping_ = true;
    for (std::thread& thread : threads_) {
        if (thread.joinable()) {
            thread.join();
        }
    }
    {
        const std::lock_guard lock(mutex_);
        all_done_ = true;
    }
    ended_.notify_all();
    if (keeper_.joinable()) {
        keeper_.join();
    }
}

/// Three times in the length of a lease, so that one slow write loses nothing.
void JobRunner::keep_leases() {
    std::unique_lock lock(mutex_);
    while (!ended_.wait_for(lock, plan_.lease / 3, [this] { return all_done_; })) {
        const std::map<JobId, store::Job> running = running_;
        if (running.empty()) {
            continue;
        }
        lock.unlock();
        const UnixMillis until = around_.schedule.now() + plan_.lease.count();
        for (const auto& [id, job] : running) {
            // A job that ended meanwhile has no lease to renew: so be it.
            [[maybe_unused]] const Status kept = around_.store.write(
                [&](store::Writer& writer) { return store::heartbeat(writer, job, until); });
        }
        lock.lock();
    }
}

void JobRunner::run(std::uint64_t owner) {
    while (!stopping_) {
        const std::uint64_t seen = around_.store.version_of(store::Table::JobsReady);
        const auto did = run_one(owner);
        if (!did) {
            around_.log.error("jobs cannot be claimed",
                              {{"kind", plan_.kind}, {"why", did.error().kept_in_log()}});
        }
        if (!did || !*did) {
            around_.store.wait_for_change_of(
                store::Table::JobsReady, seen, did ? until_next() : kLongestSleep);
        }
    }
}

Milliseconds JobRunner::until_next() const {
    std::optional<UnixMillis> next;
    const Status read = around_.store.read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(ready, store::next_ready(reader, plan_.kind));
        next = ready;
        return {};
    });
    if (!read || !next) {
        return kLongestSleep;
    }
    return std::clamp(Milliseconds(*next - around_.schedule.now()), Milliseconds(1), kLongestSleep);
}

/// Returns: false if there was nothing to do.
Result<bool> JobRunner::run_one(std::uint64_t owner) {
    const UnixMillis now = around_.schedule.now();
    bool ready = false;
    ORIGIN_CHECK(around_.store.read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(next, store::next_ready(reader, plan_.kind));
        ready = next && *next <= now;
        return {};
    }));
    if (!ready) {
        return false;
    }
    std::optional<store::Job> job;
    ORIGIN_CHECK(around_.store.write([&](store::Writer& writer) -> Status {
        ORIGIN_TRY(claimed, store::claim(writer, {plan_.kind, now, plan_.lease, owner}));
        job = claimed;
        return {};
    }));
    if (!job) {
        return false;
    }
    around_.metrics.counter("jobs_total{kind=\"" + plan_.kind + "\"}").add();
    {
        const std::lock_guard lock(mutex_);
        running_.emplace(job->id, *job);
    }
    const bool last = job->attempt > plan_.attempts_max;
    const Status done = last ? plan_.give_up(*job) : plan_.work(*job);
    {
        const std::lock_guard lock(mutex_);
        running_.erase(job->id);
    }
    if (!done) {
        put_off(*job, done.error());
    }
    return true;
}

void JobRunner::put_off(const store::Job& job, const Error& error) {
    around_.log.warning("a job failed and will be tried again",
                        {{"kind", job.kind},
                         {"job", job.id.str()},
                         {"attempt", std::uint64_t{job.attempt}},
                         {"told", error.told_to_peer()},
                         {"why", error.kept_in_log()}});
    const UnixMillis again = around_.schedule.now() + backoff(job.attempt).count();
    const Status put = around_.store.write(
        [&](store::Writer& writer) { return store::retry_at(writer, job, again); });
    if (!put && put.error().reason() != "lease_lost") {
        around_.log.error("a job could not be put off; its lease will run out",
                          {{"job", job.id.str()}, {"why", put.error().kept_in_log()}});
    }
}

}  // namespace origin::hooks

// SPDX-License-Identifier: Apache-2.0
// generator/run_worker: does one run: engine -> validator -> merge with human edits -> commit ->
// the same push transaction as any other, which also settles the run and completes its job.
#pragma once

#include "base/log.h"
#include "generator/runs.h"
#include "git/serve/commit.h"
#include "store/jobs.h"

namespace origin::generator {

class RunWorker {
public:
    struct Around {
        Runs& runs;
        git::PushService& pushes;
        const auth::Gatekeeper& gatekeeper;
        Log& log;
        std::string server_version;
    };
    explicit RunWorker(Around around) : around_(std::move(around)) {}

    /// Errors: what may pass by itself (a full disk, a branch that moved): the job comes back.
    /// Everything else settles the run with an error of its own.
    Status work(const store::Job& job) const;
    /// After the last attempt: the run is `failed`, the job is gone.
    Status give_up(const store::Job& job) const;

private:
    struct Work;  // One run in progress.
    Status generate(Work& work) const;
    Result<Oid> merged_tree(Work& work, const Oid& pristine) const;
    Status commit(Work& work) const;
    Status auto_merge(Work& work) const;
    Status settle(const Work& work, store::RunState state, const Error& error) const;

    Around around_;
};

}  // namespace origin::generator

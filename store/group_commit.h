// SPDX-License-Identifier: Apache-2.0
// store/group_commit: waiting writes in, one durable commit out.
//
// Each write runs in a transaction nested in its batch's, so one that fails undoes itself alone.
// Nobody hears of a result before the batch is on the disk: even a refusal may rest on what an
// earlier write of the batch did. If the batch cannot be committed, its writes are run again with
// a larger map, or with deletes only, or are all told why not.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "store/change_signal.h"
#include "store/disk_space.h"
#include "store/lmdb_env.h"
#include "store/lmdb_tables.h"
#include "store/write_queue.h"

namespace origin::store {

/// Used by one thread at a time.
class GroupCommit {
public:
    struct Parts {
        LmdbEnv& env;
        WriteQueue& queue;
        ChangeSignal& signal;
        DiskSpace& disk;
        std::function<void()> fatal;
        Log& log;
        Clock& clock;
    };

    explicit GroupCommit(const Parts& parts) : parts_(parts) {}

    /// Runs `first`, and what arrives meanwhile, and sets the results. Does not release anybody.
    std::vector<WaitingWrite*> run(WaitingWrite& first);

private:
    enum class Attempt : std::uint8_t { Done, MapFull, NoRoom };

    Attempt attempt(std::vector<WaitingWrite*>& batch, LmdbTables::Mode mode);
    Attempt run_all(MDB_txn* txn, std::vector<WaitingWrite*>& batch, LmdbTables::Mode mode);
    Attempt run_one(MDB_txn* txn, WaitingWrite& write, LmdbTables::Mode mode);
    Attempt finish(Txn txn, std::vector<WaitingWrite*>& batch, LmdbTables::Mode mode);
    Attempt refuse(std::vector<WaitingWrite*>& batch, const Error& error);
    Attempt die(std::vector<WaitingWrite*>& batch, int rc);
    bool is_full(std::size_t writes) const;
    LmdbTables::Mode allowed();

    Parts parts_;
    Touched touched_;       // By the writes of this attempt that are kept.
    std::size_t rows_ = 0;  // Asked for in this attempt.
    std::size_t bytes_ = 0;
    bool was_full_ = false;
};

}  // namespace origin::store

// SPDX-License-Identifier: Apache-2.0
#include "store/group_commit.h"

#include <cerrno>
#include <utility>

#include "base/limits.h"

namespace origin::store {
namespace {

/// Disk that only deletes may take: enough to write the pages one of them changes.
constexpr std::uint64_t kReservePages = 256;

}  // namespace

std::vector<WaitingWrite*> GroupCommit::run(WaitingWrite& first) {
    std::vector<WaitingWrite*> batch = {&first};
    LmdbTables::Mode mode = allowed();
    while (true) {
        const Attempt result = attempt(batch, mode);
        if (result == Attempt::Done) {
            return batch;
        }
        if (result == Attempt::MapFull && parts_.env.grow_map()) {
            parts_.log.info("store map grown", {{"bytes", parts_.env.map_bytes()}});
            continue;
        }
        if (mode == LmdbTables::Mode::WriteErasesOnly) {
            refuse(batch, storage_full("no room left, not even to delete"));
            return batch;
        }
        mode = LmdbTables::Mode::WriteErasesOnly;
    }
}

LmdbTables::Mode GroupCommit::allowed() {
    const bool full = !parts_.disk.has_reserve() || !parts_.env.map_has_reserve();
    if (full != std::exchange(was_full_, full)) {
        parts_.log.warning(full ? "store: space is short; only deletes are taken"
                                : "store: there is space again");
    }
    return full ? LmdbTables::Mode::WriteErasesOnly : LmdbTables::Mode::Write;
}

GroupCommit::Attempt GroupCommit::attempt(std::vector<WaitingWrite*>& batch,
                                          LmdbTables::Mode mode) {
    touched_ = {};
    rows_ = 0;
    bytes_ = 0;
    Txn txn;
    if (const int rc = begin(parts_.env.raw(), nullptr, 0, txn); rc != MDB_SUCCESS) {
        // LMDB refuses for good (MDB_PANIC) once it could not write a head.
        return rc == MDB_PANIC ? die(batch, rc) : refuse(batch, lmdb_error(rc, "beginning"));
    }
    if (const Attempt result = run_all(txn.get(), batch, mode); result != Attempt::Done) {
        return result;
    }
    return touched_.anything() ? finish(std::move(txn), batch, mode) : Attempt::Done;
}

GroupCommit::Attempt GroupCommit::run_all(MDB_txn* txn,
                                          std::vector<WaitingWrite*>& batch,
                                          LmdbTables::Mode mode) {
    for (std::size_t next = 0; next < batch.size(); ++next) {
        const Attempt result = run_one(txn, *batch[next], mode);
        if (result != Attempt::Done) {
            return result;
        }
        if (next + 1 == batch.size() && !is_full(batch.size())) {
            if (WaitingWrite* const arrived = parts_.queue.poll()) {
                batch.push_back(arrived);
            }
        }
    }
    return Attempt::Done;
}

bool GroupCommit::is_full(std::size_t writes) const {
    return writes >= kStoreBatchWritesMax || bytes_ >= kStoreBatchBytesMax ||
           rows_ >= kStoreBatchRowsMax;
}

GroupCommit::Attempt GroupCommit::run_one(MDB_txn* txn,
                                          WaitingWrite& write,
                                          LmdbTables::Mode mode) {
    Txn nested;
    if (const int rc = begin(parts_.env.raw(), txn, 0, nested); rc != MDB_SUCCESS) {
        write.result = std::unexpected(lmdb_error(rc, "beginning a nested transaction"));
        return Attempt::Done;
    }
    LmdbTables tables(parts_.env, nested.get(), mode, parts_.clock);
    write.result = tables.outcome(run_guarded(write.fn, tables));
    rows_ += tables.budget().rows();
    bytes_ += tables.budget().bytes();
    if (tables.map_full()) {
        return Attempt::MapFull;
    }
    if (!write.result || !tables.touched().anything()) {
        return Attempt::Done;
    }
    const int rc = commit(std::move(nested));
    if (rc == MDB_SUCCESS) {
        touched_.add(tables.touched());
    } else {
        write.result = std::unexpected(lmdb_error(rc, "joining the batch"));
    }
    return rc == MDB_MAP_FULL ? Attempt::MapFull : Attempt::Done;
}

GroupCommit::Attempt GroupCommit::finish(Txn txn,
                                         std::vector<WaitingWrite*>& batch,
                                         LmdbTables::Mode mode) {
    const bool erases_only = mode == LmdbTables::Mode::WriteErasesOnly;
    const std::uint64_t pages = touched_.pages(parts_.env, txn.get());
    // Taken before LMDB writes: it reports a write cut short by a full disk as EIO, and we must
    // die of EIO.
    if (!parts_.env.make_room(pages + (erases_only ? 0 : kReservePages))) {
        return Attempt::NoRoom;
    }
    const int rc = commit(std::move(txn));
    if (rc == MDB_SUCCESS) {
        parts_.signal.raise(touched_.tables());
        return Attempt::Done;
    }
    if (rc == MDB_MAP_FULL) {
        return Attempt::MapFull;
    }
    if (means_disk_full(rc)) {
        return Attempt::NoRoom;
    }
    const bool nothing_written = rc == ENOMEM || rc == MDB_TXN_FULL;
    return nothing_written ? refuse(batch, lmdb_error(rc, "committing")) : die(batch, rc);
}

GroupCommit::Attempt GroupCommit::refuse(std::vector<WaitingWrite*>& batch, const Error& error) {
    for (WaitingWrite* write : batch) {
        write->result = std::unexpected(error);
    }
    return Attempt::Done;
}

GroupCommit::Attempt GroupCommit::die(std::vector<WaitingWrite*>& batch, int rc) {
    // What the disk holds now is unknown; only reading it anew can tell. Not even a retry may.
    parts_.log.error("store: a commit failed; ending the process", {{"error", mdb_strerror(rc)}});
    parts_.queue.stop();
    parts_.fatal();
    return refuse(batch, lmdb_error(rc, "committing"));
}

}  // namespace origin::store

// SPDX-License-Identifier: Apache-2.0
// store/lmdb_handles: LMDB's C handles with one owner each, and its return codes as our Errors.
#pragma once

#include <memory>
#include <string_view>

#include <lmdb.h>

#include "base/error.h"

namespace origin::store {

struct CloseEnv {
    void operator()(MDB_env* env) const { mdb_env_close(env); }
};
struct AbortTxn {
    void operator()(MDB_txn* txn) const { mdb_txn_abort(txn); }
};
struct CloseCursor {
    void operator()(MDB_cursor* cursor) const { mdb_cursor_close(cursor); }
};

using Env = std::unique_ptr<MDB_env, CloseEnv>;
using Txn = std::unique_ptr<MDB_txn, AbortTxn>;           // Aborted unless commit() took it.
using Cursor = std::unique_ptr<MDB_cursor, CloseCursor>;  // Must go before its transaction does.

inline int begin(MDB_env* env, MDB_txn* parent, unsigned flags, Txn& txn) {
    MDB_txn* begun = nullptr;
    const int rc = mdb_txn_begin(env, parent, flags, &begun);
    txn.reset(rc == MDB_SUCCESS ? begun : nullptr);
    return rc;
}
inline int commit(Txn txn) {
    return mdb_txn_commit(txn.release());
}
inline int open_cursor(MDB_txn* txn, MDB_dbi dbi, Cursor& cursor) {
    MDB_cursor* opened = nullptr;
    const int rc = mdb_cursor_open(txn, dbi, &opened);
    cursor.reset(rc == MDB_SUCCESS ? opened : nullptr);
    return rc;
}

inline MDB_val val_of(std::string_view bytes) {
    return {bytes.size(), const_cast<char*>(bytes.data())};  // LMDB only reads through it.
}
inline std::string_view view_of(const MDB_val& val) {
    return {static_cast<const char*>(val.mv_data), val.mv_size};
}

/// The disk, a quota or a file size limit is full; nothing was written.
bool means_disk_full(int rc);

/// "The disk is full": what a peer is told, whatever filled up.
Error storage_full(std::string_view kept_in_log);

Error lmdb_error(int rc, std::string_view doing);

}  // namespace origin::store

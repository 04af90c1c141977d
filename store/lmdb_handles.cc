// SPDX-License-Identifier: Apache-2.0
#include "store/lmdb_handles.h"

#include <cerrno>
#include <string>

namespace origin::store {

bool means_disk_full(int rc) {
    return rc == ENOSPC || rc == EDQUOT || rc == EFBIG;
}

Error storage_full(std::string_view kept_in_log) {
    return Error(Code::StorageFull,
                 "The server's storage is full. Nothing was changed; deleting still works, and "
                 "writing does again once there is space.",
                 std::string(kept_in_log));
}

Error lmdb_error(int rc, std::string_view doing) {
    const std::string note = std::string(doing) + ": " + mdb_strerror(rc);
    if (means_disk_full(rc) || rc == MDB_MAP_FULL) {
        return storage_full(note);
    }
    switch (rc) {
        case MDB_CORRUPTED:
        case MDB_PAGE_NOTFOUND:
        case MDB_INVALID:
        case MDB_VERSION_MISMATCH:
        case MDB_INCOMPATIBLE:
            return {Code::Corrupt, "The store is damaged.", note};
        case MDB_TXN_FULL:
            return {Code::LimitExceeded, "This is too large a change to be made at once.", note};
        case MDB_READERS_FULL:
        case ENOMEM:
            return {Code::Unavailable, "The server is overloaded; try again.", note};
        default:
            return {Code::Internal, "The store failed.", note};
    }
}

}  // namespace origin::store

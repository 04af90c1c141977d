// SPDX-License-Identifier: Apache-2.0
// store/lmdb_check: reads a store's files in a child process first. LMDB maps the file and trusts
// it: where it is cut or damaged, reading it raises SIGBUS or an assertion, and that must hit a
// process whose death tells us something.
#pragma once

#include <string>

#include "base/result.h"

namespace origin::store {

/// Opens `folder` (with an existing data.mdb) read-only in a forked child and walks the heads, the
/// free list and up to kStoreCheckRowsMax rows of each table, half of them from each end, without
/// their checksums. So what it costs does not grow with the store; `doctor` reads everything.
/// Errors: Corrupt `damaged_store`; Internal if it cannot be read at all.
/// Blocks: for the walk; a child that takes more than two minutes counts as damage.
Status check_in_child(const std::string& folder);

}  // namespace origin::store

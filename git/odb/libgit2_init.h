// SPDX-License-Identifier: Apache-2.0
// git/odb/libgit2_init: the one start of libgit2 in this process, with settings fit for a server.
#pragma once

namespace origin::git {

/// Starts libgit2 once, however often and from however many threads it is called: no configuration
/// is searched for on the host, reads are not re-hashed, its caches are small (ours hold the data).
/// Aborts if libgit2 cannot start: nothing could go on without it.
void use_libgit2();

}  // namespace origin::git

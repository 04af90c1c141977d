// SPDX-License-Identifier: Apache-2.0
// sandbox/warden: looks after one box while its program runs, and empties it at the end.
#pragma once

#include <string>

#include <sys/types.h>

#include "base/result.h"
#include "sandbox/bubblewrap.h"
#include "sandbox/fd.h"

namespace origin::sandbox {

/// The two ends of a pipe; the child gets one of them.
struct Ends {
    Fd reading;
    Fd writing;

    /// Errors: Internal.
    static Result<Ends> make();
};

/// The first bytes of a file, wherever it stands.
std::string read_back(const Fd& file);
/// "12 MiB".
std::string megabytes(std::uint64_t bytes);

/// bwrap tells on `born` who the box's first process is, and begins the program when `go` is
/// written to: so that process is known before it can be gone.
class Warden {
public:
    Warden(const BoxedProgram& boxed, const Ends& born, const Ends& go, const Fd& report)
        : boxed_(boxed), born_(born), go_(go), report_(report) {}

    /// `outer`: bwrap's process. Returns: why to end it; empty: it may go on.
    std::string look(pid_t outer);

    /// Ends what still runs in the box. Blocks: until its first process is dead, and so all others.
    /// bwrap's --die-with-parent alone does not do that: the death signal is lost at times when
    /// the first process takes its users' namespace.
    void empty() const;

private:
    /// Returns: why it cannot begin; empty: it has, or will.
    std::string find_inner(pid_t outer);

    const BoxedProgram& boxed_;
    const Ends& born_;
    const Ends& go_;
    const Fd& report_;  // Of the launcher.
    pid_t inner_ = 0;   // The first process of the box, as this machine calls it.
    Fd ending_;
};

}  // namespace origin::sandbox

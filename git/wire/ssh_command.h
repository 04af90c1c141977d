// SPDX-License-Identifier: Apache-2.0
// git/wire/ssh_command: the one line an SSH client may execute, by a fixed grammar and no shell.
//   line = ("git-" | "git ") ("upload-pack" | "receive-pack" | "upload-archive") SP path
//   path = plain+ | quoted;  quoted = "'" (any | "'\''" | "'\!'")* "'"
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "git/wire/service.h"

namespace origin::git {

struct SshCommand {
    Service service;
    std::string path;  // As the client wrote it: may begin with `/`, `~` or neither.
};

/// Errors: InvalidInput for everything else: another program, options, a second word, an unclosed
///         quote, control characters, an empty path or one that begins with `-`; LimitExceeded past
///         kSshCommandBytesMax.
Result<SshCommand> parse_ssh_command(std::string_view line);

}  // namespace origin::git

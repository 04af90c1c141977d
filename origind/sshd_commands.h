// SPDX-License-Identifier: Apache-2.0
// origind/sshd_commands: the part of the command line that a site's own sshd runs: contrib/openssh.
#pragma once

#include <CLI/CLI.hpp>

#include "origind/commands.h"

namespace origin {

struct SshdOptions {
    SshKeysOptions keys;
    SshShellOptions shell;
};

/// `options` and `status` are written when the command runs: they must outlive `app`.
void add_sshd_commands(CLI::App& app, SshdOptions& options, int& status);

}  // namespace origin

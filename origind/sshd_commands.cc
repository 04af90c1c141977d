// SPDX-License-Identifier: Apache-2.0
#include "origind/sshd_commands.h"

namespace origin {

void add_sshd_commands(CLI::App& app, SshdOptions& options, int& status) {
    CLI::App* keys = app.add_subcommand(
        "ssh-keys", "for sshd's AuthorizedKeysCommand: the line of a key that may come in");
    keys->add_option("--data", options.keys.data, "the data folder")->required();
    keys->add_option("type", options.keys.type, "%t")->required();
    keys->add_option("key", options.keys.key, "%k")->required();
    keys->callback([&] { status = run_ssh_keys(options.keys); });

    CLI::App* shell = app.add_subcommand(
        "ssh-shell", "for sshd's ForceCommand: brings one Git command to the server");
    shell->add_option("--socket", options.shell.socket, "ssh.shell_socket of the server")
        ->required();
    shell->callback([&] { status = run_ssh_shell(options.shell); });
}

}  // namespace origin

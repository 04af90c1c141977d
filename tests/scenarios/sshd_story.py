# SPDX-License-Identifier: Apache-2.0
"""Goal: where sshd keeps port 22, Git goes through it as through our own door (contrib/openssh), and no further.

Method: Debian's sshd with the very file that contrib/openssh has (doors.py); the stories of the SSH door run again, by
door_table.py. Here is what differs: sshd's own environment, two users, a server that is not there. It needs root.
"""
import os
import pathlib
import shutil
import subprocess

import door_table
import doors
import ssh_story
from origin_server import PATIENCE_SECONDS, program


class BehindSshd(ssh_story.SshScenario):
    def test_no_other_program_runs(self):
        marker = self.folder / "marker"
        for line in ("sh", "id", f"touch {marker}", f"git-upload-pack '/x'; touch {marker}", f"$(touch {marker})", "git-upload-pack --help",
                     "git-upload-pack '/x' '/y'", "git-upload-pack '/x", f"two\ntouch {marker}", "x" * 60_000):
            done = self.ssh(line)
            self.assertEqual(done.returncode, 128, (line[:40], done.stdout, done.stderr))
            self.assertIn("origind: ", done.stderr)
            self.assertEqual(done.stdout, "")
        self.assertFalse(marker.exists())

    def test_no_variable_but_one(self):
        """Nor the ticket: it comes from sshd's own line alone."""
        os.environ["ORIGIND_TICKET"] = "9999999999.AAAA.AAAA"
        self.addCleanup(os.environ.pop, "ORIGIND_TICKET")
        done = self.ssh(options=("-o", "SendEnv=ORIGIND_TICKET", "-o", "SetEnv=SSH_ORIGINAL_COMMAND=id"))
        self.assertEqual((done.returncode, "Hello admin" in done.stdout), (0, True), done.stderr)

    def test_nothing_is_said_beside_git(self):
        self.pushed_repo()
        said = self.clone().run("fetch").stderr
        self.assertEqual(said, "")

    def test_the_log_names_the_client_s_address(self):
        """Of the way in: what a client says about itself is not sent on, and what is no address is not believed."""
        before = len(self.server.log())
        done = self.ssh(f"git-upload-pack '/{self.server.client}/none.git'", options=("-o", "BindAddress=127.0.3.7", "-o", "SetEnv=SSH_CONNECTION=10.9.9.9"))
        self.assertEqual(done.returncode, 128)
        line = next(line for line in self.server.log()[before:].splitlines() if "ssh command" in line)
        self.assertIn("peer=127.0.3.7 through=sshd", line)

    def test_two_keys_are_two_clients(self):
        bob = self.server.post("/api/clients", {"slug": "bob-over-sshd"}).json["clientId"]
        key = self.door.new_key("bob-over-sshd")
        self.door.add_key(key, "--client", bob)
        self.assertIn("Hello bob-over-sshd", self.ssh(who=key).stdout)
        self.assertIn("Hello admin", self.ssh().stdout)

    def test_no_terminal(self):
        done = self.ssh(options=("-tt",))
        self.assertIn("PTY allocation request failed", done.stderr)

    def test_the_line_for_sshd(self):
        """Nothing for a key that nobody has, nor for what is no key."""
        kind, key, *_ = pathlib.Path(f"{self.door.own}.pub").read_text().split()
        words = ("ssh-keys", "--data", self.server.data)
        self.assertRegex(self.server.command(*words, kind, key).stdout,
                         rf'^restrict,environment="ORIGIND_TICKET=[0-9]+\.[\w-]+\.[\w-]{{43}}" {kind} {key.replace("+", ".")}\n$')
        stranger = pathlib.Path(f"{self.door.new_key('nobody')}.pub").read_text().split()
        for type_, blob in ((stranger[0], stranger[1]), ("ssh-ed25519-cert-v01@openssh.com", key), ("ssh-rsa", key), (kind, key[:-8]),
                            (kind, ""), ("", ""), (kind, "\n" + key)):
            done = self.server.command(*words, type_, blob)
            self.assertEqual((done.returncode, done.stdout), (0, ""), (type_, blob))
        self.assertNotIn("id", self.server.command(*words, kind, f'{key} x",command="id').stdout.split(" ", 1)[1].replace(key, "").replace(kind, ""))

    def test_a_server_that_does_not_run_lets_nobody_in(self):
        self.server.stop()
        try:
            done = self.ssh()
            self.assertEqual(done.returncode, 255, done.stderr)
            self.assertIn("Permission denied", done.stderr)
        finally:
            self.server.start()
        self.assertEqual(self.ssh().returncode, 0)

    def test_the_login_user_may_open_nothing(self):
        """As uid of `git`: no data folder, and ssh-shell without a ticket, or with one of its own making, gets nowhere."""
        place = self.door.place
        def as_git(*words, **variables):
            return subprocess.run(words, user=doors.GIT_UID, group=65534, extra_groups=[], capture_output=True, text=True, check=False,
                                  cwd="/", env=variables, timeout=PATIENCE_SECONDS)
        self.assertNotEqual(as_git("ls", self.server.data).returncode, 0)
        copy = place / "origind"
        shutil.copy(program(), copy)
        copy.chmod(0o755)
        self.addCleanup(copy.unlink)
        words = (copy, "ssh-shell", "--socket", place / "shell.sock")
        for variables in ({}, {"ORIGIND_TICKET": ""}, {"ORIGIND_TICKET": "9999999999.AAAA.AAAA"}, {"ORIGIND_TICKET": "a\nb"}):
            done = as_git(*words, SSH_ORIGINAL_COMMAND="git-upload-pack '/x'", **variables)
            self.assertEqual((done.returncode, done.stdout), (128, ""), done.stderr)
            self.assertIn("origind: ", done.stderr)
        done = as_git(copy, "ssh-shell", "--socket", place / "nowhere.sock", ORIGIND_TICKET="x")
        self.assertEqual(done.returncode, 128)


if __name__ == "__main__":
    door_table.main()

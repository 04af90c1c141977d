# SPDX-License-Identifier: Apache-2.0
"""Goal: where sshd keeps port 22, Git goes through it as through our own door (contrib/openssh), and no further.

Method: Debian's sshd with the very file that contrib/openssh has, on a free port; the stories of the SSH door run again. It
has a mount namespace of its own, where there is a user `git` who may not open the data folder. That needs root: 77 without.
"""
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

import clone_and_fetch_story
import push_story
import ssh_story
from origin_server import PATIENCE_SECONDS, ROOT, program, wait_until
from scenario import Scenario

GIT_UID = 65533
BEGIN = """
set -e
mount -t tmpfs -o mode=755 tmpfs /mnt
cp "$1" /mnt/origind
chmod 755 /mnt/origind
mount --bind "$2/passwd" /etc/passwd
mount --bind "$2/shadow" /etc/shadow
mkdir -p /run/sshd
exec /usr/sbin/sshd -D -e -f "$2/sshd_config"
"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


class Sshd:
    """One sshd beside one origind, whose folder `place` has the socket of ssh-shell."""

    def __init__(self, server, place):
        self.place, self.port = place, free_port()
        self.log = place / "sshd.log"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", place / "host_key"], check=True)
        (place / "passwd").write_text(pathlib.Path("/etc/passwd").read_text() + f"git:x:{GIT_UID}:65534::/:/bin/sh\n")
        (place / "shadow").write_text(pathlib.Path("/etc/shadow").read_text() + "git:*:1::::::\n")
        (place / "shadow").chmod(0o600)
        config = (ROOT / "contrib/openssh/origind.conf").read_text()
        for theirs, ours in (("/usr/local/bin/origind", "/mnt/origind"), ("/var/lib/origind", str(server.data)),
                             ("/run/origind/shell.sock", str(place / "shell.sock")), ("CommandUser origind", "CommandUser root")):
            assert theirs in config
            config = config.replace(theirs, ours)
        (place / "origind.conf").write_text(config)
        (place / "sshd_config").write_text(  # As Debian's: what is included comes first.
            f"Include {place}/origind.conf\nPort {self.port}\nListenAddress 127.0.0.1\nHostKey {place}/host_key\nPidFile none\nUsePAM no\nMaxStartups 100\n"
            f"PasswordAuthentication no\nKbdInteractiveAuthentication no\n")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(["unshare", "--mount", "sh", "-c", BEGIN, "sh", os.path.realpath(program()), str(place)],
                                            stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        wait_until("sshd to listen", self.listens)

    def listens(self):
        if self.process.poll() is not None:
            raise AssertionError(f"sshd ended: {self.log.read_text()}")
        return b"Server listening" in self.log.read_bytes()

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=PATIENCE_SECONDS)


class OverSshd(ssh_story.OverSsh):
    OPTIONS = ()

    @classmethod
    def setUpClass(cls):
        place = pathlib.Path(tempfile.mkdtemp(prefix="origind-sshd-"))
        cls.addClassCleanup(shutil.rmtree, place)
        place.chmod(0o755)
        (place / "origind.toml").write_text(f'[ssh]\nshell_socket = "{place}/shell.sock"\n')
        cls.OPTIONS = ("--config", str(place / "origind.toml"))
        super().setUpClass()
        cls.sshd = Sshd(cls.server, place)
        cls.addClassCleanup(cls.sshd.stop)
        cls.server.ssh_url = f"ssh://127.0.0.1:{cls.sshd.port}"


class V0(OverSshd, clone_and_fetch_story.EachProtocol, Scenario):
    PROTOCOL = 0


class V2(OverSshd, clone_and_fetch_story.EachProtocol, Scenario):
    PROTOCOL = 2


class Pushes(OverSshd, Scenario):
    test_creates_the_project_and_says_so = push_story.Pushes.test_creates_the_project_and_says_so
    test_delete_of_the_default_branch_is_refused = push_story.Pushes.test_delete_of_the_default_branch_is_refused
    test_force_is_needed_and_works = push_story.Pushes.test_force_is_needed_and_works
    test_push_options_are_kept = push_story.Pushes.test_push_options_are_kept
    test_a_large_push_in_chunks = push_story.Pushes.test_a_large_push_in_chunks
    test_many_commits_as_thin_deltas = push_story.Pushes.test_many_commits_as_thin_deltas
    test_a_large_clone = ssh_story.Pushes.test_a_large_clone


class Door(OverSshd, Scenario):
    test_a_shell_is_a_greeting = ssh_story.Door.test_a_shell_is_a_greeting
    test_an_archive_is_the_one_that_git_makes = ssh_story.Door.test_an_archive_is_the_one_that_git_makes
    test_an_archive_of_what_no_ref_shows_is_refused = ssh_story.Door.test_an_archive_of_what_no_ref_shows_is_refused
    test_bad_words_for_an_archive = ssh_story.Door.test_bad_words_for_an_archive
    test_an_archive_that_is_left_leaves_nothing_behind = ssh_story.Door.test_an_archive_that_is_left_leaves_nothing_behind
    test_a_project_that_is_shared = ssh_story.Door.test_a_project_that_is_shared
    test_paths_that_name_no_project = ssh_story.Door.test_paths_that_name_no_project
    test_a_stranger_is_refused = ssh_story.Door.test_a_stranger_is_refused
    test_each_type_of_key = ssh_story.Door.test_each_type_of_key
    test_a_key_that_was_removed_is_refused = ssh_story.Door.test_a_key_that_was_removed_is_refused
    test_a_deploy_key_reads_its_project_alone = ssh_story.Door.test_a_deploy_key_reads_its_project_alone
    test_another_client_sees_nothing = ssh_story.Door.test_another_client_sees_nothing
    test_no_forwarding_no_subsystem = ssh_story.Door.test_no_forwarding_no_subsystem

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

    def test_two_keys_are_two_clients(self):
        bob = self.server.post("/api/clients", {"slug": "bob-over-sshd"}).json["clientId"]
        key = self.new_key("bob-over-sshd")
        self.add_key(key, "--client", bob)
        self.assertIn("Hello bob-over-sshd", self.ssh(key=key).stdout)
        self.assertIn("Hello admin", self.ssh().stdout)

    def test_no_terminal(self):
        done = self.ssh(options=("-tt",))
        self.assertIn("PTY allocation request failed", done.stderr)

    def test_the_line_for_sshd(self):
        """Nothing for a key that nobody has, nor for what is no key."""
        kind, key, *_ = pathlib.Path(f"{self.key_file}.pub").read_text().split()
        words = ("ssh-keys", "--data", self.server.data)
        self.assertRegex(self.server.command(*words, kind, key).stdout,
                         rf'^restrict,environment="ORIGIND_TICKET=[0-9]+\.[\w-]+\.[\w-]{{43}}" {kind} {key.replace("+", ".")}\n$')
        stranger = pathlib.Path(f"{self.new_key('nobody')}.pub").read_text().split()
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
            url = self.server.ssh_url
            self.server.start()
            self.server.ssh_url = url
        self.assertEqual(self.ssh().returncode, 0)

    def test_the_login_user_may_open_nothing(self):
        """As uid of `git`: no data folder, and ssh-shell without a ticket, or with one of its own making, gets nowhere."""
        place = self.sshd.place
        def as_git(*words, **variables):
            return subprocess.run(words, user=GIT_UID, group=65534, extra_groups=[], capture_output=True, text=True, check=False,
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
    if os.geteuid() != 0:
        print("needs root: sshd logs a user in, in a mount namespace of its own")
        sys.exit(77)
    unittest.main()

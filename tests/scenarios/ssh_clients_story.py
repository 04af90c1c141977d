# SPDX-License-Identifier: Apache-2.0
"""Goal: Git over SSH is served to whoever speaks it, not to OpenSSH's client alone (docs/ssh.md, "Clients").

Method: one story for each client, with its own keys and its own SSH: it clones, pushes and fetches, by turns with an
OpenSSH client that must see the same ids; a key that nobody knows is refused. Each client is a Debian package.
"""
import os
import pathlib
import re
import subprocess
import time

import door_table
import git_client
import ssh_story
from origin_server import PATIENCE_SECONDS, ROOT

PROGRAMS = pathlib.Path(__file__).parent / "ssh_clients"
DEBIAN_PYTHON = "/usr/bin/python3"  # Debian's packages are for Debian's own.
NOISE = 5_000_000  # More than any client's window, both ways.


def run(*words, **more):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, errors="replace",
                          stdin=subprocess.DEVNULL, timeout=PATIENCE_SECONDS, check=True, **more).stdout


class EachClient:
    """A client makes a key, `client_key`, which gives (private file, public file), and can `client(key, what, folder)`."""
    TOLD = "git:write"  # What it shows of a refusal.

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.good_key, public = cls.client_key("good")
        cls.server.command("key", "add-ssh", "--data", cls.server.data, public)
        cls.unknown_key, _ = cls.client_key("unknown")

    @classmethod
    def client_key(cls, name):
        path = cls.door.new_key(name)
        return path, f"{path}.pub"

    def client(self, key, what, folder):
        raise NotImplementedError

    def do(self, what, folder, key=None):
        done = self.client(key or self.good_key, what, folder)
        self.assertEqual(done.returncode, 0, f"{what}: {done.stdout}{done.stderr}")
        return git_client.Repo(folder, config=self.door.config())

    def refuse(self, what, folder, key=None):
        done = self.client(key or self.unknown_key, what, folder)
        self.assertNotEqual(done.returncode, 0, f"{what}: {done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def test_clone_push_fetch(self):
        theirs = self.pushed_repo()
        theirs.commit("noise", **{"noise.bin": os.urandom(NOISE)})
        theirs("push", "-q")
        mine = self.do("clone", self.folder / "mine")
        mine.fsck()
        self.assertEqual(mine.head(), theirs.head())
        mine.commit("more noise", **{"more.bin": os.urandom(NOISE)})
        self.do("push", mine.path)
        theirs("pull", "-q")
        theirs.fsck()
        self.assertEqual(theirs.head(), mine.head())
        theirs.commit("third")
        theirs("push", "-q")
        self.do("fetch", mine.path)
        mine.fsck()
        self.assertEqual(mine.head("origin/main"), theirs.head())

    def test_an_unknown_key(self):
        theirs = self.pushed_repo()
        self.refuse("clone", self.folder / "refused")
        mine = self.do("clone", self.folder / "mine")
        mine.commit("mine")
        self.refuse("push", mine.path)
        theirs.commit("second")
        theirs("push", "-q")
        before = mine.head("origin/main")
        self.refuse("fetch", mine.path)
        self.assertEqual(mine.head("origin/main"), before)
        self.assert_same(theirs)

    def test_a_key_that_may_only_read(self):
        """The way to log in is good, the command is refused: exit status 128, and words on the errors' stream."""
        theirs = self.pushed_repo()
        key, public = self.client_key("reader")
        self.server.command("key", "add-ssh", "--data", self.server.data, "--read-only", public)
        mine = self.do("clone", self.folder / "mine", key)
        mine.commit("mine")
        self.assertIn(self.TOLD, self.refuse("push", mine.path, key))
        self.assert_same(theirs)


class ByGit(EachClient):
    """The real git with another SSH program."""
    VARIANT = None

    def ssh_program(self, key):
        raise NotImplementedError

    def client(self, key, what, folder):
        words = {"clone": ("clone", "-q", self.url(), folder), "push": ("push", "-q", "origin", "main"),
                 "fetch": ("fetch", "-q", "origin")}[what]
        return git_client.Repo(folder, config=(f"core.sshCommand={self.ssh_program(key)}", f"ssh.variant={self.VARIANT}")).run(
            *words, check=False)


class Plink(ByGit, ssh_story.SshScenario):
    """PuTTY's."""
    VARIANT = "plink"

    @classmethod
    def client_key(cls, name):
        path = cls.server.root / f"putty-{name}.ppk"
        run("puttygen", "-q", "-t", "ed25519", "-C", name, "--random-device", "/dev/urandom", "--new-passphrase", "/dev/null", "-o", path)
        public = cls.server.root / f"putty-{name}.pub"
        public.write_text(run("puttygen", "-L", path))
        return path, public

    def ssh_program(self, key):
        return f"plink -batch -noagent -hostkey {self.host_key()} -i {key}"

    def host_key(self):
        return run("ssh-keygen", "-l", "-f", self.server.data / "ssh_host_ed25519_key").split()[1]

    def test_another_host_key_is_not_believed(self):
        """The counter-check of -hostkey: that plink compares it at all."""
        self.pushed_repo()
        self.host_key = lambda: "SHA256:" + "A" * 43
        done = self.client(self.good_key, "clone", self.folder / "mine")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("host key", done.stderr.lower())


class Dropbear(ByGit, ssh_story.SshScenario):
    """dbclient knows no way to send a variable: it speaks protocol v0."""
    VARIANT = "ssh"

    @classmethod
    def client_key(cls, name):
        path = cls.server.root / f"dropbear-{name}"
        told = run("dropbearkey", "-t", "ed25519", "-f", path)
        public = cls.server.root / f"dropbear-{name}.pub"
        public.write_text(next(line for line in told.splitlines() if line.startswith("ssh-ed25519 ")) + "\n")
        return path, public

    def ssh_program(self, key):
        return f"dbclient -y -y -i {key}"


class ByProgram(EachClient):
    """A small program of ours on somebody's library: PROGRAM KEY WHAT URL FOLDER."""
    PROGRAM = None

    def client(self, key, what, folder):
        return subprocess.run([*self.PROGRAM, str(key), what, self.url(), str(folder)], capture_output=True, text=True,
                              errors="replace", stdin=subprocess.DEVNULL, timeout=PATIENCE_SECONDS, check=False,
                              env=git_client.environment(self.folder))


class Dulwich(ByProgram, ssh_story.SshScenario):
    PROGRAM = (DEBIAN_PYTHON, "-B", str(PROGRAMS / "dulwich_client.py"))


class GoGit(ByProgram, ssh_story.SshScenario):
    """Built from Debian's sources, without a network; what was built once is kept in build/go."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.PROGRAM = (str(cls.server.root / "gogit"),)
        offline = {"GOPATH": "/usr/share/gocode", "GO111MODULE": "off", "GOPROXY": "off", "GOFLAGS": "",
                   "GOCACHE": str(ROOT / "build/go")}
        run("go", "build", "-o", cls.PROGRAM[0], ".", cwd=PROGRAMS / "gogit", env={**os.environ, **offline})


class WithCompat:
    CONFIG = "[ssh]\ncompat = true\n"


class Pygit2(WithCompat, ByProgram, ssh_story.SshScenario):
    """libssh2."""
    PROGRAM = (DEBIAN_PYTHON, "-B", str(PROGRAMS / "pygit2_client.py"))


class Algorithms:
    """What one may use of what ssh.compat is about, and of what is never there."""
    COMPAT = ("hmac-sha2-256", "hmac-sha2-512")

    def takes(self, *options):
        for _ in range(20):
            done = self.ssh(options=("-v", *options))
            if "kex_exchange_identification" not in done.stderr:  # Else: too many at the door.
                break
            time.sleep(0.5)
        if done.returncode != 0:
            self.assertIn("no matching", done.stderr.lower())
        return done.returncode == 0

    def test_what_is_never_there(self):
        for options in (("-c", "aes128-ctr", "-m", "hmac-sha1"), ("-c", "aes128-ctr", "-m", "hmac-sha1-etm@openssh.com"),
                        ("-c", "aes128-ctr", "-m", "umac-128@openssh.com"), ("-c", "aes128-cbc"), ("-o", "KexAlgorithms=ecdh-sha2-nistp256"),
                        ("-o", "KexAlgorithms=diffie-hellman-group14-sha256"), ("-o", "HostKeyAlgorithms=ssh-rsa")):
            self.assertFalse(self.takes(*options), options)

    def audit(self):
        host, port = self.door.address
        told = subprocess.run(["ssh-audit", "-n", "-l", "warn", "-p", str(port), host], capture_output=True, text=True,
                              timeout=PATIENCE_SECONDS, check=False).stdout
        bad = [line for line in told.splitlines() if "[fail]" in line or "[warn]" in line]
        # ssh-audit 2.5 is older than the marker of CVE-2023-48795's remedy.
        return [line for line in bad if "kex-strict-s-v00" not in line]


class CompatOff(Algorithms, ssh_story.SshScenario):
    def test_encrypt_and_mac_is_refused(self):
        for mac in self.COMPAT:
            for cipher in ("aes128-ctr", "aes256-ctr"):
                self.assertTrue(self.takes("-c", cipher, "-m", f"{mac}-etm@openssh.com"))
                self.assertFalse(self.takes("-c", cipher, "-m", mac), (cipher, mac))
        self.assertEqual(self.audit(), [])

    def test_libssh2_is_refused(self):
        self.pushed_repo()
        done = subprocess.run([DEBIAN_PYTHON, "-B", str(PROGRAMS / "pygit2_client.py"), str(self.door.own), "clone", self.url(),
                               str(self.folder / "mine")], capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("GitError", done.stderr)


class CompatOn(WithCompat, Algorithms, ssh_story.SshScenario):
    def test_encrypt_and_mac_is_taken(self):
        for mac in self.COMPAT:
            for cipher in ("aes128-ctr", "aes256-ctr"):
                self.assertTrue(self.takes("-c", cipher, "-m", mac), (cipher, mac))
        names = set(re.findall(r"\(mac\) (\S+)", "\n".join(self.audit())))
        self.assertEqual(names, set(self.COMPAT))
        self.assertEqual([line for line in self.audit() if "(mac)" not in line or "[fail]" in line], [])

    def test_who_knows_better_gets_better(self):
        """OpenSSH's own order is kept: encrypt-then-MAC before encrypt-and-MAC."""
        done = self.ssh(options=("-v", "-c", "aes256-ctr"))
        self.assertIn("MAC: hmac-sha2-256-etm@openssh.com", done.stderr)


if __name__ == "__main__":
    door_table.main()

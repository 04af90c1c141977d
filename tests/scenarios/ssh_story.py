# SPDX-License-Identifier: Apache-2.0
"""Goal: the SSH door gives what HTTP has not (archives, a greeting), and lets nothing else through.

Method: OpenSSH's client and the real `git`: archives, what a client may ask for that is no Git, keys that are none, and
ssh-audit's opinion. What both doors do is in the stories that door_table.py runs over both.
"""
import gzip
import pathlib
import shutil
import socket
import subprocess
import tarfile
import unittest

import door_table
from origin_server import PATIENCE_SECONDS, wait_until
from scenario import Scenario


class SshScenario(Scenario):
    def ssh(self, *words, **more):
        """ssh to the door itself, with a command perhaps; its output as text."""
        done = self.door.run(*words, **more)
        done.stdout, done.stderr = done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
        return done


def _noise(count):
    with open("/dev/urandom", "rb") as source:
        return source.read(count)


class Commands(SshScenario):
    """What a client may ask for that HTTP has not, and which keys are good: also through sshd."""

    def test_a_shell_is_a_greeting(self):
        done = self.ssh()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("Hello admin", done.stdout)

    def test_an_archive_is_the_one_that_git_makes(self):
        repo = self.pushed_repo()
        repo.commit("more", **{"src__main.c": "int main;\n", "src__deep__a": "a" * 700_000})
        repo("tag", "-a", "v1", "-m", "one")
        repo("push", "-q", "origin", "main", "v1")
        for words in (("main",), ("v1",), ("refs/heads/main",), ("HEAD", "src"), ("--prefix=app/", "main", "src/deep"),
                      ("--format=tar", repo.head()), ("--format=tar", repo.head(), "README.md", "src/")):
            local, remote = self.folder / "local.tar", self.folder / "remote.tar"
            repo("archive", "-o", local, *words)
            repo("archive", f"--remote={self.url()}", "-o", remote, *words)
            self.assertEqual(local.read_bytes(), remote.read_bytes(), words)
        self.assertEqual(repo("archive", f"--remote={self.url()}", "--list").split(), ["tar", "tgz", "tar.gz"])
        for kind in ("tar.gz", "tgz"):
            packed = self.folder / f"remote.{kind}"
            repo("archive", f"--remote={self.url()}", f"--format={kind}", "-o", packed, "main")
            repo("archive", "--format=tar", "-o", self.folder / "local.tar", "main")
            self.assertEqual(gzip.decompress(packed.read_bytes()), (self.folder / "local.tar").read_bytes())
        repo("archive", f"--remote={self.url()}", "-o", self.folder / "folder.tar", "main:src/deep")
        with tarfile.open(self.folder / "folder.tar") as folder:
            self.assertEqual(folder.getnames(), ["a"])
        for words in (("no-such",), ("main", "no-such-path"), ("--prefix=../", "main"), ("--format=zip", "main"), ("0" * 40,),
                      ("main:no-such",), ("main:README.md",), (repo.head()[:12],), ("main~1",)):
            self.assertIn("NACK", repo.refused("archive", f"--remote={self.url()}", "--format=tar", *words))
        answer = self.server.get(f"/api/projects/{self.project_id()}/archive?ref=v1&format=tar&prefix=")
        self.expect(answer, 200)
        repo("archive", "-o", self.folder / "local.tar", "v1")
        self.assertEqual(answer.body, (self.folder / "local.tar").read_bytes())

    def test_an_archive_of_what_no_ref_shows_is_refused(self):
        repo = self.pushed_repo()
        repo.commit("secret", secret="secret\n")
        gone = repo.head()
        repo("push", "-q", "origin", "main")
        repo("archive", f"--remote={self.url()}", "-o", self.folder / "there.tar", gone)
        repo("reset", "-q", "--hard", "HEAD~1")
        repo("push", "-q", "-f", "origin", "main")
        tree = repo("rev-parse", f"{gone}^{{tree}}").strip()
        blob = repo("rev-parse", f"{gone}:secret").strip()
        for name in (gone, tree, blob, f"{gone}:", f"{gone}^{{tree}}"):
            self.assertIn("NACK", repo.refused("archive", f"--remote={self.url()}", name))
            answer = self.server.get(f"/api/projects/{self.project_id()}/archive?ref={name.replace('^', '%5E')}")
            self.expect(answer, 404, "ref_not_found")

    def test_bad_words_for_an_archive(self):
        self.pushed_repo()
        written = self.folder / "written"

        def ask(*lines, end=b"0000"):
            data = b"".join(b"%04x%s" % (len(line) + 4, line) for line in lines) + end
            return self.ssh(f"git-upload-archive '/{self.server.client}/{self.project}.git'", data=data).stdout

        main = b"argument main\n"
        for line in (b"--output=%s", b"-o%s", b"--exec=touch %s", b"--remote=%s", b"--upload-archive=%s", b"--add-file=%s",
                     b"--add-virtual-file=%s:x", b"--worktree-attributes", b"--mtime=now", b"-99", b"--format=sh -c 'touch %s'"):
            line = b"argument " + (line % bytes(written) if b"%s" in line else line) + b"\n"
            self.assertIn("NACK", ask(line, main), line)
        for lines in ((b"argument a\0b\n",), (b"want main\n",), (main,) * 65, (b"argument " + b"a" * 60_000 + b"\n",) * 2, ()):
            self.assertIn("NACK", ask(*lines), lines)
        for end in (b"zzzz", b"0001", b"fff", b""):
            self.assertNotIn("ACK\n", ask(main, end=end).replace("NACK", ""), end)
        self.assertFalse(written.exists())
        self.assertIn("ACK\n", ask(main))

    def test_an_archive_that_is_left_leaves_nothing_behind(self):
        repo = self.new_repo()
        noise = _noise(12_000_000)
        repo.commit("large", **{"noise.bin": noise, "of_it.bin": noise[:6_000_000] + b"changed" + noise[6_000_000:]})
        repo("push", "-q", "-u", "origin", "main")
        process = pathlib.Path(f"/proc/{self.server.process.pid}/fd")
        path = f"/api/projects/{self.project_id()}/archive?format=tar"
        before = len(list(process.iterdir()))
        for name in ("noise.bin", "of_it.bin") * 10:
            with socket.create_connection(("127.0.0.1", self.server.port)) as peer:
                peer.sendall(f"GET {path}&path={name} HTTP/1.1\r\nHost: 127.0.0.1:{self.server.port}\r\n"
                             f"Authorization: Bearer {self.server.key}\r\n\r\n".encode())
                self.assertTrue(peer.recv(1000).startswith(b"HTTP/1.1 200"))
        with subprocess.Popen(self.door.command(f"git-upload-archive '/{self.server.client}/{self.project}.git'"),
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE) as left:
            left.stdin.write(b"0012argument main\n0000")
            left.stdin.flush()
            self.assertEqual(left.stdout.read(8), b"0008ACK\n")
            left.kill()
        wait_until("the descriptors to be back", lambda: len(list(process.iterdir())) <= before)
        self.assertGreater(len(self.expect(self.server.get(path), 200).body), 24_000_000)

    def test_an_archive_is_for_who_may_read(self):
        self.pushed_repo()
        guest = self.server.command_json("client", "create", "guest", "--data", self.server.data)["clientId"]
        key = self.door.key(client=guest)
        grants = f"/api/projects/{self.project_id()}/grants/guest"

        def archive():
            return self.ssh(f"git-upload-archive '/{self.server.client}/{self.project}.git'", who=key, data=b"0012argument main\n0000")

        self.assertEqual(archive().returncode, 128)
        self.expect(self.server.request("PUT", grants, {"access": "read"}), 200)
        self.assertIn("ACK", archive().stdout)
        self.expect(self.server.request("DELETE", grants), 204)
        self.assertEqual(archive().returncode, 128)

    def test_no_other_program_runs(self):
        for line in ("sh", "id", "git-upload-pack", "git-upload-pack '/x'; id", "git-shell", "git-upload-pack --help",
                     "git-upload-pack '/x' '/y'", "git-upload-pack '/x", "x" * 60_000):
            done = self.ssh(line)
            self.assertEqual(done.returncode, 128, (line[:40], done.stdout, done.stderr))
            self.assertIn("origind: ", done.stderr)
            self.assertEqual(done.stdout, "")

    def test_paths_that_name_no_project(self):
        for path in ("../admin/x.git", "/admin/../x.git", "admin//x.git", "~/x.git", "admin/x%2e.git", "etc/passwd", "/",
                     "prj_nothing", "nobody/at-all.git"):
            done = self.ssh(f"git-upload-pack '{path}'")
            self.assertEqual(done.returncode, 128, (path, done.stdout, done.stderr))
            self.assertIn("no such project", done.stderr)

    def test_no_forwarding_no_subsystem(self):
        self.assertNotEqual(self.ssh("sftp", options=("-s",)).returncode, 0)
        done = self.ssh(options=("-W", f"127.0.0.1:{self.server.port}"), data=b"GET /healthz HTTP/1.0\r\n\r\n")
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(done.stdout, "")

    def test_a_stranger_is_refused(self):
        self.pushed_repo()
        stranger = self.door.new_key("stranger")
        done = self.ssh(who=stranger)
        self.assertEqual(done.returncode, 255)
        self.assertIn("Permission denied (publickey)", done.stderr)

    def test_a_weak_key_is_not_taken(self):
        weak = self.door.new_key("weak", "rsa", "-b", "2048")
        done = self.server.command("key", "add-ssh", "--data", self.server.data, f"{weak}.pub", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("3072", done.stderr)
        self.assertEqual(self.ssh(who=weak).returncode, 255)

    def test_each_type_of_key(self):
        for name, kind, *options in (("rsa", "rsa", "-b", "3072"), ("p256", "ecdsa", "-b", "256"), ("p521", "ecdsa", "-b", "521")):
            key = self.door.new_key(name, kind, *options)
            self.door.add_key(key)
            self.assertEqual(self.ssh(who=key).returncode, 0, name)

    def test_a_key_is_of_one_client_once(self):
        again = self.server.post("/api/ssh-keys", {"publicKey": pathlib.Path(f"{self.door.own}.pub").read_text()})
        self.expect(again, 409, "ssh_key_taken")
        self.expect(self.server.post("/api/ssh-keys", {"publicKey": "ssh-rsa nonsense"}), 422, "bad_ssh_key")

    def test_a_key_that_was_removed_is_refused(self):
        key = self.door.new_key("gone")
        made = self.door.add_key(key)
        self.assertEqual(self.ssh(who=key).returncode, 0)
        self.server.command("key", "remove-ssh", "--data", self.server.data, made["keyId"])
        self.assertEqual(self.ssh(who=key).returncode, 255)

    def test_a_deploy_key_reads_its_project_alone(self):
        self.pushed_repo()
        other = self.pushed_repo("other", project="the-other-one")
        key = self.door.new_key("deploy")
        self.door.add_key(key, "--read-only", "--project", self.project_id())
        clone = self.clone(who=key)
        clone.commit("mine")
        self.assertIn("git:write", clone.refused("push", "origin", "main"))
        self.assertIn("no such project", self.repo("x", key).refused("ls-remote", other("remote", "get-url", "origin")))


class OwnDoor(SshScenario):
    """What sshd answers for itself, where it is in front."""

    def test_nonsense_is_cut_off_and_leaves_nothing(self):
        host, port = self.door.address
        for words in (b"GET / HTTP/1.1\r\n\r\n", b"SSH-1.99-old\r\n", b"\0" * 70_000, b"SSH-2.0-x\r\n" + b"\xff" * 40_000,
                      b"SSH-2.0-x\r\n\x00\x00\x00\x00" + b"\0" * 40):
            with socket.create_connection((host, port), timeout=PATIENCE_SECONDS) as peer:
                try:
                    peer.sendall(words)
                    while peer.recv(4096):
                        pass
                except OSError:
                    pass
        self.assertEqual(self.ssh().returncode, 0)

    def test_a_certificate_is_no_key(self):
        """Nobody here checks who signed one, for whom and until when: the CA being a client changes nothing."""
        authority, key = self.door.new_key("authority"), self.door.new_key("certified")
        self.door.add_key(authority)
        subprocess.run(["ssh-keygen", "-q", "-s", str(authority), "-I", "one", "-n", "git", f"{key}.pub"], check=True)
        with_it = ("-o", f"CertificateFile={key}-cert.pub")
        self.assertEqual(self.ssh(who=key, options=with_it).returncode, 255)
        self.assertEqual(self.ssh(who=key).returncode, 255)
        self.door.add_key(key)  # The key itself, beside a certificate that is offered first.
        self.assertEqual(self.ssh(who=key, options=with_it).returncode, 0)

    @unittest.skipUnless(shutil.which("ssh-audit"), "ssh-audit is not installed")
    def test_ssh_audit_finds_no_failure_and_no_warning(self):
        host, port = self.door.address
        done = subprocess.run(["ssh-audit", "-n", "-l", "warn", "-p", str(port), host], capture_output=True, text=True,
                              timeout=PATIENCE_SECONDS, check=False)
        bad = [line for line in done.stdout.splitlines() if "[fail]" in line or "[warn]" in line]
        # ssh-audit 2.5 is older than the marker of CVE-2023-48795's remedy.
        self.assertEqual([line for line in bad if "kex-strict-s-v00" not in line], [], done.stdout)


if __name__ == "__main__":
    door_table.main()

# SPDX-License-Identifier: Apache-2.0
"""Goal: another repository follows this project's refs, all of them and nothing else, and drift is repaired.

Method: mirrors behind `git http-backend`, behind Debian's sshd with git-shell, and at a second origind; their refs are
compared with ours, and git fsck reads what came. A relay breaks connections off, and says when to kill.
"""
import os
import shutil
import subprocess
import unittest

import door_table
import git_http_server
from deployments import Deployments
from git_http_server import GitHost, refs_of
from origin_server import NO_LIMITS, Server
from sftp_server import UID, Relay, SftpServer

ALLOWED = '[outbound]\nallow = ["127.0.0.0/8"]\n'


class Mirror(Deployments):
    CONFIG = ALLOWED + NO_LIMITS

    def target(self, url, secret, check=True, name="mirror", **settings):
        words = [word for item in {"url": url, **settings}.items() for word in ("--setting", "=".join(item))]
        path = self.folder / "secret"
        path.write_text(secret)
        return self.server.command("target", "set", "--data", self.server.data, "--project", self.project_id(), "--name", name,
                                   "--connector", "git", *words, "--secret-file", path, check=check)

    def rule(self, pattern="refs/*/*", target="mirror"):
        answer = self.server.request("PUT", self.api("/rules"), {"pattern": pattern, "target": target})
        self.assertEqual(answer.status, 200, answer)

    def settled(self):
        self.server.settle_deployments(self.project_id())
        return self.server.get(self.api(f"/deployments/{self.newest('mirror')['id']}")).json

    def ours(self):
        return {name: oid for name, oid in self.work.remote_refs().items() if name.startswith(("refs/heads/", "refs/tags/")) and "^{}" not in name}

    def commit(self, text, branch="main"):
        self.work.commit(text, **{"file.txt": f"{text}\n"})
        self.work("push", "-qf", "origin", f"HEAD:refs/heads/{branch}")

    def check_mirror(self, path):
        row = self.settled()
        self.assertEqual(row["state"], "live", row)
        self.assertEqual(refs_of(path), self.ours())
        done = subprocess.run(["git", "-c", "safe.directory=*", "-C", path, "fsck", "--strict"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return row

    def lines(self, row):
        return "\n".join(line["text"] for line in row["log"])


class ToHttp(Mirror):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.host = GitHost()
        cls.addClassCleanup(cls.host.close)

    def setUp(self):
        super().setUp()
        self.host.faults.clear()
        self.work = self.pushed_repo()
        self.path = self.host.repository(self.project)
        self.url = f"http://127.0.0.1:{self.host.port}/{self.project}.git"
        self.target(self.url, git_http_server.TOKEN)
        self.rule()

    def test_it_follows_heads_and_tags(self):
        self.work("tag", "v1")
        self.work("tag", "-a", "v2", "-m", "two")
        self.commit("second")
        self.work("push", "-q", "origin", "--tags")
        row = self.check_mirror(self.path)
        self.assertEqual(row["url"], self.url)
        before = len(self.server.deployments(self.project_id()))
        self.work("push", "-q", "origin", "HEAD:refs/heads/a", "HEAD:refs/heads/b", "HEAD:refs/heads/c")
        self.check_mirror(self.path)
        self.assertEqual(len(self.server.deployments(self.project_id())), before + 1, "one push is one deployment")
        self.assertNotIn(git_http_server.TOKEN, str(row) + self.server.log() + self.server.get(self.api("/targets/mirror")).text)

    def test_only_what_is_asked_for_goes_out(self):
        self.target(self.url, git_http_server.TOKEN, refs="refs/heads/* refs/tags/v*")
        self.work("push", "-q", "origin", "HEAD:refs/notes/commits", "HEAD:refs/tags/other", "HEAD:refs/tags/v1", "HEAD:refs/heads/x")
        row = self.settled()
        self.assertEqual((row["state"], set(refs_of(self.path))), ("live", {"refs/heads/main", "refs/heads/x", "refs/tags/v1"}), row)
        for refs in ("refs/origind/*", "refs/deployments/*", "heads/*", "refs/heads/*:refs/x/*"):
            self.assertNotEqual(self.target(self.url, git_http_server.TOKEN, check=False, refs=refs).returncode, 0, refs)
        self.target(self.url, git_http_server.TOKEN, refs="refs/*")
        self.commit("all")
        row = self.settled()
        self.assertIn("refs/deployments/mirror/live", self.work.remote_refs())
        self.assertEqual({name.split("/")[1] for name in refs_of(self.path)}, {"heads", "tags", "notes"})

    def test_deletes_go_out_if_asked_for(self):
        self.work("push", "-q", "origin", "HEAD:refs/heads/gone", "HEAD:refs/tags/gone")
        self.check_mirror(self.path)
        self.work("push", "-q", "origin", ":refs/heads/gone")
        row = self.settled()
        self.assertEqual(row["state"], "live")
        self.assertIn("refs/heads/gone", refs_of(self.path))
        self.assertIn("1 refs over there are not ours", self.lines(row))
        self.target(self.url, git_http_server.TOKEN, prune="true")
        self.work("push", "-q", "origin", ":refs/tags/gone")
        row = self.check_mirror(self.path)
        self.assertIn("refs/heads/gone deleted", self.lines(row))
        self.assertNotIn("refs/heads/gone", refs_of(self.path))

    def test_a_delete_concerns_mirrors_alone(self):
        self.server.request("PUT", self.api("/targets/site"), {"connector": "local"})
        self.rule("refs/*/*", "site")
        self.work("push", "-q", "origin", "HEAD:refs/heads/gone")
        self.server.settle_deployments(self.project_id())
        count = len([row for row in self.server.deployments(self.project_id()) if row["target"] == "site"])
        self.work("push", "-q", "origin", ":refs/heads/gone")
        self.check_mirror_is_live()
        self.assertEqual(len([row for row in self.server.deployments(self.project_id()) if row["target"] == "site"]), count)

    def check_mirror_is_live(self):
        self.assertEqual(self.settled()["state"], "live")

    def test_drift_is_repaired(self):
        self.commit("one")
        self.check_mirror(self.path)
        other = self.repo("other").init(str(self.path))
        other.commit("drift", **{"drift.txt": "x\n"})
        other("push", "-qf", str(self.path), "HEAD:refs/heads/main")
        self.work("push", "-q", "origin", "HEAD:refs/heads/another")
        row = self.check_mirror(self.path)
        self.assertIn("refs/heads/main updated", self.lines(row))
        self.work("commit", "-q", "--amend", "-m", "rewritten")
        self.work("push", "-qf", "origin", "HEAD:refs/heads/main")
        self.check_mirror(self.path)

    def test_what_one_ref_was_refused_for_is_told(self):
        hook = self.path / "hooks/update"
        hook.write_text('#!/bin/sh\n[ "$1" != refs/heads/no ] || exit 1\n')
        hook.chmod(0o755)
        self.work("push", "-q", "origin", "HEAD:refs/heads/no", "HEAD:refs/heads/yes")
        row = self.settled()
        self.assertEqual(row["state"], "failed")
        self.assertIn("refs/heads/no: hook declined", row["error"])
        self.assertIn("refs/heads/yes created", self.lines(row))
        self.assertIn("refs/heads/yes", refs_of(self.path))
        self.assertNotIn("refs/heads/no", refs_of(self.path))

    def test_what_is_wrong_is_said(self):
        for url, token, said in ((self.url, "wrong", "does not take the target's secret"), (self.url.replace(".git", "-none.git"),
                                 git_http_server.TOKEN, "no such repository")):
            self.target(url, token)
            self.commit(said)
            row = self.settled()
            self.assertEqual(row["state"], "failed")
            self.assertIn(said, row["error"])
            self.assertNotIn(git_http_server.TOKEN, str(row))
        for settings, said in (({"url": "ftp://x/y"}, "url"), ({"url": "https://u:p@x/y"}, "password"), ({"url": "file:///etc"}, "url"),
                               ({"url": "ssh://git@x/y"}, "hostKey"), ({"url": self.url, "prune": "maybe"}, "prune"), ({"url": self.url, "colour": "red"}, "colour")):
            done = self.target(secret="x", check=False, **settings)
            self.assertNotEqual(done.returncode, 0, settings)
            self.assertIn(said, done.stderr)

    def test_errors_that_pass_are_waited_out(self):
        self.host.faults += [503, 500]
        self.commit("later")
        row = self.check_mirror(self.path)
        self.assertIn("tried again", self.lines(row))

    def test_what_waits_behind_is_superseded(self):
        relay = Relay(self.host.port)
        self.addCleanup(relay.close)
        self.target(self.url.replace(str(self.host.port), str(relay.port)), git_http_server.TOKEN)
        relay.stop_after(1)
        self.commit("0")
        self.assertTrue(relay.stopped.wait(60))
        for number in range(1, 4):
            self.commit(str(number), branch=f"b{number}")
        relay.go_on()
        self.check_mirror(self.path)
        states = [row["state"] for row in self.server.deployments(self.project_id())]
        self.assertEqual(states.count("superseded"), len(states) - 1, states)

    def test_killed_on_the_way_it_goes_on(self):
        relay = Relay(self.host.port)
        self.addCleanup(relay.close)
        self.target(self.url.replace(str(self.host.port), str(relay.port)), git_http_server.TOKEN)
        self.commit("warm")
        self.check_mirror(self.path)
        before = relay.bytes
        self.work.commit("big", **{"big.bin": os.urandom(100_000).hex()})
        self.work("push", "-q", "origin", "HEAD:refs/heads/main")
        self.check_mirror(self.path)
        total = relay.bytes - before
        for step in range(6):
            with self.subTest(step=step):
                self.work.commit("big", **{"big.bin": os.urandom(100_000).hex()})
                relay.stop_after(1 + total * step // 6)
                self.work("push", "-q", "origin", "HEAD:refs/heads/main", f"HEAD:refs/tags/t{step}")
                self.assertTrue(relay.stopped.wait(60))
                self.server.kill()
                relay.go_on()
                self.server.start()
                self.check_mirror(self.path)

    def test_going_back_is_refused(self):
        self.commit("one")
        self.check_mirror(self.path)
        self.commit("two")
        row = self.check_mirror(self.path)
        self.server.post(self.api(f"/deployments/{row['id']}/rollback"))
        back = self.settled()
        self.assertEqual(back["state"], "failed")
        self.assertIn("push the older commit", back["error"])
        self.assertEqual(refs_of(self.path), self.ours())


class ToTls(Mirror):
    def test_a_certificate_that_nobody_vouches_for(self):
        host = GitHost(tls=True)
        self.addCleanup(host.close)
        self.work = self.pushed_repo()
        self.target(f"https://127.0.0.1:{host.port}/x.git", git_http_server.TOKEN)
        self.rule()
        self.commit("one")
        row = self.settled()
        self.assertEqual((row["state"], host.requests), ("failed", []), row)
        self.assertIn("certificate", row["error"])


class ToOrigind(Mirror):
    def test_another_origind_follows(self):
        other = Server().init().start()
        self.addCleanup(other.remove)
        self.work = self.pushed_repo()
        self.target(f"{other.url}/admin/copy.git", other.key)
        self.rule()
        self.work("tag", "-a", "v1", "-m", "one")
        self.work("push", "-q", "origin", "--tags")
        for number in range(3):
            self.commit(str(number))
        row = self.settled()
        self.assertEqual(row["state"], "live", row)
        copy = self.repo("copy").cloned(other.code_url("copy"), "--mirror")
        self.assertEqual(refs_of(copy.path), self.ours())


@unittest.skipUnless(os.geteuid() == 0, "sshd logs a user in: it needs root")
class ToSshd(Mirror):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sshd = SftpServer(shell=shutil.which("git-shell") or "/bin/sh")
        cls.addClassCleanup(cls.sshd.close)

    def setUp(self):
        super().setUp()
        self.work = self.pushed_repo()
        self.path = self.sshd.home / f"it's {self.project}.git"
        git_http_server.bare(self.path)
        subprocess.run(["chown", "-R", str(UID), self.path], check=True)
        self.ssh()
        self.rule()

    def ssh(self, key=None, **settings):
        url = f"ssh://web@127.0.0.1:{self.sshd.port}{str(self.path).replace(' ', '%20')}"
        return self.target(url, (key or self.sshd.key).read_text(), **{"hostKey": self.sshd.host_key(), **settings})

    def test_it_follows_over_ssh(self):
        self.work("tag", "-a", "v1", "-m", "one")
        self.work("push", "-q", "origin", "--tags")
        for number in range(3):
            self.commit(str(number))
        self.check_mirror(self.path)

    def test_the_host_key_is_pinned(self):
        other = self.sshd.new_key("other")
        self.ssh(hostKey=other.with_suffix(".pub").read_text())
        self.commit("one")
        row = self.settled()
        self.assertEqual((row["state"], refs_of(self.path)), ("failed", {}))
        self.assertIn(self.sshd.fingerprint(), row["error"])
        self.assertIn(self.sshd.fingerprint("other"), row["error"])

    def test_a_key_that_is_not_let_in(self):
        self.ssh(key=self.sshd.new_key("strange"))
        self.commit("one")
        self.assertIn("authorized_keys", self.settled()["error"])


class Guarded(Mirror):
    CONFIG = ""

    def test_private_addresses_are_refused(self):
        self.work = self.pushed_repo()
        relay = Relay(self.server.port)
        self.addCleanup(relay.close)
        key = self.folder / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        pin = {"hostKey": key.with_suffix(".pub").read_text()}
        for url, secret, settings in ((f"http://127.0.0.1:{relay.port}/x.git", "token", {}), (f"http://localhost:{relay.port}/x.git", "token", {}),
                                      (f"ssh://git@127.0.0.1:{relay.port}/x.git", key.read_text(), pin)):
            self.target(url, secret, **settings)
            self.rule()
            self.commit(url)
            row = self.settled()
            self.assertEqual(row["state"], "failed", row)
            self.assertIn("may not be reached", row["error"])
        words = [word for item in {"host": "127.0.0.1", "port": str(relay.port), "user": "web", "path": "/srv", **pin}.items()
                 for word in ("--setting", "=".join(item))]
        self.server.command("target", "set", "--data", self.server.data, "--project", self.project_id(), "--name", "mirror",
                            "--connector", "sftp", *words, "--secret-file", key)
        self.commit("sftp")
        self.assertIn("may not be reached", self.settled()["error"])
        self.assertEqual(relay.connections, 0)


if __name__ == "__main__":
    door_table.main()

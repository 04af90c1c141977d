# SPDX-License-Identifier: Apache-2.0
"""Goal: a key tells its last use, ends in time, is replaced without a gap by exactly one other; a leaked one leaves no trace.

Method: a real server, the real `git`; keys replaced by many requests and by two processes at once; a push that is held
back until its key has ended.
"""
import concurrent.futures
import datetime
import socket
import subprocess

import door_table
from origin_server import PATIENCE_SECONDS, program, wait_until
from scenario import Scenario

EVERYTHING = ["admin", "git:read", "git:write", "projects:create"]


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


class LastUse(Scenario):
    """The same over each door."""

    def keys(self):
        rows = self.server.get("/api/keys?limit=200").json["keys"] + self.server.get("/api/ssh-keys?limit=200").json["sshKeys"]
        return {row["keyId"]: row for row in rows}

    def test_a_key_tells_when_and_from_where_it_was_used(self):
        self.pushed_repo()
        before = set(self.keys())
        who = self.door.key(scopes=["git:read"])
        made, = set(self.keys()) - before
        self.assertIsNone(self.keys()[made]["lastUse"])
        self.clone(who=who)
        use = wait_until("its use in the list", lambda: self.keys()[made]["lastUse"])
        self.assertEqual(use["from"], "127.0.0.1")
        age = datetime.datetime.now(datetime.timezone.utc) - moment(use["at"])
        self.assertLess(abs(age), datetime.timedelta(seconds=PATIENCE_SECONDS))
        if self.door.NAME != "sshd":  # It keeps its client's version.
            self.assertRegex(use["agent"], "git/|OpenSSH")

    def test_a_refused_login_is_told(self):
        self.pushed_repo()
        self.repo("never", self.door.unknown_key()).refused("ls-remote", self.url(who=self.door.unknown_key()))
        if self.door.NAME == "sshd":
            return  # sshd refuses it, in its own log.
        wait_until("the refusal in the log", lambda: [
            e for e in self.server.get("/api/audit?type=login.refused").json["audit"] if e["actor"]["via"] == self.door.VIA])


class Lives(Scenario):
    ONE_DOOR = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ann_id = cls.server.command_json("client", "create", "ann", "--data", cls.server.data)["clientId"]

    def make(self, **more):
        return self.expect(self.server.post("/api/keys", {"title": "t", "scopes": EVERYTHING, **more}), 201).json

    def works(self, key, source="127.0.0.1"):
        return self.server.get("/api/projects", key=key, source=source).status == 200

    def days_left(self, row):
        return round((moment(row["expiresAt"]) - moment(row["createdAt"])).total_seconds() / 86_400)

    def test_keys_end_in_a_year_unless_asked_otherwise(self):
        self.assertEqual(self.days_left(self.make()), 365)
        self.assertIsNone(self.make(expiresAt=None)["expiresAt"])
        made = self.server.command_json("key", "create", "--data", self.server.data, "--client", self.ann_id, "--title", "t")
        self.assertEqual(self.days_left(made), 365)
        never = self.server.command_json("key", "create", "--data", self.server.data, "--client", self.ann_id,
                                          "--title", "t", "--no-expiry")
        self.assertIsNone(never["expiresAt"])
        both = self.server.command("key", "create", "--data", self.server.data, "--client", self.ann_id, "--title", "t", "--no-expiry",
                                   "--expires", "2040-01-01T00:00:00Z", check=False)
        self.assertEqual(both.returncode, 2)
        first, = [row for row in self.server.get("/api/keys").json["keys"] if row["title"] == "first key"]
        self.assertEqual(self.days_left(first), 365, "the one of init, too")

    def test_a_key_ends_when_it_says(self):
        end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=3)
        made = self.make(expiresAt=end.isoformat(timespec="milliseconds").replace("+00:00", "Z"))
        self.assertTrue(self.works(made["key"]))
        wait_until("its end", lambda: not self.works(made["key"], "127.0.9.1") or datetime.datetime.now(datetime.timezone.utc) > end)
        self.expect(self.server.get("/api/projects", key=made["key"], source="127.0.9.2"), 401, "unauthenticated")

    def test_a_key_that_ends_in_the_middle_of_a_push_moves_nothing(self):
        """The pack's last bytes wait until the key has ended."""
        repo = self.pushed_repo()
        before = repo.head()
        repo.commit("late", late="late\n")
        after = repo.head()
        pack = repo.pack(repo("rev-list", "--objects", "--no-object-names", f"{before}..{after}").split())
        line = f"{before} {after} refs/heads/main\0 report-status"
        body = f"{len(line) + 4:04x}{line}0000".encode() + pack
        end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=4)
        made = self.make(expiresAt=end.isoformat(timespec="milliseconds").replace("+00:00", "Z"))
        head = "\r\n".join([f"POST /admin/{self.project}.git/git-receive-pack HTTP/1.1", f"Host: 127.0.0.1:{self.server.port}",
                            f"Authorization: Bearer {made['key']}", "Content-Type: application/x-git-receive-pack-request",
                            f"Content-Length: {len(body)}", "Connection: close", "", ""]).encode()
        with socket.create_connection(("127.0.0.1", self.server.port), PATIENCE_SECONDS) as wire:
            wire.sendall(head + body[:-20])
            wait_until("the key's end", lambda: datetime.datetime.now(datetime.timezone.utc) > end)
            wire.sendall(body[-20:])
            got = b""
            while piece := wire.recv(65_536):
                got += piece
        self.assertNotIn(b"ok refs/heads/main", got)
        self.assertIn(b"valid key", got)
        self.assertEqual(repo.remote_refs()["refs/heads/main"], before)

    def test_many_who_replace_a_key_at_once_make_one_successor(self):
        made = self.make()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: self.server.post(f"/api/keys/{made['keyId']}/rotate", {"overlap": 60}), range(8)))
        self.assertEqual(sorted(answer.status for answer in answers), [201] + [409] * 7)
        self.assertEqual({answer.code for answer in answers}, {None, "key_rotated"})
        successor = next(answer.json for answer in answers if answer.status == 201)
        self.assertTrue(self.works(made["key"]) and self.works(successor["key"]))
        self.assertEqual(self.days_left(successor), 365)

    def test_two_processes_that_replace_a_key(self):
        made = self.make()
        words = [program(), "key", "rotate", made["keyId"], "--data", str(self.server.data), "--json"]
        both = [subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
        said = [process.communicate(timeout=PATIENCE_SECONDS) for process in both]
        self.assertEqual(sorted(process.returncode for process in both), [0, 1], said)
        lost = next(err for process, (_, err) in zip(both, said) if process.returncode == 1)
        self.assertIn("replaced before", lost)

    def test_a_replaced_key_ends_after_the_overlap_and_without_one_at_once(self):
        made = self.make()
        successor = self.server.command_json("key", "rotate", made["keyId"], "--overlap", "0", "--data", self.server.data)
        self.expect(self.server.get("/api/projects", key=made["key"], source="127.0.9.3"), 401)
        self.assertTrue(self.works(successor["key"]))
        listed = {row["keyId"]: row for row in self.server.get("/api/keys?limit=200").json["keys"]}
        self.assertEqual(listed[made["keyId"]]["replacedBy"], successor["keyId"])

    def test_a_leaked_key_s_moves_are_taken_back(self):
        repo = self.pushed_repo()
        good = repo.head()
        leaked = self.make()
        theirs = self.clone("theirs", who=leaked["key"])
        theirs.commit("evil", evil="evil\n")
        theirs("push", "-q", "origin", "main", "HEAD:refs/heads/stays", "HEAD:refs/heads/gone")
        theirs.commit("worse", worse="worse\n")
        theirs("push", "-q", "origin", "main")
        repo("fetch", "-q", "origin")
        repo("checkout", "-q", "-b", "stays", "origin/stays")
        repo.commit("mine", mine="mine\n")
        repo("push", "-q", "origin", "stays")
        built = repo.head()

        said = self.server.command_json("key", "quarantine", leaked["keyId"], "--since", "1h", "--data", self.server.data)
        self.assertEqual(len(said["moves"]), 4)
        self.assertEqual({m["ref"]: m["stillThere"] for m in reversed(said["moves"])},
                         {"refs/heads/main": True, "refs/heads/stays": False, "refs/heads/gone": True})
        theirs.refused("fetch", "origin")
        self.assertFalse(self.works(leaked["key"], "127.0.9.4"))
        plan = self.server.command_json("key", "undo-moves", leaked["keyId"], "--dry-run", "--data", self.server.data)
        self.assertEqual((plan["undone"], repo.remote_refs()["refs/heads/main"] != good), (2, True))
        done = self.server.command_json("key", "undo-moves", leaked["keyId"], "--data", self.server.data)
        self.assertEqual({row["ref"]: row["outcome"] for row in done["refs"]},
                         {"refs/heads/main": "undone", "refs/heads/gone": "undone", "refs/heads/stays": "moved_on"})
        refs = repo.remote_refs()
        self.assertEqual((refs["refs/heads/main"], refs["refs/heads/stays"], "refs/heads/gone" in refs), (good, built, False))
        self.assertEqual(len({row["push"] for row in done["refs"] if row["push"]}), 1, "one push")
        self.clone("whole")

    def test_a_project_gets_another_owner(self):
        repo = self.pushed_repo()
        self.server.command("project", "transfer", self.project_id(), "--to", "ann", "--data", self.server.data)
        self.assertIn("not found", repo.refused("ls-remote", self.url()))
        ann = self.server.make_key(client=self.ann_id, scopes=["git:read"])["key"]
        there = self.repo("there").cloned(self.door.url(f"/ann/{self.project}.git", ann))
        self.assertEqual(there.head(), repo.head())

    def test_a_client_is_deleted_with_an_heir(self):
        bob = self.server.command_json("client", "create", "bob", "--data", self.server.data)["clientId"]
        key = self.server.make_key(client=bob, scopes=EVERYTHING)["key"]
        self.expect(self.server.post("/api/projects", {"name": "bobs"}, key=key), 201)
        self.assertEqual(self.server.command("client", "delete", bob, "--data", self.server.data, check=False).returncode, 1)
        self.server.command("client", "delete", bob, "--transfer-to", "ann", "--data", self.server.data)
        self.expect(self.server.get("/api/projects/ann%2Fbobs"), 200)


if __name__ == "__main__":
    door_table.main()

# SPDX-License-Identifier: Apache-2.0
"""Goal: any Git client gets exactly what the repository holds (promise 1), over each protocol version.

Method: the real `git`; the oracle is `git fsck --full --strict` on each clone and equal ids.
"""
import hashlib

import door_table
from scenario import Scenario


class EachProtocol:
    """The stories that must run alike over v0, v1 and v2."""
    PROTOCOL = None

    def repo(self, *names, **more):
        return super().repo(*names, protocol=self.PROTOCOL, **more)

    def test_clone_and_incremental_fetch(self):
        origin = self.pushed_repo()
        clone = self.clone()
        self.assertEqual(clone.head(), origin.head())
        second = origin.commit("second", src__app__js="let a = 1;\n")
        origin("push", "-q")
        clone("pull", "-q")
        self.assertEqual(clone.head(), second)
        clone.fsck()
        self.assertEqual(clone("status", "--porcelain"), "")

    def test_nothing_new_is_nothing(self):
        self.pushed_repo()
        clone = self.clone()
        before = clone("count-objects", "-v")
        clone("fetch", "-q")
        self.assertEqual(clone("count-objects", "-v"), before)

    def test_tags_come_along(self):
        origin = self.pushed_repo()
        origin("tag", "light")
        origin("tag", "-a", "v1", "-m", "the first")
        origin("tag", "-a", "v1-nested", "-m", "a tag of a tag", "v1")
        origin("push", "-q", "--tags")
        clone = self.clone()
        self.assertEqual(clone("rev-parse", "v1", "light", "v1-nested"), origin("rev-parse", "v1", "light", "v1-nested"))
        self.assertEqual(clone.remote_refs()["refs/tags/v1^{}"], origin.head())

    def test_include_tag_follows_a_fetched_branch(self):
        origin = self.pushed_repo()
        clone = self.clone()
        origin.commit("second")
        origin("tag", "-a", "v2", "-m", "two")
        origin("push", "-q", "origin", "main", "v2")
        clone("fetch", "-q", "origin", "main:refs/remotes/origin/main")
        self.assertEqual(clone.head("v2"), origin.head("v2"))
        clone.fsck()

    def test_shallow_clone_deepens_and_unshallows(self):
        origin = self.new_repo()
        origin.history(30)
        origin("push", "-q", "origin", "main")
        clone = self.clone("clone", "--depth", "3")
        self.assertEqual(clone("rev-list", "--count", "HEAD"), "3")
        clone("fetch", "-q", "--deepen", "4")
        self.assertEqual(clone("rev-list", "--count", "origin/main"), "7")
        clone.fsck()
        clone("fetch", "-q", "--depth", "2")
        self.assertEqual(clone("rev-list", "--count", "origin/main"), "2")
        clone("fetch", "-q", "--unshallow")
        self.assertEqual(clone("rev-list", "--count", "origin/main"), "30")
        self.assertEqual(clone("rev-parse", "--is-shallow-repository"), "false")
        clone.fsck()

    def test_a_shallow_clone_pulls_what_comes_later(self):
        origin = self.new_repo()
        origin.history(10)
        origin("push", "-q", "origin", "main")
        clone = self.clone("clone", "--depth", "1")
        later = origin.commit("later", later__txt="x\n")
        origin("push", "-q", "origin", "main")
        clone("pull", "-q")
        self.assertEqual(clone.head(), later)
        clone.fsck()

    def test_many_refs(self):
        origin = self.pushed_repo()
        head = origin.head()
        lines = "".join(f"create refs/heads/topic/{n:04} {head}\n" for n in range(2000))
        origin("update-ref", "--stdin", data=lines.encode())
        origin("push", "-q", "origin", "refs/heads/*:refs/heads/*")
        refs = origin.remote_refs()
        self.assertEqual(sum(name.startswith("refs/heads/topic/") for name in refs), 2000)
        clone = self.clone()
        self.assertEqual(len(clone("for-each-ref", "refs/remotes/origin/topic").splitlines()), 2000)

    def test_long_negotiation(self):
        """Two histories that parted long ago: hundreds of haves, sent compressed in several rounds."""
        origin = self.new_repo()
        origin.history(40)
        origin("push", "-q", "origin", "main")
        clone = self.clone()
        lines = ["feature done\n"]
        for number in range(700):
            start = "from refs/heads/main^0\n" if number == 0 else ""
            lines.append(f"commit refs/heads/own\ncommitter Bob <b@example.org> {1800000000 + number} +0000\ndata 3\nown\n{start}\n")
        clone("fast-import", "--quiet", data="".join([*lines, "done\n"]).encode())
        theirs = origin.commit("theirs")
        origin("push", "-q", "origin", "main")
        clone("fetch", "-q")
        self.assertEqual(clone.head("origin/main"), theirs)
        clone.fsck()

    def test_empty_repository(self):
        made = self.server.post("/api/projects", {"name": self.project}).json
        repo = self.repo("empty")
        said = repo.run("clone", self.url_of(made), repo.path).stderr
        self.assertIn("empty repository", said)
        repo.commit("first")
        branch = repo("symbolic-ref", "--short", "HEAD")
        repo("push", "-q", "origin", branch)
        self.assertEqual(repo.remote_refs()[f"refs/heads/{branch}"], repo.head())

    def test_a_large_clone(self):
        """More than one window of SSH's, both ways."""
        repo = self.new_repo()
        repo.commit("large", **{"noise.bin": b"".join(hashlib.sha512(b"%d" % n).digest() for n in range(100_000))})
        repo("push", "-q", "-u", "origin", "main")
        self.assertEqual(self.clone().head(), repo.head())


class ProtocolV0(EachProtocol, Scenario):
    PROTOCOL = 0


class ProtocolV1(EachProtocol, Scenario):
    PROTOCOL = 1


class ProtocolV2(EachProtocol, Scenario):
    PROTOCOL = 2

    def test_ref_prefixes_and_symrefs(self):
        origin = self.pushed_repo()
        origin("push", "-q", "origin", "main:refs/heads/other")
        self.assertIn("ref: refs/heads/main\tHEAD", origin("ls-remote", "--symref", "origin", "HEAD"))
        self.assertEqual(list(origin.remote_refs("origin", "--heads", "--refs")), ["refs/heads/main", "refs/heads/other"])

    def test_single_branch_and_one_commit_by_id(self):
        origin = self.pushed_repo()
        origin("checkout", "-q", "-b", "topic")
        origin.commit("on topic", topic__txt="t\n")
        origin("push", "-q", "origin", "topic")
        clone = self.clone("clone", "--single-branch", "--branch", "topic")
        self.assertEqual(clone("for-each-ref", "--format=%(refname)", "refs/remotes").splitlines().count("refs/remotes/origin/main"), 0)
        clone("fetch", "-q", "origin", origin.head("main"))
        self.assertEqual(clone.head("FETCH_HEAD"), origin.head("main"))

    def test_an_object_nobody_may_see_is_not_given(self):
        """Wants must be reachable from a ref that the permit shows."""
        origin = self.pushed_repo()
        origin("push", "-q", "origin", "main:refs/heads/gone")
        secret = origin.commit("secret", secret__txt="s\n")
        origin("push", "-q", "origin", "main:refs/heads/gone")
        origin("push", "-q", "origin", ":refs/heads/gone")
        other = self.clone()
        self.assertIn("not our ref", other.refused("fetch", "origin", secret))

    def test_progress_is_told_unless_it_is_not_wanted(self):
        origin = self.new_repo()
        origin.history(30)
        origin("push", "-q", "origin", "main")
        said = self.repo("loud").run("clone", "--progress", self.url(), self.folder / "loud").stderr
        self.assertRegex(said, r"remote: Total 90, ")
        quiet = self.repo("quiet").run("clone", "-q", self.url(), self.folder / "quiet").stderr
        self.assertNotIn("remote:", quiet)


if __name__ == "__main__":
    door_table.main()

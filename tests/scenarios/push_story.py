# SPDX-License-Identifier: Apache-2.0
"""Goal: a push does what was asked or says why not, and a refused one leaves nothing (promises 3 and 4).

Method: the real `git`; where Git is too honest to misbehave, its own pack bytes, altered and posted by hand.
"""
import hashlib
import shutil

import door_table
from origin_server import wait_until
from scenario import INVENTORY, Scenario
from wire import ZERO, pkt, push_body, report_of, tree_object


class Pushes(Scenario):
    def test_creates_the_project_and_says_so(self):
        repo = self.new_repo()
        repo.commit()
        said = repo.run("push", "origin", "main").stderr
        self.assertIn("remote: Created project", said)
        self.assert_same(repo)
        self.assertEqual(self.clone().head(), repo.head())

    def test_delete_a_branch(self):
        repo = self.pushed_repo()
        repo("push", "-q", "origin", "main:refs/heads/topic")
        repo("push", "-q", "origin", ":refs/heads/topic")
        self.assertNotIn("refs/heads/topic", repo.remote_refs())

    def test_delete_of_the_default_branch_is_refused(self):
        repo = self.pushed_repo()
        self.assertIn("default branch", repo.refused("push", "origin", ":refs/heads/main"))
        self.assert_same(repo)

    def test_force_is_needed_and_works(self):
        repo = self.pushed_repo()
        base = repo.head()
        repo.commit("second")
        repo("push", "-q", "origin", "main")
        repo("reset", "-q", "--hard", base)
        other = repo.commit("another second", other__txt="o\n")
        self.assertIn("rejected", repo.refused("push", "origin", "main"))
        repo("push", "-q", "--force", "origin", "main")
        self.assertEqual(repo.remote_refs()["refs/heads/main"], other)

    def test_a_stale_old_value_is_refused(self):
        repo = self.pushed_repo()
        late = self.clone()
        repo.commit("second")
        repo("push", "-q", "origin", "main")
        late.commit("late", late__txt="l\n")
        said = late.refused("push", "--force-with-lease=main:" + late.head("origin/main"), "origin", "main")
        self.assertIn("stale info", said)
        stale = late.head("origin/main")
        refs, _ = self.post_push([(stale, late.head(), "refs/heads/main")], self.pack_of(late, f"{stale}..HEAD"))
        self.assertIn("stale", refs["refs/heads/main"])
        self.assert_same(repo)

    def test_without_atomic_the_good_refs_move(self):
        repo = self.pushed_repo()
        repo("push", "-q", "origin", "main:refs/heads/dir")
        said = repo.refused("push", "origin", "main:refs/heads/good", "main:refs/heads/dir/under")
        self.assertIn("refs/heads/dir", said)
        self.assertIn("refs/heads/good", repo.remote_refs())
        self.assertNotIn("refs/heads/dir/under", repo.remote_refs())

    def test_with_atomic_nothing_moves(self):
        repo = self.pushed_repo()
        repo("push", "-q", "origin", "main:refs/heads/dir")
        said = repo.refused("push", "--atomic", "origin", "main:refs/heads/good", "main:refs/heads/dir/under")
        self.assertIn("atomic", said)
        self.assertEqual(set(repo.remote_refs()), {"HEAD", "refs/heads/main", "refs/heads/dir"})

    def test_directory_conflict_and_case_pair(self):
        repo = self.pushed_repo()
        repo("push", "-q", "origin", "main:refs/heads/a/b")
        self.assertIn("exists", repo.refused("push", "origin", "main:refs/heads/a"))
        self.assertIn("exists", repo.refused("push", "origin", "main:refs/heads/a/b/c"))
        self.assertIn("exists", repo.refused("push", "origin", "main:refs/heads/A/B"))
        repo("push", "-q", "origin", ":refs/heads/a/b", "main:refs/heads/a")
        self.assertIn("refs/heads/a", repo.remote_refs())

    def test_push_options_are_kept(self):
        repo = self.pushed_repo()
        repo.commit("second")
        repo("push", "-q", "-o", "deploy.skip", "-o", "note=for the log", "origin", "main")
        self.assert_same(repo)

    def test_a_large_push_in_chunks(self):
        """Over HTTP, a postBuffer below the pack's size makes Git send chunks after an empty probe."""
        repo = self.new_repo(config=["http.postBuffer=65536", "core.compression=0"])
        noise = b"".join(hashlib.sha512(str(n).encode()).digest() for n in range(100_000))
        repo.commit("noise", **{f"n{n}.bin": noise[n * 1_000_000:(n + 1) * 1_000_000] for n in range(6)})
        repo("push", "-q", "origin", "main")
        clone = self.clone()
        self.assertEqual(clone.head("HEAD^{tree}"), repo.head("HEAD^{tree}"))

    def test_many_commits_as_thin_deltas(self):
        repo = self.new_repo()
        repo.history(300)
        repo("push", "-q", "origin", "main")
        for number in range(5):
            repo.commit(f"edit {number}", **{"f1.txt": "line 1\n" * (number + 30)})
        repo("push", "-q", "--thin", "origin", "main")
        self.assertEqual(self.clone().head(), repo.head())

    def test_the_same_objects_again(self):
        """A branch over objects the server has: a push without a pack's worth of news."""
        repo = self.pushed_repo()
        repo("push", "-q", "origin", "main:refs/heads/copy")
        repo("push", "-q", "origin", "main~0:refs/tags/here")
        self.assertEqual(repo.remote_refs()["refs/tags/here"], repo.head())
        self.assertIn("up-to-date", repo.run("push", "origin", "main").stderr)

    def test_a_restart_brings_no_upkeep_forward(self):
        """A project's upkeep is due a day after a push: a start must not take that for a clock set back."""
        self.pushed_repo()
        self.server.restart()
        self.expect(self.server.require(INVENTORY), 200)  # Another job, done since the start.
        self.assertNotIn("looked after a project's objects", self.server.log())

    def test_the_default_branch_is_the_first_one_pushed(self):
        repo = self.new_repo()
        repo("checkout", "-q", "-b", "trunk")
        repo.commit()
        repo("push", "-q", "origin", "trunk")
        self.assertIn("ref: refs/heads/trunk\tHEAD", repo("ls-remote", "--symref", "origin", "HEAD"))

    # By hand ---------------------------------------------------------------------------------

    def say(self, body, **more):
        return self.door.say("git-receive-pack", f"/{self.server.client}/{self.project}.git", body, **more)

    def post_push(self, commands, pack=b"", capabilities="report-status atomic"):
        """Returns ({ref: "ok" or why not}, the unpack line)."""
        taken, said = self.say(push_body(commands, pack, capabilities))
        self.assertTrue(taken, said)
        unpack, refs = report_of(said)
        return refs, unpack

    def pack_of(self, repo, *revisions):
        return repo.pack(line.split()[0] for line in repo("rev-list", "--objects", *revisions).splitlines())

    def refused_push(self, repo, commands, pack):
        """Posts a push that must be refused whole; nothing of it may stay."""
        before = repo.remote_refs()
        refs, unpack = self.post_push(commands, pack)
        for _, _, name in commands:
            self.assertNotEqual(refs.get(name), "ok", (refs, unpack))
        self.assertEqual(repo.remote_refs(), before)
        self.clone("after-refusal")
        return refs, unpack

    def test_one_corrupt_byte_in_the_pack(self):
        repo = self.pushed_repo()
        old = repo.head()
        new = repo.commit("second", big__txt="some text that is long enough\n" * 50)
        pack = self.pack_of(repo, f"{old}..{new}")
        for at in (14, len(pack) // 2, len(pack) - 25, len(pack) - 3):
            with self.subTest(at=at):
                bad = bytearray(pack)
                bad[at] ^= 0x40
                _, unpack = self.refused_push(repo, [(old, new, "refs/heads/main")], bytes(bad))
                self.assertNotEqual(unpack, "ok")
                shutil.rmtree(self.folder / "after-refusal")
        self.assertEqual(self.post_push([(old, new, "refs/heads/main")], pack)[0], {"refs/heads/main": "ok"})

    def test_a_pack_that_lacks_an_object(self):
        repo = self.pushed_repo()
        old = repo.head()
        new = repo.commit("second", big__txt="a new blob\n")
        pack = repo.pack([new, repo.head("HEAD^{tree}")])
        self.refused_push(repo, [(old, new, "refs/heads/main")], pack)

    def test_names_no_repository_may_hold(self):
        """`.git` in its disguises and `..` would be code that runs on the client."""
        repo = self.pushed_repo()
        old = repo.head()
        blob = repo("hash-object", "-w", "--stdin", data=b"[core]\n")
        for name in (b".GIT", b"..", b".", b".git", b"git~1", b".g\xe2\x80\x8cit"):
            with self.subTest(name=name):
                tree = repo("hash-object", "-t", "tree", "-w", "--stdin", "--literally",
                            data=tree_object([(b"100644", name, blob)]))
                new = repo("commit-tree", "-m", "evil", "-p", old, tree)
                self.refused_push(repo, [(old, new, "refs/heads/main")], self.pack_of(repo, f"{old}..{new}"))
                shutil.rmtree(self.folder / "after-refusal")

    def test_ref_names_that_are_none(self):
        repo = self.pushed_repo()
        head = repo.head()
        for name in ("refs/../x", "refs/heads/a..b", "refs/heads/.x", "refs/heads/x.lock", "HEAD", "refs/heads/HEAD", "refs/heads/-x",
                     "refs/heads/\u202egnp", "refs/origind/x", "refs/deployments/live/live", "refs/heads/" + "x" * 300):
            with self.subTest(name=name):
                _, unpack = self.refused_push(repo, [(ZERO, head, name)], repo.pack([]))
                self.assertEqual(unpack, "ok", "refused for another reason than its name")
                shutil.rmtree(self.folder / "after-refusal")

    def test_an_object_that_is_nowhere(self):
        repo = self.pushed_repo()
        _, unpack = self.refused_push(repo, [(ZERO, "1" * 40, "refs/heads/ghost")], repo.pack([]))
        self.assertEqual(unpack, "ok", "refused for another reason than the object")

    def test_a_cut_command_list(self):
        repo = self.pushed_repo()
        before = repo.remote_refs()
        _, said = self.say(pkt(f"{ZERO} {repo.head()} refs/heads/x\0report-status")[:-4])
        self.assertNotIn(b"ok refs/heads/x", said)
        self.assertEqual(repo.remote_refs(), before)

    def test_a_push_that_stops_half_way(self):
        repo = self.pushed_repo()
        before, events = repo.remote_refs(), self.server.events()
        old = repo.head()
        new = repo.commit("second", **{"noise.bin": b"".join(hashlib.sha512(b"%d" % n).digest() for n in range(5000))})
        body = push_body([(old, new, "refs/heads/main")], self.pack_of(repo, f"{old}..{new}"))
        taken, _ = self.say(body[:-20_000], cut=True)
        self.assertFalse(taken)
        wait_until("its files to go", lambda: not [path for path in self.server.data.rglob("quarantine/*") if path.is_file()])
        self.assertEqual((repo.remote_refs(), self.server.events()), (before, events))
        repo("push", "-q", "origin", "main")
        self.clone()

    def test_what_was_pushed_is_there_after_kill_9(self):
        repo = self.pushed_repo()
        self.server.restart()
        self.assert_same(repo)
        self.clone()

    def test_hidden_refs_are_not_shown_and_not_moved(self):
        """refs/origind/: in no list, no fetch and no push, by whatever name one asks for it."""
        repo = self.pushed_repo()
        self.expect(self.server.require(INVENTORY), 200)  # It keeps what it made below there.
        made = next(row for row in self.server.pages("/api/projects", "projects") if not row["codeUrl"].endswith(f"/{self.project}.git"))
        theirs = self.clone("theirs", url=self.url_of(made))
        self.assertEqual([name for name in theirs.remote_refs() if "origind" in name], [])
        for words in (("fetch", "origin", "refs/origind/*:refs/stolen/*"), ("fetch", "origin", "refs/*:refs/stolen/*")):
            theirs(*words)
            self.assertEqual(theirs("for-each-ref", "refs/stolen/origind", "refs/stolen/pristine"), "")
        for words in (("main:refs/origind/x",), (":refs/origind/pristine/main",)):
            theirs.refused("push", "origin", *words)
        self.assert_same(repo)


if __name__ == "__main__":
    door_table.main()

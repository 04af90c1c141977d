# SPDX-License-Identifier: Apache-2.0
"""Goal: trees, names, moments and clocks that nobody plans for end in a site that is right, or in a sentence that says why not.

Method: as deployments.py; what is odd is pushed, done at the provider, or done to the clock, and what was live is looked at.
"""
import threading
import unittest

import door_table
import false_clock
from deploy_pages_story import Pages  # Finds the stand-ins.
from deploy_story import Netlify
from deploy_vercel_story import Vercel
from deploy_workers_story import Workers
from origin_server import wait_until
import cloudflare

PAGES_FILES_MAX = 20_000
BIG_BYTES = 26 << 20
VERCEL_FILES = 15_000
PUSHERS = 6


class OddTrees:
    """Of any provider; mixed into a ToProvider."""

    def push_tree(self, stream, branch="main"):
        """A commit made by `git fast-import`, which knows no work tree."""
        self.work("fast-import", "--quiet", "--force", data=(
            "commit refs/heads/odd\ncommitter Ada <ada@example.org> 1700000000 +0000\ndata 3\nodd\n" + stream).encode())
        self.work("push", "-qf", "origin", f"refs/heads/odd:refs/heads/{branch}")
        return self.work.head("refs/heads/odd")

    def fails_and_leaves(self, live, stream, said):
        """The odd commit is refused, nothing is made at the provider, and what was live stays."""
        made = len(self.made())
        commit = self.push_tree(stream)
        row = self.settled()
        self.assertEqual((row["state"], row["commit"]), ("failed", commit), row)
        self.assertIn(said, row["error"])
        self.assertEqual(len(self.made()), made, "something was made")
        self.assertEqual(self.server.get(self.api("/targets/production")).json["live"], live["id"])
        self.check_live(live["url"], {"index.html": b"live\n"})

    def test_an_empty_tree_is_refused(self):
        live = self.live({"index.html": b"live\n"})
        self.fails_and_leaves(live, "deleteall\n", "no file")
        self.standin.assert_clean()

    def test_a_tree_of_one_folder_is_what_it_is(self):
        files = {"dist/index.html": b"<p>home</p>\n", "dist/a/b.txt": b"b\n"}
        row = self.live(files)
        self.assertEqual(self.fetch(row["url"], "/").status, 404)
        self.assertEqual(row["files"], 2)
        self.standin.assert_clean()

    def test_a_publish_root_makes_the_one_folder_the_site(self):
        answer = self.server.request("PUT", self.api("/targets/production"), {
            "connector": self.CONNECTOR, "publishRoot": "dist", "settings": {**self.settings("shop"), "apiBase": self.standin.api},
            "secret": cloudflare.TOKEN})
        self.assertIn(answer.status, (200, 201), answer)
        self.push({"dist/index.html": b"<p>home</p>\n", "secret.txt": b"not for the site\n"})
        row = self.settled()
        self.assertEqual((row["state"], row["files"]), ("live", 1), row)
        self.assertEqual(self.fetch(row["url"], "/").body, b"<p>home</p>\n")
        self.assertEqual(self.fetch(row["url"], "/secret.txt").status, 404)

    def test_a_branch_deleted_while_it_deploys_goes_on_to_its_end(self):
        """The release is of a commit, which it keeps, gc or not."""
        self.put_rule("release")
        self.live({"index.html": b"main\n"})
        held = self.standin.plan.add("hold_before", method=self.UPLOAD[0], path=self.UPLOAD[1])
        commit = self.push({"index.html": b"released\n"}, branch="release")
        self.assertTrue(held.reached.wait(60))
        self.work("push", "-q", "origin", ":refs/heads/release")
        self.assertEqual(self.server.operate("gc", {"project": self.project_id()}).status, 200)
        self.standin.plan.release()
        row = self.settled()
        self.assertEqual((row["state"], row["commit"]), ("live", commit), row)
        self.check_live(row["url"], {"index.html": b"released\n"})
        self.assertNotIn("refs/heads/release", self.work.remote_refs())
        self.assertEqual(self.work.remote_refs()["refs/deployments/production/live"], commit)
        self.standin.assert_clean()

    def test_a_branch_deleted_before_its_turn_still_has_what_was_pushed(self):
        """It waits behind another; nothing of the queue is lost, and gc takes none of its objects."""
        self.put_rule("release")
        held = self.standin.plan.add("hold_before", method=self.UPLOAD[0], path=self.UPLOAD[1])
        self.push({"index.html": b"main\n"})
        self.assertTrue(held.reached.wait(60))
        commit = self.push({"index.html": b"released\n", "more.txt": b"more\n"}, branch="release")
        self.work("push", "-q", "origin", ":refs/heads/release")
        self.assertEqual(self.server.operate("gc", {"project": self.project_id()}).status, 200)
        self.standin.plan.release()
        row = self.settled()
        self.assertEqual((row["state"], row["commit"]), ("live", commit), row)
        self.check_live(row["url"], {"index.html": b"released\n", "more.txt": b"more\n"})


class OddNetlify(OddTrees, Netlify):
    pass


class OddVercel(OddTrees, Vercel):
    def test_a_name_of_somebody_else_is_not_deployed_to(self):
        self.target("taken")
        self.fails({"index.html": b"x\n"}, "taken")
        self.assertEqual(self.made(), [])

    def test_more_files_than_it_takes_go_as_an_archive(self):
        stream = "".join(f"M 100644 inline p/{n % 100}/{n}.txt\ndata {len(str(n))}\n{n}\n" for n in range(VERCEL_FILES))
        commit = self.push_tree(stream)
        row = self.settled()
        self.assertEqual((row["state"], row["commit"], row["files"]), ("live", commit, VERCEL_FILES), row)
        self.check_live(row["url"], {f"p/{n % 100}/{n}.txt": str(n).encode() for n in (0, 7, VERCEL_FILES - 1)})
        self.assertEqual(len(self.standin.calls(*self.UPLOAD)), 1)
        self.assertIn("as an archive", str(row["log"]))
        self.push_tree(stream + "M 100644 inline index.html\ndata 4\nnew\n\n")
        self.standin.plan.add("lost_answer", method="POST", path="/v2/files")
        row = self.settled()
        self.assertEqual((row["state"], len(self.made())), ("live", 2), row)
        self.check_live(row["url"], {"index.html": b"new\n", "p/7/7.txt": b"7"})
        self.standin.assert_clean()

    def test_a_pointer_of_git_lfs_among_many_files_is_refused(self):
        live = self.live({"index.html": b"live\n"})
        pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12345\n"
        self.fails_and_leaves(live, "".join(f"M 100644 inline p/{n % 100}/{n}.txt\ndata 2\nx\n\n" for n in range(VERCEL_FILES)) +
                              f"M 100644 inline big.bin\ndata {len(pointer)}\n{pointer}\n", "LFS")
        self.assertEqual(len(self.standin.calls(*self.UPLOAD)), 2, "the archive was sent")
        self.standin.assert_clean()


class OddWorkers(OddTrees, Workers):
    def test_a_file_of_26_mebibytes_is_refused(self):
        live = self.live({"index.html": b"live\n"})
        self.fails_and_leaves(live, f"M 100644 inline big.bin\ndata {BIG_BYTES}\n{'0' * BIG_BYTES}\n", "25 MiB")
        self.standin.assert_clean()


class OddPages(OddTrees, Pages):
    def test_20001_files_are_refused(self):
        live = self.live({"index.html": b"live\n"})
        self.fails_and_leaves(live, "".join(f"M 100644 inline p/{n % 100}/{n}\ndata 2\nx\n\n" for n in range(PAGES_FILES_MAX + 1)),
                              "at most 20000")
        self.assertEqual(len(self.standin.calls(*self.UPLOAD)), 1, "files were sent that come to nothing")
        self.standin.assert_clean()

    def test_a_file_of_26_mebibytes_is_refused(self):
        live = self.live({"index.html": b"live\n"})
        self.fails_and_leaves(live, f"M 100644 inline big.bin\ndata {BIG_BYTES}\n{'0' * BIG_BYTES}\n", "25 MiB")
        self.standin.assert_clean()

    def test_a_project_whose_name_was_taken_has_another_address(self):
        """Cloudflare gives a project whose name somebody else has a subdomain of its own (C10): its answer is what is told."""
        self.standin.add_site("taken")
        self.target("taken")
        row = self.live({"index.html": b"x\n"})
        self.assertIn("taken-4xk", row["url"])


@unittest.skipIf(false_clock.why_not(), f"{false_clock.why_not()}")
class OddClocks(Netlify):
    """The wall clock is the test's."""
    SERVER = false_clock.FalseClockServer

    def tearDown(self):
        self.server.jump(0)
        super().tearDown()

    def push(self, *arguments, **more):
        self.last = super().push(*arguments, **more)
        return self.last

    def newest(self, target="production"):
        """Of the last push: ids go by the clock."""
        return next(row for row in self.server.deployments(self.project_id()) if row["commit"] == self.last)

    def test_pushes_in_one_millisecond_go_live_in_their_order(self):
        self.live({"index.html": b"before\n"})
        self.server.freeze()
        held = self.standin.plan.add("hold_before", method="POST", path="/sites/*/deploys")
        commits = [self.push({"index.html": f"{number}\n".encode()}) for number in range(5)]
        self.assertTrue(held.reached.wait(60))
        self.standin.plan.release()
        row = self.settled()
        self.assertEqual((row["state"], row["commit"]), ("live", commits[-1]), row)
        self.check_live(row["url"], {"index.html": b"4\n"})
        rows = [each for each in self.server.deployments(self.project_id()) if each["commit"] in commits]
        self.assertEqual(len({each["createdAt"] for each in rows}), 1, "the clock did not stand still")
        states = {each["commit"]: each["state"] for each in rows}
        self.assertEqual([states[commit] for commit in commits[1:-1]], ["superseded"] * 3, states)

    def test_many_push_to_one_branch_at_once_and_the_one_git_shows_is_live(self):
        self.live({"index.html": b"before\n"})
        self.server.freeze()
        repos = [self.clone(f"clone-{number}") for number in range(PUSHERS)]
        for number, repo in enumerate(repos):
            self.write(repo, {"index.html": f"pusher {number}\n".encode()})
        begun, done = threading.Barrier(PUSHERS), []

        def one(repo):
            begun.wait()
            done.append(repo.run("push", "-qf", "origin", "HEAD:refs/heads/main", check=False).returncode)
        threads = [threading.Thread(target=one, args=(repo,)) for repo in repos]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertIn(0, done)  # Some may lose the race for the ref, and are told so.
        tip = self.work.remote_refs()["refs/heads/main"]
        self.server.settle_deployments(self.project_id())
        target = self.server.get(self.api("/targets/production")).json
        row = self.server.get(self.api(f"/deployments/{target['live']}")).json
        self.assertEqual((row["state"], row["commit"]), ("live", tip), row)
        number = next(number for number, repo in enumerate(repos) if repo.head() == tip)
        self.check_live(row["url"], {"index.html": f"pusher {number}\n".encode()})
        made = [each for each in self.server.deployments(self.project_id()) if each["commit"] in {repo.head() for repo in repos}]
        self.assertEqual(len(made), done.count(0), "one deployment for each push that was taken")

    def test_a_clock_that_jumps_while_a_deployment_is_under_way(self):
        """Neither is it given up by the time limit of a state, nor is it waited for for days, nor made twice."""
        for days in (3, -3, 0):
            for where in (("POST", "/sites/*/deploys"), ("PUT", "/deploys/*/files/*"), ("GET", "/sites/*/deploys/*")):
                with self.subTest(days=days, where=where):
                    self.standin.plan.clear()
                    made = len(self.made())
                    held = self.standin.plan.add("hold_after", method=where[0], path=where[1])
                    files = {"index.html": f"{days} {where}\n".encode()}
                    self.push(files)
                    self.assertTrue(held.reached.wait(60))
                    self.server.jump(days)
                    self.standin.plan.release()
                    row = self.settled()
                    self.assertEqual(row["state"], "live", row)
                    self.check_live(row["url"], files)
                    self.assertEqual(len(self.made()) - made, 1)

    def test_a_clock_that_jumps_while_the_next_try_is_waited_for(self):
        for days in (-3, 3):
            with self.subTest(days=days):
                self.server.jump(0)
                self.live({"index.html": f"before {days}\n".encode()})
                self.standin.plan.clear()
                fault = self.standin.plan.add("429_ratelimit_reset", method="POST", path="/sites/*/deploys", seconds=2)
                files = {"index.html": f"after {days}\n".encode()}
                self.push(files)
                wait_until("the refusal", lambda: fault.fired)
                self.server.jump(days)
                row = self.settled()
                self.assertEqual(row["state"], "live", row)
                self.check_live(row["url"], files)

    def test_killed_and_started_in_another_time(self):
        for days in (-3, 3, 0):
            with self.subTest(days=days):
                made = len(self.made())
                self.standin.plan.clear()
                held = self.standin.plan.add("hold_after", method="PUT", path="/sites/*/deploys/*")
                files = {"index.html": f"again {days}\n".encode()}
                self.push(files)
                self.assertTrue(held.reached.wait(60))
                self.server.kill()
                self.standin.plan.release()
                self.server.jump(days)
                self.server.start()
                row = self.settled()
                self.assertEqual(row["state"], "live", row)
                self.check_live(row["url"], files)
                self.assertEqual(len(self.made()) - made, 1)


if __name__ == "__main__":
    door_table.main()

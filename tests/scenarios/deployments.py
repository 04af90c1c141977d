# SPDX-License-Identifier: Apache-2.0
"""What every provider's deployments have to do: the stories that deploy_story.py and its sisters tell of each provider.

A stand-in that enforces the provider's contract (tests/providers) takes the deployments of a real server, and serves the
sites, from which every path is fetched again.
"""
import os
import random
import sys
import urllib.parse

from origin_server import ROOT, wait_until
from scenario import Scenario

sys.path.insert(0, str(ROOT / "tests/providers"))
import faults  # noqa: E402
import standin  # noqa: E402
import tree  # noqa: E402


def quoted(path):
    return "/" + urllib.parse.quote(path)


class Deployments(Scenario):
    """What stories of any provider need: a project, a target at the stand-in, a push, what became of it."""
    CONFIG = '[outbound]\nallow = ["127.0.0.0/8"]\n[deploy]\nallow_api_base = true\n'

    def api(self, path=""):
        return f"/api/projects/{self.project_id()}{path}"

    def secret_file(self, token):
        path = self.folder / "token"
        path.write_text(token + "\n")
        return path

    def write(self, repo, files, message="files"):
        """A commit of exactly these files."""
        repo("rm", "-rq", "--ignore-unmatch", ".")
        tree.write(repo.path, files)
        repo("add", "-A", "-f")
        repo("commit", "-qm", message)
        return repo("rev-parse", "HEAD").strip()

    def newest(self, target="production"):
        return [row for row in self.server.deployments(self.project_id()) if row["target"] == target][-1]

    def settled(self):
        """The newest deployment, with its log, once nothing is on its way."""
        self.server.settle_deployments(self.project_id())
        return self.server.get(self.api(f"/deployments/{self.newest()['id']}")).json

    def fails(self, files, said):
        self.push(files)
        row = self.settled()
        self.assertEqual(row["state"], "failed", row)
        self.assertIn(said, row["error"])
        return row

    def check_releases(self, pushes, target="production"):
        """One deployment of each push, and each of them was live once: none doubled, none missing."""
        rows = [row for row in self.server.deployments(self.project_id()) if row["target"] == target]
        self.assertEqual([row["state"] for row in rows], ["superseded"] * (pushes - 1) + ["live"], rows)
        self.assertEqual([row["release"] for row in rows], list(range(1, pushes + 1)), rows)
        self.assertEqual(len({row["commit"] for row in rows}), pushes, rows)

    def fetch(self, url, path):
        return self.standin.fetch(url, path)

    def check_live(self, url, files):
        for path, data in files.items():
            answer = self.fetch(url, quoted(path))
            self.assertEqual((answer.status, answer.body), (200, data), path)


class ToProvider(Deployments):
    """One target at a stand-in. A provider says what is its own: the names in capitals, and the methods below them."""
    CONNECTOR = PROVIDER = ""  # PROVIDER: in the tables of faults.py.
    UPLOAD = ("POST", "*")  # What carries files.
    WRONG = ()  # (site, token, what the error says)
    ODDITIES = ()  # What the provider's own program says, and no description has.
    SLOW = ("POST", "*")  # A request that may be slow for others to come behind.

    def make_standin(self):
        raise NotImplementedError

    def settings(self, site):
        raise NotImplementedError

    def made(self):
        """What the provider keeps of each deployment."""
        raise NotImplementedError

    def setUp(self):
        super().setUp()
        self.standin = self.make_standin()
        self.addCleanup(self.standin.close)
        self.work = self.pushed_repo()
        self.target()
        self.put_rule("main")

    def target(self, site="shop", token=standin.TOKEN, name="production"):
        settings = {**self.settings(site), "apiBase": self.standin.api}
        return self.server.command_json(
            "target", "set", "--data", self.server.data, "--project", self.project_id(), "--name", name,
            "--connector", self.CONNECTOR, *[word for item in settings.items() for word in ("--setting", "=".join(item))],
            "--secret-file", self.secret_file(token))

    def put_rule(self, pattern, target="production", **more):
        answer = self.server.request("PUT", self.api("/rules"), {"pattern": pattern, "target": target, **more})
        self.assertEqual(answer.status, 200, answer)

    def push(self, files, branch="main", repo=None):
        commit = self.write(repo or self.work, files)
        (repo or self.work)("push", "-qf", "origin", f"HEAD:refs/heads/{branch}")
        return commit

    def live(self, files, **more):
        """Pushes, and is live with it."""
        self.push(files, **more)
        row = self.settled()
        self.assertEqual(row["state"], "live", row)
        self.check_live(row["url"], files)
        return row


class Stories:
    """Of any provider; mixed into a ToProvider."""

    def test_a_push_goes_live_byte_for_byte(self):
        files = tree.contents()
        commit = self.push(files)
        row = self.settled()
        self.assertEqual(row["state"], "live", row)
        self.assertEqual((row["commit"], row["release"]), (commit, 1))
        self.assertEqual(row["files"], len(files))
        self.check_live(row["url"], files)
        self.check_live(row["permalink"], files)
        self.assertEqual(self.fetch(row["url"], "/nothing.txt").status, 404)
        self.assertNotIn(standin.TOKEN, self.server.get(self.api(f"/deployments/{row['id']}")).text)
        self.assertNotIn(standin.TOKEN, self.server.get(self.api("/targets/production")).text)
        self.standin.assert_clean()
        odd = [row for row in self.standin.oddities if not any(known in row["what"] for known in self.ODDITIES)]
        self.assertEqual(odd, [], "more than the contract knows")

    def test_one_change_is_one_upload(self):
        files = tree.contents()
        self.live(files)
        before = len(self.standin.calls(*self.UPLOAD))
        files["index.html"] = b"changed\n"
        row = self.live(files)
        self.assertEqual((row["release"], row["filesUploaded"]), (2, 1), row)
        self.assertEqual(len(self.standin.calls(*self.UPLOAD)) - before, 1)
        self.standin.assert_clean()

    def test_rollback_is_the_providers_own(self):
        first = self.live({"index.html": b"one\n"})
        second = self.live({"index.html": b"two\n"})
        sent, made = len(self.standin.calls(*self.UPLOAD)), len(self.made())
        back = self.server.post(self.api(f"/deployments/{second['id']}/rollback"))
        self.assertIn(back.status, (200, 201, 202), back)
        row = self.settled()
        self.assertEqual((row["state"], row["release"], row["commit"]), ("live", 3, first["commit"]), row)
        self.assertEqual((len(self.standin.calls(*self.UPLOAD)), len(self.made())), (sent, made), "nothing is sent again")
        self.check_live(row["url"], {"index.html": b"one\n"})
        states = {each["id"]: each["state"] for each in self.server.deployments(self.project_id())}
        self.assertEqual((states[first["id"]], states[second["id"]]), ("superseded", "rolled_back"))
        self.live({"index.html": b"three\n"})  # What is pushed after it goes live as before.
        self.standin.assert_clean()

    def live_refs(self):
        lines = self.work("ls-remote", "origin", "refs/deployments/*").splitlines()
        return {name: commit for commit, name in (line.split("\t") for line in lines)}

    def test_git_shows_what_is_live_and_puts_it_back(self):
        first = self.live({"index.html": b"one\n"})
        second = self.live({"index.html": b"two\n"})
        folder = "refs/deployments/production/"
        self.assertEqual(self.live_refs(), {folder + "1": first["commit"], folder + "2": second["commit"],
                                            folder + "live": second["commit"]})
        for wish, said in ((f"+{self.write(self.work, {'index.html': b'three'})}:{folder}live", "never was a release"),
                           (f"+{second['commit']}:{folder}live", "live already"), (f"+{first['commit']}:{folder}1", "written by the server"),
                           (f":{folder}live", "written by the server")):
            refused = self.work.refused("push", "-q", "origin", wish)
            self.assertIn(said, refused)
        shown = self.work.run("push", "-o", "deploy.wait=30", "origin", f"+{first['commit']}:{folder}live").stderr
        self.assertIn(f"remote: -----> production ({self.CONNECTOR}): live as release 3", shown)
        row = self.settled()
        self.assertEqual((row["state"], row["commit"], row["rollbackOf"]), ("live", first["commit"], first["id"]))
        self.assertEqual(self.live_refs()[folder + "live"], first["commit"])
        self.check_live(row["url"], {"index.html": b"one\n"})

    def test_a_preview_has_its_own_url_and_replaces_nothing(self):
        self.put_rule("feature/*", preview=True)
        live = self.live({"index.html": b"live\n"})
        row = self.live({"index.html": b"preview\n"}, branch="feature/colour")
        self.assertTrue(row["preview"])
        self.assertNotIn("release", row)
        self.check_live(live["url"], {"index.html": b"live\n"})
        self.assertEqual(self.server.get(self.api("/targets/production")).json["live"], live["id"])
        self.standin.assert_clean()

    def test_what_waits_behind_is_superseded(self):
        self.standin.plan.add("slow", method=self.SLOW[0], path=self.SLOW[1], seconds=3)
        commits = [self.push({"index.html": f"{number}\n".encode()}) for number in range(4)]
        row = self.settled()
        self.assertEqual((row["state"], row["commit"]), ("live", commits[-1]))
        states = {each["commit"]: each["state"] for each in self.server.deployments(self.project_id()) if "ref" in each}
        self.assertEqual([states[commit] for commit in commits[1:-1]], ["superseded"] * 2, states)
        self.check_live(row["url"], {"index.html": b"3\n"})

    def test_what_is_wrong_is_said(self):
        for site, token, said in self.WRONG:
            with self.subTest(site=site, token=token):
                self.target(site, token)
                row = self.fails({"index.html": f"{site}{token}\n".encode()}, said)
                self.assertNotIn(token, str(row))
        self.target()
        self.fails({".gitignore": b"x\n"}, "no file")
        self.fails({"a.png": b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n"}, "LFS")

    def test_killed_at_each_request_it_is_live_once(self):
        self.live({"index.html": b"0\n"})
        before = len(self.standin.requests)
        self.live({"index.html": b"1\n", "new.txt": b"n\n"})
        requests = len(self.standin.requests) - before
        self.assertGreater(requests, 4)
        for n in range(1, requests + 1):
            with self.subTest(request=n):
                files = {"index.html": f"kill {n}\n".encode(), "new.txt": f"new {n}\n".encode()}
                made, asked = len(self.made()), len(self.standin.requests)
                self.push(files)
                wait_until(f"request {n}", lambda: len(self.standin.requests) >= asked + n
                           or self.newest()["state"] == "live")
                self.server.restart()
                row = self.settled()
                self.assertEqual(row["state"], "live", row)
                self.check_live(row["url"], files)
                self.assertEqual(len(self.made()) - made, 1, "doubled, or none")
        self.standin.assert_clean()


class Faults:
    """Of any provider: each row of its table; mixed into a ToProvider."""
    SKIPPED = ("stuck", "200_huge", "slow")  # They take minutes; a unit test has the time that runs out.

    def chosen(self, rows):
        """ORIGIN_DEPLOY_FAULTS of them, drawn anew each time; "all": all (./dev test --full)."""
        wish = os.environ.get("ORIGIN_DEPLOY_FAULTS", "15")
        seed = int(os.environ.get("ORIGIN_DEPLOY_SEED", random.randrange(2 ** 32)))
        print(f"{self.PROVIDER}: {wish} of {len(rows)} faults, ORIGIN_DEPLOY_SEED={seed}", flush=True)
        return rows if wish == "all" else random.Random(seed).sample(rows, min(int(wish), len(rows)))

    def test_faults_that_pass_are_waited_out(self):
        rows = self.chosen([row for row in faults.table(self.PROVIDER) if row[0] not in self.SKIPPED])
        for number, (kind, method, path, params, outcome) in enumerate(rows):
            with self.subTest(f"{kind} at {method} {path}"):
                files = {"index.html": f"{number} {kind}\n".encode(), "a.txt": f"a {number}\n".encode()}
                self.standin.plan.clear()
                self.standin.plan.add(kind, method=method, path=path, **params)
                made = len(self.made())
                self.push(files)
                row = self.settled()
                if outcome == faults.RECOVERS:
                    self.assertEqual(row["state"], "live", row)
                if row["state"] == "live":
                    self.check_live(row["url"], files)
                else:
                    self.assertEqual(row["state"], "failed")
                    self.assertTrue(row["error"])
                self.assertLessEqual(len(self.made()) - made, 1, "a deployment was made twice")
        self.standin.plan.clear()
        self.standin.assert_clean()
        self.assertEqual([each for each in self.standin.sites.strays if "authorization" in str(each).lower()], [],
                         "the token went elsewhere")

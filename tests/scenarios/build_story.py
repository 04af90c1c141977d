# SPDX-License-Identifier: Apache-2.0
"""Goal: a commit that says how it is built is built once, in a sandbox, and its output is what is live; a kill in the
middle neither loses the build nor doubles the release.

Method: a real server and git; .origind.toml with shell commands; the `local` target, fetched over HTTP.
"""
import json
import os

import door_table
from deployments import Deployments
from origin_server import wait_until

MAKE = "mkdir -p dist/a && cp src/page.html dist/index.html && date +%s%N >dist/a/when.txt && echo made {}"


class Builds(Deployments):
    CONFIG = "[build]\nseconds = 60\n"

    def setUp(self):
        super().setUp()
        self.repo_ = self.new_repo()
        self.write(self.repo_, {"README.md": b"x\n"})
        self.repo_("push", "-q", "-u", "origin", "main")
        self.id_ = self.project_id()
        self.target("production")

    def target(self, name):
        words = ["--data", self.server.data, "--project", self.id_]
        self.server.command("target", "set", *words, "--name", name, "--connector", "local")
        self.server.command("rule", "set", *words, "refs/heads/main", "--target", name)

    def build(self, command, page=b"one\n", output="dist", wait=30):
        toml = f"[build]\ncommand = {json.dumps(command)}\noutput = {json.dumps(output)}\n"
        commit = self.write(self.repo_, {".origind.toml": toml.encode(), "src/page.html": page})
        return commit, self.repo_("push", "-o", f"deploy.wait={wait}", "origin", "main")

    def page(self, url, path="/"):
        return self.server.open_url(url.rstrip("/") + path)

    def needs_sandbox(self):
        state = self.server.get("/readyz", key=None).json["sandbox"]
        if state != "ready":
            self.skipTest(state)


class BuildStories(Builds):
    def setUp(self):
        self.needs_sandbox()
        super().setUp()

    def test_output_is_live_and_a_rollback_builds_nothing(self):
        first, _ = self.build(MAKE.format("first"))
        row = self.settled()
        self.assertEqual(row["state"], "live", row)
        lines = [line["text"] for line in row["log"]]
        self.assertIn("made first", lines)
        self.assertEqual(self.page(row["url"]).body, b"one\n")
        when = self.page(row["url"], "/a/when.txt").body
        self.assertNotEqual(self.page(row["url"], "/src/page.html").status, 200)

        self.build(MAKE.format("second"), b"two\n")
        second = self.settled()
        self.assertEqual(self.page(second["url"]).body, b"two\n")
        self.server.command("deployment", "rollback", "--data", self.server.data, "--project", self.id_, second["id"])
        back = self.settled()
        self.assertEqual((back["state"], back["commit"]), ("live", first))
        self.assertEqual(self.page(back["url"]).body, b"one\n")
        self.assertEqual(self.page(back["url"], "/a/when.txt").body, when)

        # Hidden: nobody is shown it, and nobody can move it.
        self.assertNotIn("refs/origind", self.repo_("ls-remote", "origin"))
        refused = self.repo_.refused("push", "origin", f"+HEAD:refs/origind/builds/{first}")
        self.assertIn("remote rejected", refused)

        # Kept: a collection of garbage leaves it, and so does a second deployment elsewhere.
        self.server.command("gc", "--data", self.server.data, self.id_)
        self.assertEqual(self.page(back["url"], "/a/when.txt").body, when)

    def test_a_build_that_fails_leaves_what_was_live(self):
        self.build(MAKE.format("good"))
        good = self.settled()
        self.build("echo what went wrong >&2; exit 4")
        bad = self.settled()
        self.assertEqual(bad["state"], "failed")
        self.assertIn("exit code 4): what went wrong", bad["error"])
        self.assertEqual(self.page(good["url"]).body, b"one\n")

    def test_a_kill_while_building_builds_again_and_one_after_it_does_not(self):
        self.build("sleep 3; " + MAKE.format("slow"), wait=0)
        wait_until("the build to begin", lambda: self.newest()["state"] == "building")
        self.server.kill()
        self.server.start()
        row = self.settled()
        self.assertEqual((row["state"], row["release"]), ("live", 1), row)
        when = self.page(row["url"], "/a/when.txt").body
        self.server.kill()
        self.server.start()
        self.target("staging")
        self.repo_("commit", "--allow-empty", "-qm", "same tree")
        self.repo_("push", "-q", "-o", "deploy.wait=30", "origin", "main")
        self.settled()
        # Another commit is another build, by design; the first one's files are as they were.
        self.server.command("deployment", "rollback", "--data", self.server.data, "--project", self.id_, self.newest()["id"])
        back = self.settled()
        self.assertEqual(self.page(back["url"], "/a/when.txt").body, when)


if __name__ == "__main__":
    door_table.main()

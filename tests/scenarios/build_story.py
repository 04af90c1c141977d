# SPDX-License-Identifier: Apache-2.0
"""Goal: a commit that says how it is built is built once, in a sandbox, and its output is what is live; a kill in the
middle neither loses the build nor doubles the release.

Method: a real server and git; .origind.toml with shell commands, and with npm and a registry of the test's; the `local`
target, fetched over HTTP.
"""
import contextlib
import json
import os
import pathlib
import unittest

import door_table
from deployments import Deployments
from npm_registry import NpmRegistry
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

    def build(self, command, page=b"one\n", output="dist", wait=30, files=None):
        toml = f"[build]\ncommand = {json.dumps(command)}\noutput = {json.dumps(output)}\n"
        commit = self.write(self.repo_, {".origind.toml": toml.encode(), "src/page.html": page, **(files or {})})
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
        self.build("sleep 8; " + MAKE.format("slow"), wait=0)
        wait_until("the build to begin", lambda: self.newest()["state"] == "building")
        wait_until("its box", lambda: boxes_of(self.server.data))
        boxes = boxes_of(self.server.data)
        self.server.kill()
        self.server.start()
        wait_until("the boxes of the killed server to be gone", lambda: not boxes & boxes_of(self.server.data),
                   seconds=4)
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


def boxes_of(data):
    """Pids of the boxes of the server of this data folder."""
    folder = os.stat(data)
    mark = f"ORIGIND_BOX_OF\0{folder.st_dev}-{folder.st_ino}\0".encode()
    found = set()
    for line in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if mark in line.read_bytes():
                found.add(int(line.parent.name))
    return found


INSTALL = "npm install --no-fund && mkdir dist && node -e 'console.log(require(\"greet\")())' >dist/index.html"
NPM = next((path for path in ("/usr/bin/npm", "/usr/local/bin/npm") if pathlib.Path(path).exists()), None)


def package(version="*"):
    return {"package.json": json.dumps({"name": "site", "version": "1.0.0", "dependencies": {"greet": version}}).encode()}


@unittest.skipUnless(NPM, "npm is not there")
class WithoutRegistry(Builds):
    def test_npm_is_told_that_there_is_no_network_and_people_who_may_change_that(self):
        self.needs_sandbox()
        self.build(INSTALL, files=package(), wait=60)
        row = self.settled()
        self.assertEqual(row["state"], "failed", row)
        self.assertIn("a build has no network: this server's operator may allow a package registry (build.registry)", row["error"])


@unittest.skipUnless(NPM, "npm is not there")
class FromRegistry(Builds):
    @classmethod
    def setUpClass(cls):
        cls.registry = NpmRegistry()
        cls.addClassCleanup(cls.registry.close)
        cls.CONFIG = f'[build]\nseconds = 120\nregistry = "{cls.registry.url}"\n'
        super().setUpClass()

    def setUp(self):
        self.needs_sandbox()
        super().setUp()
        self.registry.asked.clear()

    def test_npm_installs_what_the_registry_has_and_the_output_is_live(self):
        self.registry.add("greet", "1.0.0", {"index.js": b"module.exports = () => 'hello from a package'\n"})
        self.build(INSTALL, files=package(), wait=60)
        row = self.settled()
        self.assertEqual(row["state"], "live", row)
        self.assertEqual(self.page(row["url"]).body, b"hello from a package\n")
        self.assertEqual([(method, path) for method, path, _ in self.registry.asked],
                         [("GET", "/npm/greet"), ("GET", "/npm/greet/-/greet-1.0.0.tgz")])
        for _, _, headers in self.registry.asked:
            self.assertEqual(set(headers) - {"Host", "User-Agent", "Accept"}, set(), headers)
            self.assertEqual(headers["User-Agent"], "origind")

    def test_a_lock_file_may_name_the_registry_that_everybody_uses(self):
        integrity = self.registry.add("greet", "2.0.0", {"index.js": b"module.exports = () => 'locked'\n"})
        lock = {"name": "site", "version": "1.0.0", "lockfileVersion": 3, "packages": {
            "": {"name": "site", "version": "1.0.0", "dependencies": {"greet": "2.0.0"}},
            "node_modules/greet": {"version": "2.0.0", "integrity": integrity,
                                   "resolved": "https://registry.npmjs.org/greet/-/greet-2.0.0.tgz"}}}
        self.build(INSTALL.replace("npm install", "npm ci"), wait=60,
                   files={**package("2.0.0"), "package-lock.json": json.dumps(lock).encode()})
        row = self.settled()
        self.assertEqual(row["state"], "live", row)
        self.assertEqual(self.page(row["url"]).body, b"locked\n")

    def test_what_the_registry_does_not_have_is_said(self):
        self.registry.answers["/npm/greet"] = (302, "text/plain", b"http://169.254.169.254/latest/")
        self.build(INSTALL, files=package(), wait=60)
        row = self.settled()
        self.assertEqual(row["state"], "failed", row)
        self.assertIn("package registry: GET /npm/greet: the registry answered with a redirect to another host", row["error"])
        self.build(INSTALL, files={"package.json": json.dumps({"dependencies": {"nothing-there": "*"}}).encode()}, wait=60)
        self.assertIn("package registry: GET /npm/nothing-there: the registry answered 404", self.settled()["error"])

    def test_nothing_else_is_reached(self):
        port = self.registry.url.split(":")[2].split("/")[0]
        asked = " ".join(f"'{url}'" for url in (self.registry.url, f"http://127.0.0.1:{self.server.port}/", "http://127.0.0.1:4873/",
                                                "http://127.0.0.1:4873/npm/..%2fsecret", "http://127.0.0.1:4874/", "http://192.0.2.1/"))
        self.build("for url in " + asked + "; do curl -fsm 5 --path-as-is $url && echo \"reached $url\"; done; "
                   "curl -sm 5 -x http://127.0.0.1:4873 http://127.0.0.1:" + port + "/npm/ && echo as a proxy; "
                   "curl -fsm 5 -d secret http://127.0.0.1:4873/npm/ && echo posted; mkdir dist; echo >dist/a", wait=60)
        row = self.settled()
        lines = [line["text"] for line in row["log"]]
        self.assertEqual(row["state"], "live", row)
        self.assertEqual([line for line in lines if line.startswith(("reached", "posted"))], [])
        self.assertEqual(self.registry.asked, [])


if __name__ == "__main__":
    door_table.main()

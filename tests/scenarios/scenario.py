# SPDX-License-Identifier: Apache-2.0
"""What every scenario stands on: one server for the stories of a class, a folder for each story."""
import pathlib
import re
import shutil
import unittest

import git_client
from origin_server import ROOT, Server

INVENTORY = (ROOT / "tests/blueprint/prds/05-repair-shop-inventory.md").read_text()
SUPPLIERS = (ROOT / "tests/blueprint/prds/10-feature-inventory-suppliers.md").read_text()
SECRET = re.compile(r"ogk_[0-9A-Za-z]{71}|whsec_[0-9A-Za-z+/=]{20,}|origin_ticket=[0-9]")


class Scenario(unittest.TestCase):
    OPTIONS = ()

    @classmethod
    def setUpClass(cls):
        cls.server = Server(options=cls.OPTIONS)
        cls.addClassCleanup(cls.server.remove)
        cls.server.init().start()

    @classmethod
    def tearDownClass(cls):
        """A story ends with a server that still answers, stops cleanly and told no secret to its log."""
        assert cls.server.get("/healthz", key=None).status == 200, "the server does not answer any more"
        status = cls.server.stop()
        log = cls.server.log()
        assert status == 0, f"the server ended with {status}:\n{log[-4000:]}"
        told = SECRET.search(log)
        assert not told, f"a secret is in the log: {told}"

    def setUp(self):
        self.folder = pathlib.Path(self.server.root) / "work" / self.id().rsplit(".", 1)[1]
        self.folder.mkdir(parents=True, exist_ok=True)
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.project = re.sub(r"[^a-z0-9]+", "-", self.id().rsplit(".", 1)[1].lower()).strip("-")[-50:].strip("-")

    def url(self, project=None, key=None):
        return self.server.code_url(project or self.project, key)

    def new_repo(self, name="work", project=None, **more):
        """An empty local repository whose origin is a project that does not exist yet."""
        return git_client.Repo(self.folder / name, **more).init(self.url(project))

    def pushed_repo(self, name="work", project=None, **more):
        """The same with one commit on main, pushed."""
        repo = self.new_repo(name, project, **more)
        repo.commit("first", **{"README.md": "hello\n"})
        repo("push", "-q", "-u", "origin", "main")
        return repo

    def clone(self, name="clone", *options, project=None, **more):
        return git_client.Repo.clone(self.url(project), self.folder / name, *options, **more)

    def project_id(self, project=None):
        """The lasting id of the project with this slug."""
        wanted = f"/{project or self.project}.git"
        rows = self.server.get("/api/projects?limit=200").json["projects"]
        return next(row["projectId"] for row in rows if row["codeUrl"].endswith(wanted))

    def expect(self, answer, status, code=None):
        self.assertEqual(answer.status, status, answer)
        if code is not None:
            self.assertEqual(answer.code, code, answer)
        return answer

    def assert_same(self, repo, ref="refs/heads/main"):
        """The server's `ref` is what `repo` has there."""
        self.assertEqual(repo.remote_refs()[ref], repo.head(ref))

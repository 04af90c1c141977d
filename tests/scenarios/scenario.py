# SPDX-License-Identifier: Apache-2.0
"""What every scenario stands on: one server with a door for the stories of a class, a folder for each story."""
import pathlib
import re
import shutil
import unittest

import doors
import git_client
from origin_server import ROOT, Server

INVENTORY = (ROOT / "tests/blueprint/prds/05-repair-shop-inventory.md").read_text()
SUPPLIERS = (ROOT / "tests/blueprint/prds/10-feature-inventory-suppliers.md").read_text()
SECRET = re.compile(r"ogk_[0-9A-Za-z]{71}|whsec_[0-9A-Za-z+/=]{20,}|origin_ticket=[0-9]")


class Scenario(unittest.TestCase):
    DOOR = doors.Http  # door_table.py sets it.
    CONFIG = ""  # Of the server: TOML.
    SERVER = Server
    ONE_DOOR = True  # Git comes in by no other.

    @classmethod
    def setUpClass(cls):
        cls.server = cls.SERVER(options=cls.DOOR.OPTIONS)
        cls.addClassCleanup(cls.server.remove)
        config = cls.server.root / "origind.toml"
        config.write_text(cls.CONFIG + cls.DOOR.prepare(cls.server))
        cls.server.options += ["--config", str(config)]
        cls.server.init().start()
        cls.door = cls.DOOR(cls.server)
        cls.addClassCleanup(cls.door.close)

    @classmethod
    def tearDownClass(cls):
        """A story ends with a server that still answers, stops cleanly, told no secret to its log and had one door."""
        assert cls.server.get("/healthz", key=None).status == 200, "the server does not answer any more"
        status = cls.server.stop()
        log = cls.server.log()
        assert status == 0, f"the server ended with {status}:\n{log[-4000:]}"
        told = SECRET.search(log)
        assert not told, f"a secret is in the log: {told}"
        another = re.search(cls.door.ANOTHER, log)
        assert not another or not cls.ONE_DOOR, f"Git came in by another door than {cls.door.NAME}: {another}"

    def setUp(self):
        self.folder = pathlib.Path(self.server.root) / "work" / self.id().rsplit(".", 1)[1]
        self.folder.mkdir(parents=True, exist_ok=True)
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.project = re.sub(r"[^a-z0-9]+", "-", self.id().rsplit(".", 1)[1].lower()).strip("-")[-50:].strip("-")

    def url(self, project=None, who=None):
        """The Git URL of the admin's project `project`. `who`: another key of the door's."""
        return self.door.url(f"/{self.server.client}/{project or self.project}.git", who)

    def url_of(self, made, who=None):
        """The Git URL of what the API made."""
        return self.door.url("/" + made["codeUrl"].split("/", 3)[3], who)

    def repo(self, name, who=None, config=(), **more):
        """A folder under Git that speaks to the door."""
        return git_client.Repo(self.folder / name, config=(*self.door.config(who), *config), **more)

    def new_repo(self, name="work", project=None, who=None, **more):
        """An empty local repository whose origin is a project that does not exist yet."""
        return self.repo(name, who, **more).init(self.url(project, who))

    def pushed_repo(self, name="work", project=None, **more):
        """The same with one commit on main, pushed."""
        repo = self.new_repo(name, project, **more)
        repo.commit("first", **{"README.md": "hello\n"})
        repo("push", "-q", "-u", "origin", "main")
        return repo

    def clone(self, name="clone", *options, project=None, who=None, url=None, **more):
        repo = self.repo(name, who, **more)
        return repo.cloned(url or self.url(project, who), *options)

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

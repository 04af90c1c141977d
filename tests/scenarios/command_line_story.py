# SPDX-License-Identifier: Apache-2.0
"""Goal: the command line makes, shows, takes over and gives away; beside a running server it asks that server (D13).

Method: the real program; repositories it writes are read by plain `git`, those it takes over come from plain `git`.
"""
import json
import stat
import subprocess

import door_table
from git_client import Repo
from origin_server import Server
from scenario import ROOT, Scenario


class CommandLine(Scenario):
    def words(self, *words):
        return [*words, "--data", self.server.data]

    def test_init_twice_is_refused(self):
        self.assertEqual(self.server.command("init", "--data", self.server.data, check=False).returncode, 1)

    def test_init_tells_the_key_once_and_keeps_no_copy(self):
        for path in self.server.data.rglob("*"):
            if path.is_file():
                self.assertNotIn(self.server.key.encode(), path.read_bytes(), path)

    def test_the_folder_is_private(self):
        self.assertEqual(stat.S_IMODE(self.server.data.stat().st_mode), 0o700)
        self.assertEqual(stat.S_IMODE((self.server.data / "origind.sock").stat().st_mode), 0o600)
        for path in self.server.data.iterdir():
            if path.is_file() and "key" in path.name:
                self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600, path)

    def test_every_command_has_help(self):
        for words in ([], ["init"], ["serve"], ["client"], ["client", "create"], ["client", "list"], ["key"], ["key", "create"],
                      ["key", "list"], ["key", "revoke"], ["project"], ["project", "list"], ["project", "show"],
                      ["project", "create"], ["project", "import"], ["blueprint"], ["export"], ["doctor"], ["import"]):
            with self.subTest(words=words):
                self.assertIn("Usage", self.server.command(*words, "--help").stdout)
        self.assertEqual(self.server.command("no-such-command", check=False).returncode, 2)
        self.assertEqual(self.server.command("serve", check=False).returncode, 2)

    def test_projects(self):
        made = self.server.command_json(*self.words("project", "create", "By hand"))
        self.assertTrue(made["projectId"].startswith("prj_"))
        self.assertEqual(self.server.command_json(*self.words("project", "show", made["projectId"]))["name"], "By hand")
        listed = self.server.command_json(*self.words("project", "list"))["projects"]
        self.assertIn(made["projectId"], [row["projectId"] for row in listed])
        self.assertIn(made["projectId"], self.server.command(*self.words("project", "list")).stdout)
        self.assertEqual(self.server.command(*self.words("project", "show", "prj_nonsense"), check=False).returncode, 1)

    def test_a_second_server_on_the_folder_exits_78(self):
        second = self.server.command("serve", "--data", self.server.data, "--http", "127.0.0.1:0", check=False)
        self.assertEqual(second.returncode, 78, second.stderr)

    def test_wrong_settings_exit_78_and_name_every_one(self):
        config = self.folder / "bad.toml"
        config.write_text('[http]\nlisten = "nowhere"\nspeed = 7\n[log]\nlevel = "loud"\n[build]\nregistry = "npm"\n')
        done = self.server.command("serve", "--data", self.server.data, "--config", config, check=False)
        self.assertEqual(done.returncode, 78)
        for name in ("http.listen", "http.speed", "log.level", "build.registry"):
            self.assertIn(name, done.stderr)
        self.assertEqual(self.server.command("serve", "--data", self.folder / "nothing", check=False).returncode, 78)

    def test_import_a_bare_repository(self):
        source = Repo(self.folder / "source").init()
        source.history(20)
        source("tag", "-a", "v1", "-m", "one")
        source("branch", "topic", "main~3")
        source("clone", "-q", "--bare", source.path, self.folder / "source.git")
        made = self.server.command_json(*self.words("project", "import", self.folder / "source.git", "--project", "taken-over"))
        self.assertTrue(made["projectId"].startswith("prj_"))
        clone = self.clone("clone", project="taken-over")
        self.assertEqual(clone.head(), source.head())
        self.assertEqual(clone.head("origin/topic"), source.head("topic"))
        self.assertEqual(clone.head("v1"), source.head("v1"))

    def test_export_is_what_git_can_read(self):
        repo = self.pushed_repo()
        repo("tag", "-a", "v1", "-m", "one")
        repo("push", "-q", "--tags")
        out = self.folder / "out"
        self.server.command("export", out, "--data", self.server.data)
        bare = next(path for path in out.rglob("HEAD") if self.project in str(path)).parent
        exported = Repo(bare)
        exported.fsck()
        self.assertEqual(exported("rev-parse", "refs/heads/main", "v1^{}"), repo("rev-parse", "main", "v1^{}"))
        self.assertEqual(exported("symbolic-ref", "HEAD"), "refs/heads/main")
        self.assertEqual(Repo.clone(bare, self.folder / "clone").head(), repo.head())

    def test_doctor_is_content(self):
        done = self.server.command("doctor", "--data", self.server.data, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        json.loads(self.server.command("doctor", "--data", self.server.data, "--json").stdout)

    def test_without_a_server_the_commands_do_the_same(self):
        server = Server()
        self.addCleanup(server.remove)
        server.init()
        made = server.command_json("project", "create", "Alone", "--data", server.data)
        self.assertEqual(server.command_json("project", "list", "--data", server.data)["projects"][0]["projectId"], made["projectId"])
        server.start()
        self.assertEqual(server.get("/api/projects").json["projects"][0]["projectId"], made["projectId"])

    def test_blueprint_needs_no_server_and_is_reproducible(self):
        text = ROOT / "tests/blueprint/prds/05-repair-shop-inventory.md"
        for name in ("one", "two"):
            self.server.command("blueprint", text, "--out", self.folder / name)
        same = subprocess.run(["diff", "-r", self.folder / "one", self.folder / "two"], capture_output=True, text=True)
        self.assertEqual(same.stdout, "")


if __name__ == "__main__":
    door_table.main()

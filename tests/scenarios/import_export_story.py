# SPDX-License-Identifier: Apache-2.0
"""Goal: repositories come in from folders and foreign servers and go out again whole, beside a running server and without
one; what is refused is refused in words, shows no password and leaves nothing behind.

Method: the real program; the foreign server is our own, reached by URL; plain `git` is the oracle of what came out.
"""
import json

import door_table
from git_client import Repo
from origin_server import Server
from scenario import Scenario


class ImportExport(Scenario):
    def setUp(self):
        super().setUp()
        self.scratch = self.folder / "tmp"
        self.scratch.mkdir()
        self.server.environment["TMPDIR"] = str(self.scratch)
        self.addCleanup(self.server.environment.pop, "TMPDIR")
        self.config = self.folder / "config.toml"
        self.config.write_text('[outbound]\nallow = ["127.0.0.0/8"]\n')

    def bring(self, source, *more, check=True, server=None):
        server = server or self.server
        done = server.command("import", source, "--data", server.data, "--json", *more, check=check)
        return json.loads(done.stdout) if check else done

    def refused(self, source, *more, say):
        before = self.server.command_json("project", "list", "--data", self.server.data)["projects"]
        done = self.bring(source, *more, check=False)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn(say, done.stderr)
        self.assertNotIn(self.server.key, done.stderr + done.stdout)
        self.assertEqual(self.server.command_json("project", "list", "--data", self.server.data)["projects"], before)
        self.assertEqual(list(self.scratch.iterdir()), [])
        return done.stderr

    def source(self, name="source"):
        repo = Repo(self.folder / name).init()
        repo.history(5)
        repo("tag", "-a", "v1", "-m", "one")
        repo("notes", "add", "-m", "note")
        repo("branch", "feature/deep", "main~1")
        repo("symbolic-ref", "HEAD", "refs/heads/feature/deep")
        return repo

    def exported(self, project, server=None):
        server = server or self.server
        out = self.folder / "out"
        server.command("export", out, "--data", server.data)
        bare = Repo(out / "admin" / f"{project}.git")
        bare("fsck", "--full", "--strict")
        return bare

    def test_a_folder_comes_out_as_it_went_in(self):
        source = self.source()
        made = self.bring(source.path, "--project", "folder")
        self.assertEqual((made["name"], made["refs"], made["leftOut"]), ("admin/folder", 4, []))
        for _ in range(2):  # The second export replaces the first.
            bare = self.exported("folder")
            self.assertEqual(bare("for-each-ref"), source("for-each-ref"))
            self.assertEqual(bare("symbolic-ref", "HEAD"), "refs/heads/feature/deep")
        self.refused(source.path, "--project", "folder", say="already")

    def test_a_url_is_fetched_with_its_password_and_never_shows_it(self):
        source = self.source()
        self.bring(source.path, "--project", "origin-of-url")
        url = self.url("origin-of-url")
        done = self.server.command("import", url, "--data", self.server.data, "--project", "by-url", "--config", self.config)
        self.assertNotIn(self.server.key, done.stdout + done.stderr)
        self.assertIn(f"127.0.0.1:{self.server.port}", done.stderr)
        self.assertEqual(self.exported("by-url")("for-each-ref"), source("for-each-ref"))
        self.refused(url.replace(self.server.key, "wrong"), "--config", self.config, say="credentials")
        self.refused(self.url("not-there"), "--config", self.config, say="404")
        self.refused(url.replace("http://", "https://"), "--config", self.config, say="SSL")
        self.refused(url, say="outbound.allow")

    def test_urls_that_could_run_read_or_reach_too_much(self):
        for url, say in (("ext::sh -c id", "only https"), ("file:///etc", "the folder itself"), ("git://example.org/x", "git://"),
                         ("ssh://-oProxyCommand=id/x", "host name"), ("http://169.254.169.254/latest", "not public"),
                         ("http://[::1]/x", "not public"), ("http://10.0.0.1/x", "not public"), ("/nonexistent", "neither")):
            with self.subTest(url=url):
                self.refused(url, "--project", "never", say=say)

    def test_folders_that_are_no_good(self):
        good = self.source()
        empty = self.folder / "empty"
        empty.mkdir()
        self.refused(empty, say="not a Git repository")
        borrower = self.folder / "borrower"
        good("clone", "-q", "--shared", good.path, borrower)
        self.refused(borrower, say="borrows")
        broken = Repo(self.folder / "broken")
        good("clone", "-q", "--no-local", good.path, broken.path)
        tree = broken("rev-parse", "HEAD^{tree}")
        broken("unpack-objects", data=b"".join(self.packs_moved_out(broken)))
        (broken.path / ".git/objects" / tree[:2] / tree[2:]).unlink()
        self.refused(broken.path, say="damaged")

    def packs_moved_out(self, repo):
        """git unpacks a pack only while it is not in the repository already."""
        for pack in (repo.path / ".git/objects/pack").iterdir():
            data = pack.read_bytes()
            pack.unlink()
            if pack.suffix == ".pack":
                yield data

    def test_without_a_server_it_is_the_same(self):
        server = Server()
        self.addCleanup(server.remove)
        server.init()
        source = self.source()
        made = self.bring(source.path, "--project", "alone", server=server)
        self.assertEqual(made["refs"], 4)
        self.assertEqual(self.exported("alone", server)("for-each-ref"), source("for-each-ref"))
        server.start()
        self.assertEqual(server.get("/api/projects").json["projects"][0]["projectId"], made["projectId"])

    def test_nobody_but_the_operator_exports(self):
        for key in ("", None):
            answer = self.server.post("/api/operator/export", {"folder": str(self.folder / "stolen")}, key=key)
            self.assertIn(answer.status, (401, 404))
        self.assertFalse((self.folder / "stolen").exists())

    def test_the_doctor_names_what_is_broken(self):
        server = Server()
        self.addCleanup(server.remove)
        server.init()
        self.bring(self.source().path, "--project", "sick", server=server)
        words = ("doctor", "--data", server.data, "--json")
        self.assertTrue(json.loads(server.command(*words).stdout)["ok"])
        server.command("gc", "--data", server.data)  # From the journal to a file that can be broken.
        pack = next(server.data.rglob("pack-*.pack"))
        whole = pack.read_bytes()
        pack.chmod(0o600)
        pack.write_bytes(whole[:-30] + bytes([whole[-30] ^ 1]) + whole[-29:])
        done = server.command(*words, check=False)
        self.assertEqual(done.returncode, 1)
        problems = [row["text"] for row in json.loads(done.stdout)["checks"] if row["verdict"] == "problem"]
        self.assertTrue(any("admin/sick" in text and pack.stem in text for text in problems), problems)
        pack.write_bytes(whole)
        (server.data / "master.key").chmod(0o644)
        self.assertEqual(server.command(*words, check=False).returncode, 1)
        (server.data / "master.key").chmod(0o600)
        self.assertEqual(server.command(*words).returncode, 0)
        self.assertEqual(server.command("doctor", "--data", self.folder / "none", check=False).returncode, 78)
        beside = json.loads(self.server.command("doctor", "--data", self.server.data, "--json").stdout)
        self.assertIn("server", [row["check"] for row in beside["checks"]])


if __name__ == "__main__":
    door_table.main()

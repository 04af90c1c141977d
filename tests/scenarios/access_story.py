# SPDX-License-Identifier: Apache-2.0
"""Goal: a key opens what it was given for and nothing else; over HTTP that is 401, 404 and 403, each in its place.

Method: keys of several scopes and two clients; the real `git` over each door, and the API asked one by one.
"""
import door_table
import git_client
from scenario import Scenario


class AboutProject:
    def asked(self, method, path, body=None, **more):
        """Of the API, about this test's project."""
        return self.server.request(method, f"/api/projects/{self.project_id()}{path}", body, **more)

    def grant(self, access, client="other", **more):
        return self.asked("PUT", f"/grants/{client}", {"access": access}, **more)


class GitAccess(AboutProject, Scenario):
    """What a key may do is the same over each door."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.server.command_json("client", "create", "other", "--data", cls.server.data)["clientId"]
        cls.stranger = cls.door.key(client=cls.other)

    def speaker(self, who, name="there"):
        """An empty repository whose origin is this test's project, asked for with another key."""
        return self.new_repo(name, who=who)

    def assert_not_there(self, repo):
        repo.commit("never")
        for words in (("ls-remote", "origin"), ("fetch", "-q", "origin"), ("push", "-q", "origin", "HEAD:refs/heads/theirs")):
            self.assertIn(self.door.NOT_THERE, repo.refused(*words))

    def test_a_shared_project_is_there_for_who_it_is_shared_with_as_far_as_it_is(self):
        repo = self.pushed_repo()
        there = self.speaker(self.stranger)
        self.assert_not_there(there)

        self.expect(self.grant("read"), 200)
        there("fetch", "-q", "origin")
        there("reset", "-q", "--hard", "origin/main")
        self.assertEqual(there.head(), repo.head())
        there.commit("of a stranger", theirs="hello\n")
        self.assertRegex(there.refused("push", "-q", "origin", "HEAD:theirs"), self.door.FORBIDDEN)
        self.expect(self.grant("write"), 200)
        there("push", "-q", "origin", "HEAD:refs/heads/theirs")
        self.assertEqual(repo.remote_refs()["refs/heads/theirs"], there.head())
        self.expect(self.asked("DELETE", "/grants/other"), 204)
        self.assert_not_there(there)

    def test_a_public_project_is_open_to_fetch_and_to_nothing_else(self):
        repo = self.pushed_repo()
        there = self.speaker(self.stranger)
        self.assert_not_there(there)
        self.assertIs(self.asked("PATCH", "", {"public": True}).json["public"], True)
        there("fetch", "-q", "origin")
        self.assertEqual(there.head("origin/main"), repo.head())
        self.assertRegex(there.refused("push", "-q", "origin", "HEAD:refs/heads/theirs"), self.door.FORBIDDEN)
        self.asked("PATCH", "", {"public": False})
        self.assert_not_there(there)

    def test_a_key_that_may_only_read(self):
        repo = self.pushed_repo()
        reader = self.clone("there", who=self.door.key(scopes=["git:read"]))
        reader.commit("mine")
        self.assertRegex(reader.refused("push", "origin", "main"), self.door.FORBIDDEN)
        self.assert_same(repo)
        writer = self.clone("mine", who=self.door.key(scopes=["git:read", "git:write"]))
        writer.commit("mine")
        writer("push", "-q", "origin", "main")
        self.assert_same(writer)

    def test_a_key_bound_to_projects_sees_only_those(self):
        self.pushed_repo()
        other = f"{self.project}-b"
        self.pushed_repo("other", project=other)
        bound = self.door.key(scopes=["git:read", "git:write"], projects=[self.project_id()])
        self.clone("there", who=bound)
        self.assertIn(self.door.NOT_THERE, self.repo("x", bound).refused("ls-remote", self.url(other, who=bound)))
        made = self.new_repo("y", f"{self.project}-c", who=bound)
        made.commit()
        self.assertIn(self.door.NOT_THERE, made.refused("push", "-q", "origin", "main"))

    def test_pushing_to_a_name_that_is_not_there(self):
        """Creates it for its own client with projects:create; else there is nothing to see."""
        for number, who in enumerate((self.door.key(scopes=["git:read", "git:write"]), self.stranger)):
            repo = self.new_repo(f"w{number}", who=who)
            repo.commit()
            self.assertIn(self.door.NOT_THERE, repo.refused("push", "origin", "main"))
        repo = self.new_repo()
        repo.commit()
        repo("push", "-q", "origin", "main")

    def test_a_key_that_nobody_knows(self):
        self.pushed_repo()
        who = self.door.unknown_key()
        for project in (self.project, "no-such-project"):
            self.assertRegex(self.repo("never", who).refused("clone", self.url(project, who=who), self.folder / "never"), self.door.NO_KEY)

    def test_each_spelling_of_a_url(self):
        repo = self.pushed_repo()
        for path in (f"/admin/{self.project}", f"/{self.project_id()}.git", f"/{self.project_id()}"):
            self.assertEqual(repo.remote_refs(self.door.url(path))["refs/heads/main"], repo.head())

    def test_names_that_are_none(self):
        repo = self.pushed_repo()
        for path in (f"/admin/no-{self.project}.git", f"/nobody/{self.project}.git", f"/admin//{self.project}.git",
                     f"/admin/{self.project}.git/x", "/prj_nothing", f"/Admin/{self.project}.git", f"/{self.project}.git", "/etc/passwd"):
            with self.subTest(path=path):
                self.assertIn(self.door.NOT_THERE, repo.refused("ls-remote", self.door.url(path)))


class HttpAccess(AboutProject, Scenario):
    """Status codes, headers, addresses and the API."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        server = cls.server
        cls.reader = server.make_key(scopes=["git:read"])["key"]
        cls.writer = server.make_key(scopes=["git:write"])["key"]
        cls.asker = server.make_key(scopes=["requirements"])["key"]
        cls.other = server.command_json("client", "create", "other", "--data", server.data)["clientId"]
        cls.stranger = server.make_key(client=cls.other, scopes=["git:read", "git:write", "projects:create"])["key"]

    def stranger_address(self):
        """A loopback address that has shown no bad key yet."""
        HttpAccess.addresses += 1
        return f"127.0.1.{HttpAccess.addresses}"

    addresses = 0

    def refs(self, service="git-upload-pack", project=None, **more):
        return self.server.get(f"/{self.server.client}/{project or self.project}.git/info/refs?service={service}", **more)

    def test_no_key_or_a_bad_one_is_401_for_every_name_alike(self):
        self.pushed_repo()
        malformed = ["nonsense", "ogk_short", "ogk_" + "A" * 71, self.reader[:-1] + ("A" if self.reader[-1] != "A" else "B")]
        for name in (self.project, "no-such-project"):
            for service in ("git-upload-pack", "git-receive-pack"):
                for key in [None, *malformed]:
                    with self.subTest(name=name, service=service, key=key):
                        answer = self.refs(service, name, key=key, source=self.stranger_address())
                        self.expect(answer, 401)
                        self.assertIn("Basic", answer.headers["WWW-Authenticate"])

    def test_basic_and_bearer_are_the_same(self):
        self.pushed_repo()
        for value in (self.server.basic(self.reader), "bearer " + self.reader, "Bearer " + self.reader):
            self.expect(self.refs(key=None, headers={"Authorization": value}), 200)

    def test_the_project_of_another_client_does_not_exist(self):
        self.pushed_repo()
        for service in ("git-upload-pack", "git-receive-pack"):
            self.expect(self.refs(service, key=self.stranger), 404)
        project = self.project_id()
        for path in ("", "/branches", "/deployments", "/events"):
            self.expect(self.server.get(f"/api/projects/{project}{path}", key=self.stranger), 404)
        self.assertEqual(self.server.get("/api/projects", key=self.stranger).json["projects"], [])

    def test_grants_of_the_api(self):
        self.pushed_repo()
        self.expect(self.refs(key=self.stranger), 404)
        self.expect(self.grant("read", key=self.stranger), 404)
        self.expect(self.grant("owner"), 422, "unknown_access")
        self.expect(self.grant("read", client="nobody"), 404)
        self.expect(self.grant("read", client=self.server.client), 422, "grant_to_owner")

        self.assertEqual(self.grant("read").json["access"], "read")
        self.expect(self.asked("GET", "/branches", key=self.stranger), 200)
        self.expect(self.asked("GET", "/grants", key=self.stranger), 403)
        self.expect(self.refs("git-receive-pack", key=self.stranger), 403)
        listed = self.server.get("/api/projects?granted=true", key=self.stranger).json["projects"]
        self.assertEqual([each["projectId"] for each in listed], [self.project_id()])

        self.expect(self.grant("write"), 200)
        self.expect(self.refs("git-receive-pack", key=self.stranger), 200)
        self.expect(self.asked("PUT", "/targets/staging", {"connector": "local"}, key=self.stranger), 403)
        grants = self.asked("GET", "/grants").json["grants"]
        self.assertEqual([(each["slug"], each["access"]) for each in grants], [("other", "write")])

        self.expect(self.asked("DELETE", "/grants/other"), 204)
        self.expect(self.asked("DELETE", "/grants/other"), 404)
        self.expect(self.asked("GET", "", key=self.stranger), 404)
        self.assertEqual(self.server.get("/api/projects?granted=true", key=self.stranger).json["projects"], [])
        told = [(each["type"], each["data"]) for each in self.server.events(self.project_id()) if each["type"].startswith("grant.")]
        self.assertEqual([(kind, data.get("access")) for kind, data in told],
                         [("grant.set", "read"), ("grant.set", "write"), ("grant.removed", None)])

    def test_a_public_project_without_a_key(self):
        self.pushed_repo()
        self.expect(self.refs(key=None, source=self.stranger_address()), 401)
        self.assertIs(self.asked("PATCH", "", {"public": True}).json["public"], True)
        there = git_client.Repo.clone(f"{self.server.url}/{self.server.client}/{self.project}.git", self.folder / "there")
        there.commit("of a stranger", theirs="hello\n")
        there.refused("push", "-q", "origin", "HEAD:theirs")
        self.expect(self.refs("git-receive-pack", key=None, source=self.stranger_address()), 401)
        self.expect(self.refs("git-receive-pack", key=self.stranger), 403)
        self.expect(self.asked("GET", "", key=self.stranger), 200)
        self.expect(self.asked("PATCH", "", {"public": False}, key=self.stranger), 403)
        self.expect(self.server.get(f"/api/projects/{self.project_id()}", key=None, source=self.stranger_address()), 401)
        self.asked("PATCH", "", {"public": False})
        self.expect(self.refs(key=None, source=self.stranger_address()), 401)
        self.expect(self.refs(key=self.stranger), 404)

    def test_readable_but_not_permitted_is_403(self):
        self.pushed_repo()
        self.expect(self.refs("git-upload-pack", key=self.reader), 200)
        self.expect(self.refs("git-receive-pack", key=self.reader), 403)

    def test_a_key_without_read_is_404(self):
        self.pushed_repo()
        self.expect(self.refs(key=self.asker), 404)

    def test_a_missing_scope_of_the_api_is_403(self):
        self.expect(self.server.post("/api/projects", {"name": "mine"}, key=self.reader), 403)
        self.expect(self.server.post("/api/clients", {"slug": "third"}, key=self.writer), 403)
        self.expect(self.server.post("/api/requirements", {"clientId": self.server.client_id, "requirements": "x"}, key=self.reader), 403)

    def test_only_a_client_s_own_key_speaks_for_it(self):
        answer = self.server.post("/api/requirements", {"clientId": self.server.client_id, "requirements": "A page."},
                                  key=self.server.make_key(client=self.other, scopes=["requirements", "projects:create"])["key"])
        self.assertEqual(answer.status, 403, answer)

    def test_a_key_bound_to_projects_sees_only_those(self):
        self.pushed_repo()
        self.pushed_repo("other", project=f"{self.project}-b")
        bound = self.server.make_key(scopes=["git:read"], projects=[self.project_id()])["key"]
        self.expect(self.refs(key=bound), 200)
        self.expect(self.refs(project=f"{self.project}-b", key=bound), 404)

    def test_a_revoked_key_ends_at_once(self):
        self.pushed_repo()
        made = self.server.make_key(scopes=["git:read"])
        self.expect(self.refs(key=made["key"]), 200)
        self.server.command("key", "revoke", made["keyId"], "--data", self.server.data)
        self.expect(self.refs(key=made["key"], source=self.stranger_address()), 401)

    def test_pages_and_programs_that_are_not_served(self):
        self.pushed_repo()
        self.expect(self.server.get("/", key=None), 200)
        self.expect(self.server.get(f"/admin/{self.project}", key=None), 200)
        self.expect(self.refs("git-upload-archive"), 403)
        self.expect(self.server.get(f"/admin/{self.project}.git/HEAD"), 404)
        lfs = self.server.post(f"/admin/{self.project}.git/info/lfs/objects/batch", {"operation": "download", "objects": []})
        self.expect(lfs, 501)
        self.assertIn("LFS", lfs.json["message"])

    def test_bad_keys_are_slowed(self):
        """Many failures from one address: 429 with a time to wait; other addresses are served."""
        source = self.stranger_address()
        statuses = [self.server.get("/api/projects", key="ogk_bad", source=source).status for _ in range(12)]
        self.assertEqual(statuses[0], 401)
        slowed = self.expect(self.server.get("/api/projects", key="ogk_bad", source=source), 429, "too_many_failures")
        self.assertGreaterEqual(int(slowed.headers["Retry-After"]), 1)
        self.expect(self.server.get("/api/projects"), 200)


if __name__ == "__main__":
    door_table.main()

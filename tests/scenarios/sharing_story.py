# SPDX-License-Identifier: Apache-2.0
"""Goal: whom a project is shared with may do what the grant says, at every path, and nothing when it is not shared.

Method: every call of the OpenAPI file that names a project or one of its runs, asked with each grant in turn by a
client whose key may do everything; what the file says a call needs (`x-scope`) is what the grant has to cover.
"""
import json

import door_table
from origin_server import PATIENCE_SECONDS
from scenario import INVENTORY, SUPPLIERS, Scenario

EVERYTHING = ["admin", "git:read", "git:write", "projects:create", "requirements", "deploy"]
COVERS = {
    None: [],
    "read": ["git:read"],
    "write": ["git:read", "git:write", "requirements"],
    "deploy": ["git:read", "deploy"],
    "admin": ["git:read", "git:write", "requirements", "deploy", "admin"],
}
# A body for each call that takes one: what it asks for is not there, so that an allowed call changes nothing.
BODIES = {
    "PATCH /api/projects/{project}": {},
    "POST /api/projects/{project}/commits": {"branch": "main", "message": "m", "expectedHead": "1" * 40,
                                             "files": [{"action": "create", "path": "new", "content": "new"}]},
    "POST /api/projects/{project}/merge": {"source": "no-such"},
    "POST /api/projects/{project}/restore": {"branch": "main", "commit": "1" * 40},
    "POST /api/projects/{project}/reflog/undo": {"ref": "refs/heads/main", "push": 999_999},
    "PUT /api/projects/{project}/targets/{target}": {"connector": "no-such"},
    "PUT /api/projects/{project}/rules": {"pattern": "no-such", "target": "no-such"},
    "PUT /api/projects/{project}/grants/{client}": {"access": "read"},
    "POST /api/projects/{project}/transfer": {"client": "no-such"},
    "POST /api/projects/{project}/tokens": {"operations": ["git:read"]},
    "PUT /api/projects/{project}/gates": {"url": "ftp://example.org/"},
    "POST /api/projects/{project}/deployments": {"ref": "no-such"},
    "POST /api/v3/repos/{owner}/{repo}/deployments": {"ref": "no-such"},
    "PUT /api/projects/{project}/policies": {"policies": [{"pattern": "main", "pushers": ["no-such"]}]},
    "POST /api/projects/{project}/commits/{sha}/statuses": {"state": "success"},
    "POST /api/projects/{project}/webhooks": {"url": "ftp://example.org/"},
    "POST /api/projects/{project}/webhooks/{webhook}/rotate": {},
    "POST /api/requirements/{id}/revert": {"branch": "no-such"},
}
ABSENT = {"deployment": "dep_00000000000000000000000000", "webhook": "whk_00000000000000000000000000", "delivery": "7",
          "target": "no-such", "sha": "1" * 40, "token": "key_00000000000000000000000000", "client": "no-such"}


class Sharing(Scenario):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        server = cls.server
        cls.made = server.require(INVENTORY, deployment={"platform": "local"}).json
        cls.shop, cls.run_id = cls.made["projectId"], cls.made["requestId"]
        cls.guest_id = server.command_json("client", "create", "guest", "--data", server.data)["clientId"]
        cls.guest_key = server.make_key(client=cls.guest_id, scopes=EVERYTHING)["key"]

    def setUp(self):
        super().setUp()
        self.grant(None)
        self.set_public(False)

    def grant(self, access):
        path = f"/api/projects/{self.shop}/grants/guest"
        if access is None:
            self.server.request("DELETE", path)
        else:
            self.expect(self.server.request("PUT", path, {"access": access}), 200)

    def set_public(self, public):
        self.expect(self.server.request("PATCH", f"/api/projects/{self.shop}", {"public": public}), 200)

    def guest(self, method, path, body=None, **more):
        return self.server.request(method, path, body, key=self.guest_key, **more)

    def calls(self):
        """(method, path, body, scopes any of which is enough) of each call about the shop."""
        paths = json.loads(self.server.get("/api/openapi.json", key=None).text)["paths"]
        for path, operations in paths.items():
            if not any(part in path for part in ("{project}", "/requirements/{id}", "{owner}/{repo}")):
                continue
            for method, operation in operations.items():
                name = f"{method.upper()} {path}"
                self.assertEqual("requestBody" in operation, name in BODIES, f"{name}: give it a body in BODIES")
                if name == "DELETE /api/projects/{project}":
                    continue  # Asked last of all, where it is refused.
                owner, repo = self.made["codeUrl"].removesuffix(".git").split("/")[-2:]
                filled = path.format(project=self.shop, id=self.run_id, owner=owner, repo=repo, **ABSENT)
                query = "?path=no-such&pattern=no-such&target=no-such" if method == "delete" or path.endswith("/file") else ""
                yield method.upper(), filled + query, BODIES.get(name), operation["x-scope"].split(" or ")

    def verdict(self, answer):
        if answer.status == 404 and json.loads(answer.text)["detail"] in ("no such project", "no such requirement"):
            return "unknown"
        return {401: "unknown", 403: "forbidden"}.get(answer.status, "allowed")

    def ask_all(self, scopes):
        seen = set()
        for method, path, body, needs in self.calls():
            wanted = "unknown" if not scopes else "allowed" if set(needs) & set(scopes) else "forbidden"
            with self.subTest(method=method, path=path, scopes=scopes):
                answer = self.guest(method, path, body)
                self.assertEqual(self.verdict(answer), wanted, answer)
                self.assertNotEqual(answer.status // 100, 5, answer)
            seen.add(wanted)
        delete = self.guest("DELETE", f"/api/projects/{self.shop}") if "admin" not in scopes else None
        if delete is not None:
            self.assertEqual(self.verdict(delete), "forbidden" if scopes else "unknown", delete)
        return seen

    def test_each_grant_at_every_path(self):
        for access, scopes in COVERS.items():
            self.grant(access)
            seen = self.ask_all(scopes)
            self.assertEqual(seen, {"unknown"} if access is None else
                             {"allowed"} if access == "admin" else {"allowed", "forbidden"}, access)
        self.grant(None)
        self.ask_all([])

    def test_a_public_project_is_read_only(self):
        self.set_public(True)
        self.ask_all(COVERS["read"])
        for method, path, body, _ in self.calls():
            with self.subTest(method=method, path=path):
                answer = self.server.request(method, path, body, key=None)
                self.assertEqual(answer.status, 200 if path.endswith("/archive") else 401, answer)
        self.set_public(False)
        self.ask_all([])

    def test_lists_and_feeds_hold_what_is_shared_and_no_more(self):
        feeds = ("/api/projects", "/api/projects?granted=true", "/api/events?limit=200")
        for access in (None, "read", None):
            self.grant(access)
            for feed in feeds[1:]:
                with self.subTest(feed=feed, access=access):
                    self.assertEqual(self.shop in self.guest("GET", feed).text, access is not None)
            self.assertNotIn(self.shop, self.guest("GET", feeds[0]).text)
        self.set_public(True)
        for feed in feeds:
            self.assertNotIn(self.shop, self.guest("GET", feed).text, "public, but nobody gave it to them")
        self.expect(self.guest("GET", "/api/projects?all=true"), 403)

    def test_whom_it_is_shared_with_is_told_to_who_may_change_it(self):
        path = f"/api/projects/{self.shop}/events?limit=200"
        for access in ("read", "write", "deploy", "admin"):
            self.grant(access)
            told = self.guest("GET", path).json["events"]
            self.assertTrue(told)
            self.assertEqual(any(each["type"].startswith("grant.") for each in told), access == "admin", access)

    def test_an_open_stream_of_events_falls_silent_when_the_grant_ends(self):
        self.grant("read")
        connection = self.server.connect(timeout=PATIENCE_SECONDS)
        last = self.server.events(self.shop)[-1]["cursor"]
        connection.request("GET", f"/api/events?after={last}", headers={
            "Authorization": f"Bearer {self.guest_key}", "Accept": "text/event-stream"})
        stream = connection.getresponse()
        self.rename("while it is shared")
        self.assertIn(b"project.updated", self.next_event(stream))
        self.grant(None)
        self.rename("not theirs to know")
        # Something of their own comes next: what came between was not shown.
        self.expect(self.guest("POST", "/api/projects", {"name": "own"}), 201)
        self.assertIn(b"project.created", self.next_event(stream))
        connection.close()

    def rename(self, name):
        self.expect(self.server.request("PATCH", f"/api/projects/{self.shop}", {"name": name}), 200)

    def next_event(self, stream):
        lines = []
        while not lines or lines[-1].strip():
            line = stream.readline()
            self.assertTrue(line, "the stream ended")
            lines += [] if line.startswith(b":") or (not lines and not line.strip()) else [line]
        return b"".join(lines)

    def test_a_requirement_deploys_only_for_who_may_deploy(self):
        wish = {"clientId": self.guest_id, "projectId": self.shop, "requirements": SUPPLIERS}
        deploys = {**wish, "deployment": {"platform": "local", "target": "theirs"}}
        calls = {**wish, "webhook": {"url": "https://example.org/hook"}}
        before = self.server.get(f"/api/projects/{self.shop}/targets").json
        for access in (None, "read", "write", "deploy"):
            self.grant(access)
            for body in (deploys, calls):
                answer = self.guest("POST", "/api/requirements", body)
                self.assertEqual(self.verdict(answer), "forbidden" if access else "unknown", answer)
        self.assertEqual(self.server.get(f"/api/projects/{self.shop}/targets").json, before)
        self.assertEqual(self.server.get(f"/api/projects/{self.shop}/webhooks").json["webhooks"], [])
        self.grant("write")
        once = {"Prefer": "wait=60", "Idempotency-Key": "once-and-again"}
        run = self.guest("POST", "/api/requirements", wish, headers=once).json["requestId"]
        self.assertEqual(self.server.wait_run(run)["status"], "complete")
        self.grant(None)
        self.expect(self.guest("POST", "/api/requirements", wish, headers=once), 404)
        self.expect(self.guest("GET", f"/api/requirements/{run}"), 404)

    def test_a_key_bound_to_a_shared_project(self):
        keys = {"clientId": self.guest_id, "title": "bound", "scopes": ["git:read"], "projects": [self.shop]}
        self.expect(self.guest("POST", "/api/keys", keys), 404)
        self.grant("read")
        bound = self.expect(self.guest("POST", "/api/keys", keys), 201).json["key"]
        self.expect(self.server.get(f"/api/projects/{self.shop}", key=bound), 200)
        self.grant(None)
        self.expect(self.server.get(f"/api/projects/{self.shop}", key=bound), 404)

    def test_a_client_that_is_disabled_or_deleted(self):
        made = self.server.command_json("client", "create", "brief", "--data", self.server.data)["clientId"]
        key = self.server.make_key(client=made, scopes=EVERYTHING)["key"]
        shop, grants = f"/api/projects/{self.shop}", f"/api/projects/{self.shop}/grants"
        sources = iter(range(1, 100))

        def status():
            """From an address of its own: bad keys are slowed."""
            return self.server.get(shop, key=key, source=f"127.0.3.{next(sources)}").status

        self.expect(self.server.request("PUT", f"{grants}/brief", {"access": "admin"}), 200)
        self.assertEqual(status(), 200)
        client = ("client", "set", made, "--data", self.server.data)
        self.assertIs(self.server.command_json(*client, "--disabled", "true")["disabled"], True)
        self.assertEqual(status(), 401)
        self.expect(self.server.request("PUT", f"{grants}/{made}", {"access": "read"}), 200)
        self.server.command(*client, "--disabled", "false", "--slug", "shortly")
        self.assertEqual(status(), 200)
        self.assertEqual([(each["slug"], each["access"]) for each in self.server.get(grants).json["grants"]], [("shortly", "read")])
        self.expect(self.server.request("PUT", f"{grants}/brief", {"access": "read"}), 404)

        own = self.server.post("/api/projects", {"name": "theirs"}, key=key).json["projectId"]
        self.expect(self.server.request("DELETE", f"/api/clients/{made}"), 409, "client_owns_projects")
        self.expect(self.server.request("DELETE", f"/api/projects/{own}", key=key), 204)
        self.server.command("client", "delete", made, "--data", self.server.data)
        self.assertEqual(status(), 401)
        self.assertEqual(self.server.get(grants).json["grants"], [])
        self.expect(self.server.request("DELETE", f"/api/clients/{made}"), 404)
        self.expect(self.server.request("PUT", f"{grants}/{made}", {"access": "read"}), 404)
        self.assertNotIn(made, self.server.get("/api/clients").text)
        self.expect(self.server.get("/api/projects?all=true"), 200)
        self.expect(self.server.get("/api/events?limit=200"), 200)

    def test_the_last_admin_stays(self):
        admin = f"/api/clients/{self.server.client_id}"
        refused = (("PATCH", {"admin": False}), ("PATCH", {"disabled": True}), ("DELETE", None))
        for method, body in refused:
            self.expect(self.server.request(method, admin, body), 409, "last_admin")
        self.expect(self.guest("PATCH", f"/api/clients/{self.guest_id}", {"admin": True}), 403)
        self.expect(self.guest("DELETE", admin), 403)
        self.expect(self.server.request("PATCH", f"/api/clients/{self.guest_id}", {"admin": True}), 200)
        self.expect(self.guest("GET", f"/api/projects/{self.shop}"), 200)
        self.expect(self.server.request("PATCH", f"/api/clients/{self.guest_id}", {"admin": False}), 200)
        self.expect(self.guest("GET", f"/api/projects/{self.shop}"), 404)
        for method, body in refused:
            self.expect(self.server.request(method, admin, body), 409, "last_admin")

    def test_a_deleted_project_is_shared_with_nobody(self):
        made = self.server.post("/api/projects", {"name": "soon gone"}).json["projectId"]
        self.expect(self.server.request("PUT", f"/api/projects/{made}/grants/guest", {"access": "read"}), 200)
        self.assertIn(made, self.guest("GET", "/api/projects?granted=true").text)
        self.expect(self.server.request("DELETE", f"/api/projects/{made}"), 204)
        self.assertNotIn(made, self.guest("GET", "/api/projects?granted=true").text)
        self.assertNotIn(made, self.guest("GET", "/api/events?limit=200").text)

    def test_of_the_command_line(self):
        data = ("--data", self.server.data)
        self.assertEqual(self.server.command_json("grant", "set", "guest", "read", "--project", self.shop, *data)["access"], "read")
        self.assertEqual(len(self.server.command_json("grant", "list", "--project", self.shop, *data)["grants"]), 1)
        self.server.command("grant", "remove", "guest", "--project", self.shop, *data)
        self.assertEqual(self.server.command_json("grant", "list", "--project", self.shop, *data)["grants"], [])
        self.assertNotEqual(self.server.command("grant", "set", "guest", "owner", "--project", self.shop, *data, check=False).returncode, 0)
        self.assertIs(self.server.command_json("project", "set", self.shop, "--public", *data)["public"], True)
        self.assertIs(self.server.command_json("project", "set", self.shop, "--private", *data)["public"], False)


if __name__ == "__main__":
    door_table.main()

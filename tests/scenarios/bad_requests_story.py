# SPDX-License-Identifier: Apache-2.0
"""Goal: a wrong API request is answered by a problem with a stable `code` that names what is wrong, and stores nothing.

Method: each kind of wrong body against the real server; the project list before and after is the oracle.
"""
import json

import door_table
from scenario import INVENTORY, Scenario


class BadRequests(Scenario):
    def setUp(self):
        super().setUp()
        self.before = self.everything()
        self.addCleanup(lambda: self.assertEqual(self.everything(), self.before, "something was stored"))

    def everything(self):
        return len(self.server.pages("/api/projects", "projects")), len(self.server.events())

    def body(self, **more):
        return {"clientId": self.server.client_id, "requirements": INVENTORY, **more}

    def post(self, body, **headers):
        sent = {"Content-Type": "application/json", **headers}
        return self.server.post("/api/requirements", body if isinstance(body, bytes) else json.dumps(body).encode(), headers=sent)

    def test_broken_json(self):
        for text in (b"{", b"", b'{"a": 1,}', b'{"a": 1} trailing', b"\xff\xfe", b'{"clientId": "\xff"}', b"[" * 100_000,
                     b'{"clientId": "a", "clientId": "b"}', b"nul"):
            with self.subTest(text=text[:30]):
                answer = self.post(text)
                self.assertEqual(answer.status, 400, answer)
                self.assertIn(answer.code, ("bad_json", "missing_field", "wrong_type"))

    def test_the_wrong_type(self):
        for name, value in (("requirements", 7), ("clientId", []), ("autoMerge", "yes"), ("deployment", "local")):
            with self.subTest(name=name):
                answer = self.expect(self.post(self.body(**{name: value})), 400, "wrong_type")
                self.assertIn(name, answer.json["detail"])
        for text in (b"[]", b'"text"', b"7", b"null"):
            self.assertEqual(self.post(text).status, 400)

    def test_an_unknown_field_is_named(self):
        answer = self.expect(self.post(self.body(requirment="typo")), 400, "unknown_field")
        self.assertIn("requirment", answer.json["detail"])
        answer = self.expect(self.post(self.body(deployment={"platform": "local", "speed": "fast"})), 400, "unknown_field")
        self.assertIn("deployment.speed", answer.json["detail"])

    def test_a_missing_field_is_named(self):
        body = self.body()
        del body["requirements"]
        self.assertIn("requirements", self.expect(self.post(body), 400, "missing_field").json["detail"])

    def test_another_media_type(self):
        self.expect(self.post(self.body(), **{"Content-Type": "text/plain"}), 415, "unsupported_media_type")

    def test_no_requirement_in_it(self):
        self.assertIn(self.post(self.body(requirements="")).status, (400, 422))
        self.expect(self.post(self.body(requirements=" \n\t ")), 422)

    def test_not_a_web_app(self):
        text = "# csv2parquet\n\nA command-line tool in Rust. `csv2parquet IN OUT` converts a file. Flags: --help, --threads N.\n"
        self.expect(self.post(self.body(requirements=text)), 422, "not_generated")

    def test_a_platform_without_a_connector(self):
        self.expect(self.post(self.body(deployment={"platform": "mars"})), 422, "platform_unavailable")

    def test_an_engine_that_is_not_there(self):
        self.expect(self.post(self.body(engine="oracle")), 422, "engine_unavailable")

    def test_another_client(self):
        self.assertIn(self.post(self.body(clientId="cli_00000000000000000000000000")).status, (403, 404))

    def test_a_project_that_is_not_there(self):
        for project in ("prj_00000000000000000000000000", "nonsense", "../etc"):
            self.expect(self.post(self.body(projectId=project)), 404)

    def test_a_branch_that_is_no_name(self):
        for branch in ("../x", "a..b", "-x", "x.lock", "a b"):
            self.expect(self.post(self.body(branch=branch)), 422, "bad_ref_name")

    def test_a_text_that_is_too_long(self):
        self.assertEqual(self.post(self.body(requirements="x" * (300 * 1024))).code, "requirement_too_large")

    def test_a_body_that_is_too_long(self):
        self.expect(self.post(self.body(requirements="x" * (5 * 1024 * 1024))), 413)

    def test_paths_and_methods_that_are_not_there(self):
        self.expect(self.server.get("/api/nothing"), 404)
        answer = self.server.request("DELETE", "/api/requirements")
        self.expect(answer, 405)
        self.assertIn("POST", answer.headers["Allow"])

    def test_limits_and_cursors(self):
        for query in ("limit=0", "limit=x", "limit=100000", "cursor=x", "cursor=%00"):
            with self.subTest(query=query):
                self.assertEqual(self.server.get(f"/api/projects?{query}").status, 400)

    def test_an_idempotency_key_that_is_none(self):
        self.expect(self.post(self.body(), **{"Idempotency-Key": "x" * 256}), 400, "bad_idempotency_key")

    def test_a_dry_run_stores_nothing(self):
        answer = self.expect(self.post(self.body(dryRun=True)), 200)
        self.assertTrue(answer.json["traceability"])

    def test_a_webhook_to_the_inside(self):
        """Addresses are refused here; what a name means is looked at when it is called (webhook_story.py)."""
        for url in ("http://127.0.0.1:9/", "http://169.254.169.254/latest", "http://[::1]/", "ftp://example.org/",
                    "http://user:pass@example.org/", "not a url"):
            with self.subTest(url=url):
                answer = self.post(self.body(webhook={"url": url}))
                self.assertIn(answer.status, (400, 403, 422), answer)


if __name__ == "__main__":
    door_table.main()

# SPDX-License-Identifier: Apache-2.0
"""Goal: who changed what about access, from where and when, is told afterwards; a refused login too, in a flood as well.

Method: a real server; changes over the API and the command line, refused logins from many addresses; the log is read over
both, by an admin and by somebody else, and searched for secrets.
"""
import threading

import door_table
from origin_server import wait_until
from scenario import Scenario


class Audit(Scenario):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ann_id = cls.server.command_json("client", "create", "ann", "--data", cls.server.data)["clientId"]
        cls.ann = cls.server.make_key(client=cls.ann_id, scopes=["admin", "git:read", "git:write", "projects:create"])["key"]

    def audit(self, query="", **more):
        """Every page, newest first."""
        events, cursor = [], ""
        while True:
            answer = self.expect(self.server.get(f"/api/audit?limit=200{query}{cursor}", **more), 200)
            events += answer.json["audit"]
            if not answer.json["nextCursor"]:
                return events
            cursor = "&cursor=" + answer.json["nextCursor"]

    def one(self, kind, subject=None, **more):
        return next(e for e in self.audit(f"&type={kind}", **more) if subject in (None, e["subject"]))

    def test_a_change_tells_who_from_where_and_when(self):
        made = self.server.request("POST", "/api/keys", {"title": "t", "scopes": ["git:read"]}, key=self.ann, source="127.0.5.1").json
        event = self.one("key.created", made["keyId"])
        self.assertEqual((event["actor"]["clientId"], event["actor"]["via"], event["actor"]["from"]), (self.ann_id, "api", "127.0.5.1"))
        self.assertEqual(event["clientId"], self.ann_id)
        self.assertRegex(event["time"], r"^\d{4}-\d\d-\d\dT")
        by_operator = self.one("client.created", "ann")
        self.assertEqual((by_operator["actor"]["via"], by_operator["actor"]["keyId"]), ("operator", None))
        first = self.audit()[-1]
        self.assertEqual((first["type"], first["number"]), ("client.created", 1), "init is told, too")
        numbers = sorted(event["number"] for event in self.audit())
        self.assertEqual(numbers, list(range(1, len(numbers) + 1)), "none is missing")

    def test_the_command_line_shows_it_oldest_first(self):
        self.server.command("key", "create", "--data", self.server.data, "--client", self.ann_id, "--title", "shown")
        shown = self.server.command_json("audit", "--data", self.server.data, "--since", "1h")["audit"]
        self.assertEqual([e["time"] for e in shown], sorted(e["time"] for e in shown))
        self.assertEqual(len(self.server.command_json("audit", "--data", self.server.data, "--since", "0s")["audit"]), 0)
        some = self.server.command("audit", "--data", self.server.data, "--type", "key.*").stdout
        self.assertRegex(some, rf"(?m)^\d{{4}}-\S+  key.created  .*via operator.*{self.ann_id}.*title=shown")
        self.assertNotIn("client.created", some)
        bad = self.server.command("audit", "--data", self.server.data, "--since", "yesterday", check=False)
        self.assertEqual(bad.returncode, 1)

    def test_others_see_their_own_and_no_address_of_others(self):
        self.pushed_repo()
        path = f"/api/projects/{self.project_id()}"
        self.expect(self.server.request("PUT", f"{path}/grants/ann", {"access": "read"}), 200)
        mine = self.audit(key=self.ann)
        self.assertTrue(mine)
        for event in mine:
            self.assertIn(self.ann_id, (event["clientId"], event["actor"]["clientId"]), event)
            if event["actor"]["clientId"] not in (None, self.ann_id):
                self.assertIsNone(event["actor"]["from"], event)
        self.assertNotIn("grant.set", [e["type"] for e in self.server.get(f"{path}/events?limit=200").json["events"]
                                       if e["type"].startswith("audit")])
        reader = self.server.make_key(client=self.ann_id, scopes=["git:read"])["key"]
        self.expect(self.server.get("/api/audit", key=reader), 403, "forbidden")
        self.expect(self.server.get("/api/audit", key=None), 401)

    def test_refused_logins_are_told_to_the_key_s_owner(self):
        made = self.server.make_key(client=self.ann_id, scopes=["git:read"])
        self.server.post(f"/api/keys/{made['keyId']}/revoke")
        self.expect(self.server.get("/api/projects", key=made["key"], source="127.0.6.1"), 401)
        event = wait_until("the refusal in the log", lambda: next(
            (e for e in self.audit("&type=login.refused", key=self.ann) if e["subject"] == made["keyId"]), None))
        self.assertEqual((event["actor"]["from"], event["actor"]["clientId"]), ("127.0.6.1", None))
        self.assertIn("revoked", event["details"]["why"])

    def test_a_flood_of_refusals_is_few_events_and_no_secret(self):
        before = len(self.audit())

        def flood(part):
            for number in range(40):
                self.server.get("/api/projects", key=f"wrong-{part}-{number}", source=f"127.7.{part}.{number % 10 + 1}")

        threads = [threading.Thread(target=flood, args=(part,)) for part in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        def counted():
            """160 refusals from 40 addresses: told as they come and once more when a minute is over, or at the end."""
            rows = [e for e in self.audit("&type=login.refused") if e["actor"]["from"].startswith("127.7.")]
            return rows if len({e["actor"]["from"] for e in rows}) == 40 else None

        rows = wait_until("an event of each address", counted)
        self.assertLessEqual(len(rows), 80)
        self.assertLessEqual(len(self.audit()) - before, 90)
        for event in rows:
            self.assertNotIn("wrong-", str(event))

    def test_what_was_noted_is_written_at_a_stop(self):
        for _ in range(3):
            self.server.get("/api/projects", key="wrong", source="127.0.8.1")
        self.server.stop()
        self.server.start()
        rows = [e for e in self.audit("&type=login.refused") if e["actor"]["from"] == "127.0.8.1"]
        self.assertEqual(sum(e["count"] for e in rows), 3)

    def test_a_key_pasted_as_a_title_is_blotted_out(self):
        made = self.server.make_key(client=self.ann_id, scopes=["git:read"])
        self.expect(self.server.post("/api/keys", {"title": made["key"], "scopes": ["git:read"]}), 201)
        shown = str(self.audit())
        self.assertNotIn(made["key"], shown)
        self.assertIn("***", shown)


if __name__ == "__main__":
    door_table.main()

# SPDX-License-Identifier: Apache-2.0
"""Goal: every fact is in the event log once, in order, and can be followed live from any place in it.

Method: server-sent events read from a plain socket while pushes and a requirement happen.
"""
import json

import door_table
from origin_server import wait_until
from scenario import INVENTORY, Scenario


class Stream:
    """One SSE reader: `next()` waits for an event."""

    def __init__(self, server, path, last=None):
        self.connection = server.connect()
        headers = {"Host": f"127.0.0.1:{server.port}", "Authorization": f"Bearer {server.key}", "Accept": "text/event-stream"}
        if last:
            headers["Last-Event-ID"] = last
        self.connection.request("GET", path, headers=headers)
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200, (self.answer.status, self.answer.read())
        assert self.answer.headers["Content-Type"].startswith("text/event-stream"), self.answer.headers

    def next(self):
        """(id, type, data); None when the stream ended."""
        fields = {}
        while True:
            line = self.answer.readline()
            if not line:
                return None
            line = line.decode().rstrip("\n")
            if not line:
                if "event" in fields:
                    return fields["id"], fields["event"], json.loads(fields["data"])
                fields = {}
            elif not line.startswith(":"):
                name, _, value = line.partition(":")
                fields[name] = value.removeprefix(" ")

    def close(self):
        self.connection.close()


class Events(Scenario):
    def stream(self, path, last=None):
        stream = Stream(self.server, path, last)
        self.addCleanup(stream.close)
        return stream

    def test_the_log_of_a_project(self):
        repo = self.pushed_repo()
        second = repo.commit("second")
        repo("push", "-q", "origin", "main")
        events = self.server.events(self.project_id())
        self.assertEqual([event["type"] for event in events], ["project.created", "push", "push"])
        self.assertEqual(events[-1]["data"]["refs"][0]["after"], second)
        self.assertEqual(events[-1]["data"]["refs"][0]["ref"], "refs/heads/main")
        self.assertEqual(len({event["cursor"] for event in events}), 3)

    def test_a_push_arrives_while_the_stream_is_open(self):
        repo = self.pushed_repo()
        project = self.project_id()
        last = self.server.events(project)[-1]["cursor"]
        stream = self.stream(f"/api/projects/{project}/events", last)
        second = repo.commit("second")
        repo("push", "-q", "origin", "main")
        cursor, kind, data = stream.next()
        self.assertEqual(kind, "push")
        self.assertIn(second, json.dumps(data))
        third = repo.commit("third")
        repo("push", "-q", "origin", "main")
        again = self.stream(f"/api/projects/{project}/events", cursor)
        self.assertIn(third, json.dumps(again.next()[2]), "Last-Event-ID goes on where the reader was")
        self.assertIn(third, json.dumps(stream.next()[2]))

    def test_the_events_of_a_run_end_with_it(self):
        asked = self.server.post("/api/requirements", {"clientId": self.server.client_id, "requirements": INVENTORY,
                                                       "deployment": {"platform": "local"}})
        self.expect(asked, 202)
        stream = self.stream(f"/api/requirements/{asked.json['requestId']}/events")
        kinds = []
        while (event := stream.next()) is not None:
            kinds.append(event[1])
        self.assertIn("run.committed", kinds)
        self.assertIn("deployment.live", kinds)
        self.assertEqual(len(kinds), len(set(kinds)), f"each once: {kinds}")

    def test_the_log_survives_kill_9(self):
        self.pushed_repo()
        before = self.server.events()
        self.server.restart()
        self.assertEqual(self.server.events(), before)

    def test_a_cursor_that_is_none(self):
        for cursor in ("x", "-1", "AAAA"):
            self.expect(self.server.get(f"/api/events?after={cursor}"), 400, "bad_cursor")

    def test_a_stream_ends_with_the_server(self):
        stream = self.stream("/api/events", (self.server.events() or [{"cursor": None}])[-1]["cursor"])
        self.assertEqual(self.server.stop(), 0)
        self.assertIsNone(wait_until("the stream's end", lambda: [stream.next()])[0])
        self.server.start()


if __name__ == "__main__":
    door_table.main()

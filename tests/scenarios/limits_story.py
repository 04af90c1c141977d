# SPDX-License-Identifier: Apache-2.0
"""Goal: a client that asks too often is told so at every door, in words that people read and programs follow; it goes on
when it has waited, and its neighbour never notices.

Method: a server with tiny limits; the real `git`, and plain HTTP. A client of its own for each story. A limit is reached
with HTTP requests that cost nothing, as fast as they go: a client's limits are the same at all doors.
"""
import base64
import itertools
import os
import re
import socket
import time

import door_table
from origin_server import wait_until
from scenario import Scenario

CONFIG = """
[limits]
requests_per_minute = 30
address_requests_per_minute = 600
pushes_per_minute = 6
runs_per_minute = 6
fetches_at_once = 1
projects = 3
stored_bytes = 20000
"""
ENOUGH = 5000  # Requests: more than any limit here, whatever time gives back meanwhile.
SCOPES = ("git:write", "projects:create", "requirements")


def wait_out(seconds):
    """Does as Retry-After says."""
    end = time.monotonic() + int(seconds)
    wait_until("the time that was named", lambda: time.monotonic() >= end)


class Tenant:
    """A client with a key for the door and one for plain HTTP."""
    numbers = itertools.count(1)

    def __init__(self, story):
        self.story, self.server = story, story.server
        self.slug = f"tenant-{next(self.numbers)}"
        made = self.server.command_json("client", "create", self.slug, "--data", self.server.data)
        self.who = story.door.key(made["clientId"], scopes=SCOPES[:2])
        self.key = self.server.make_key(client=made["clientId"], scopes=SCOPES)["key"]

    def pushed_repo(self):
        repo = self.story.repo(self.slug, self.who).init(self.story.door.url(f"/{self.slug}/app.git", self.who))
        repo.commit("first", **{"README.md": "hello\n"})
        repo("push", "-q", "-u", "origin", "main")
        return repo

    def use_up(self, method, path, body=None, **headers):
        """Asks until there is a 429, on one connection, and returns that."""
        connection = self.server.connect()
        headers = {"Host": f"127.0.0.1:{self.server.port}", "Authorization": self.server.basic(self.key),
                   **{name.replace("_", "-"): value for name, value in headers.items()}}
        try:
            for _ in range(ENOUGH):
                connection.request(method, path, body, headers)
                answer = connection.getresponse()
                answer.text = answer.read().decode()
                if answer.status == 429:
                    return answer
        finally:
            connection.close()
        raise AssertionError("there is no limit")

    def use_up_requests(self):
        return self.use_up("GET", "/api/projects?limit=1")

    def use_up_pushes(self):
        return self.use_up("POST", f"/{self.slug}/app.git/git-receive-pack", b"nonsense",
                           Content_Type="application/x-git-receive-pack-request")


class LimitsScenario(Scenario):
    CONFIG = CONFIG
    ONE_DOOR = False  # Plain HTTP uses the limits up.

    def setUp(self):
        super().setUp()
        self.tenant = Tenant(self)

    def expect_headers(self, answer, name, quota):
        wait = answer.headers["Retry-After"]
        self.assertRegex(wait, r"^[1-9][0-9]*$")
        self.assertEqual(answer.headers["RateLimit-Policy"], f'"{name}";q={quota};w=60')
        self.assertEqual(answer.headers["RateLimit"], f'"{name}";r=0;t={wait}')


class GitLimits(LimitsScenario):
    def test_a_push_is_told_in_a_remote_line_and_goes_through_after_the_wait(self):
        repo = self.tenant.pushed_repo()
        repo.commit("second", **{"more.txt": "more\n"})
        self.tenant.use_up_pushes()
        said = repo.refused("push", "origin", "main")
        told = re.search(r"(?m)^remote: too many pushes of yours \(at most 6 a minute\); try again in ([0-9]+) s", said)
        self.assertTrue(told, said)
        wait_out(told[1])
        repo("push", "-q", "origin", "main")

    def test_a_fetch_is_told_in_a_remote_line(self):
        repo = self.tenant.pushed_repo()
        self.tenant.use_up_requests()
        said = repo.refused("fetch", "origin")
        self.assertRegex(said, r"(?m)^remote: too many requests of yours \(at most 30 a minute\); try again in [12] s")

    def test_a_neighbour_does_not_notice(self):
        neighbour = Tenant(self)
        self.tenant.use_up_pushes()
        self.tenant.use_up_requests()
        repo = neighbour.pushed_repo()
        repo("fetch", "-q", "origin")
        self.tenant.use_up_requests()

    def test_a_fetch_that_is_cut_off_is_given_back(self):
        repo = self.tenant.pushed_repo()
        with socket.create_connection(("127.0.0.1", self.server.port)) as peer:
            peer.sendall((f"POST /{self.tenant.slug}/app.git/git-upload-pack HTTP/1.1\r\nHost: 127.0.0.1:{self.server.port}\r\n"
                          f"Authorization: {self.server.basic(self.tenant.key)}\r\nContent-Length: 1000\r\n"
                          "Content-Type: application/x-git-upload-pack-request\r\n\r\n0011").encode())
            said = wait_until("the fetch to begin", lambda: (
                done := repo.run("ls-remote", "origin", check=False)).returncode != 0 and done.stderr)
            self.assertRegex(said, r"(?m)^remote: too many fetches of yours \(at most 1 at once\); try again in 1 s")
        wait_until("it to be given back", lambda: repo.run("fetch", "-q", "origin", check=False).returncode == 0)


    def test_a_push_that_the_quota_has_no_room_for(self):
        repo = self.tenant.pushed_repo()
        repo.commit("large", **{"noise.bin": os.urandom(30_000)})
        said = repo.refused("push", "origin", "main")
        self.assertRegex(said, r"(?m)^remote: the quota of stored bytes is used up: [0-9]+ of 20000 are used, and this needs more")
        self.assertIn("limits.stored_bytes", said)
        repo("push", "-q", "origin", "main~1:refs/heads/other")  # What needs no room goes through.
        repo("push", "-q", "origin", ":refs/heads/other")
        Tenant(self).pushed_repo()

    def test_a_project_too_many(self):
        repo = self.tenant.pushed_repo()
        for name in ("second", "third"):
            repo("push", "-q", repo("remote", "get-url", "origin").replace("app.git", f"{name}.git"), "main")
        said = repo.refused("push", repo("remote", "get-url", "origin").replace("app.git", "fourth.git"), "main")
        self.assertRegex(said, r"(?m)^remote: the quota of projects is used up: there are 3\.")


class HttpLimits(LimitsScenario):
    def test_a_program_is_told_which_limit_and_when_to_come_back(self):
        answer = self.tenant.use_up_requests()
        self.expect_headers(answer, "requests", 30)
        self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
        self.assertIn('"code":"rate_limited"', answer.text)
        wait_out(answer.headers["Retry-After"])
        self.assertEqual(self.server.get("/api/projects", key=self.tenant.key).status, 200)

    def test_git_gets_the_headers_too(self):
        self.expect_headers(self.tenant.use_up_pushes(), "pushes", 6)

    def test_runs_are_counted(self):
        answer = self.tenant.use_up("POST", "/api/requirements", b"{}", Content_Type="application/json")
        self.expect_headers(answer, "runs", 6)

    def test_forged_forwarding_headers_do_not_help(self):
        for number in range(ENOUGH):
            address = f"198.51.{number // 250}.{number % 250}"
            answer = self.server.request("GET", "/api/projects", key=None, source="127.0.0.9",
                                         headers={"X-Forwarded-For": address, "Forwarded": f"for={address}"})
            if answer.status == 429:
                break
        self.expect_headers(answer, "requests", 600)
        self.assertEqual(self.server.get("/healthz", key=None, source="127.0.0.9").status, 200)
        self.assertEqual(self.server.get("/api/projects", key=None, source="127.0.0.8").status, 401)

    def test_quotas_over_the_api(self):
        for name in ("a", "b", "c"):
            self.expect(self.server.post("/api/projects", {"name": name}, key=self.tenant.key), 201)
        answer = self.expect(self.server.post("/api/projects", {"name": "d"}, key=self.tenant.key), 413, "quota_exceeded")
        self.assertIn("limits.projects", answer.text)
        commit = {"branch": "main", "message": "m", "files": [
            {"action": "create", "path": "noise", "encoding": "base64", "content": base64.b64encode(os.urandom(30_000)).decode()}]}
        path = f"/api/projects/{self.tenant.slug}%2Fa/commits"
        self.expect(self.server.post(path, commit, key=self.tenant.key), 413, "quota_exceeded")
        commit["files"][0]["content"] = ""
        self.expect(self.server.post(path, commit, key=self.tenant.key), 201)

    def test_the_operator_is_exempt(self):
        self.tenant.use_up_requests()
        for _ in range(40):
            self.assertEqual(self.server.operate("limits", {}).status, 404)

    def test_what_was_refused_is_counted(self):
        self.tenant.use_up_requests()
        self.assertRegex(self.server.get("/metrics").text, r'(?m)^limited_total\{limit="requests"\} [1-9]')


if __name__ == "__main__":
    door_table.main()

# SPDX-License-Identifier: Apache-2.0
"""Goal: a client that asks too often is told so at every door, in words that people read and programs follow; it goes on
when it has waited, and its neighbour never notices.

Method: a server with tiny limits; the real `git` over HTTP and SSH, and plain HTTP. A client of its own for each story.
A limit is reached with requests that cost nothing, as fast as they go.
"""
import re
import socket
import time
import unittest

import git_client
import ssh_story
from origin_server import Server, wait_until
from scenario import Scenario

CONFIG = """
[limits]
requests_per_minute = 30
address_requests_per_minute = 600
pushes_per_minute = 6
runs_per_minute = 6
fetches_at_once = 1
"""
ENOUGH = 5000  # Requests; more than any limit here, whatever time gives back meanwhile.


def wait_out(seconds):
    """Does as Retry-After says."""
    end = time.monotonic() + int(seconds)
    wait_until("the time that was named", lambda: time.monotonic() >= end)


class Limits(ssh_story.OverSsh, Scenario):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.remove)
        config = cls.server.root / "limits.toml"
        config.write_text(CONFIG)
        cls.server.options = ["--config", str(config), "--ssh", "127.0.0.1:0"]
        cls.server.init().start()

    def setUp(self):
        super().setUp()
        self.slug = f"c-{abs(hash(self.id())) % 10**9}"
        made = self.server.command_json("client", "create", self.slug, "--data", self.server.data)
        self.client_id = made["clientId"]
        self.key = self.new_key_of(self.client_id)
        self.file = self.new_key(self.slug)
        self.add_key(self.file, "--client", self.client_id)

    def new_key_of(self, client_id):
        return self.server.make_key(client=client_id, scopes=("git:write", "projects:create", "requirements"))["key"]

    # The client's own ways -------------------------------------------------------------------

    def http(self, project="app", key=None):
        return f"http://dev:{key or self.key}@127.0.0.1:{self.server.port}/{self.slug}/{project}.git"

    def ssh_url(self, project="app"):
        return f"{self.server.ssh_url.replace('//', '//git@')}/{self.slug}/{project}.git"

    def repo(self):
        repo = git_client.Repo(self.folder / "work", config=self.config(self.file)).init(self.http())
        repo.commit("first", **{"README.md": "hello\n"})
        repo("push", "-q", "-u", "origin", "main")
        return repo

    def use_up(self, ask):
        """Asks until there is a 429, on one connection, and returns that."""
        connection = self.server.connect()
        self.addCleanup(connection.close)
        for _ in range(ENOUGH):
            method, path, body, headers = ask
            connection.request(method, path, body, {"Host": f"127.0.0.1:{self.server.port}", **headers})
            answer = connection.getresponse()
            text = answer.read().decode()
            if answer.status == 429:
                return answer, text
        self.fail("there is no limit")
        return None

    def use_up_requests(self):
        return self.use_up(("GET", "/api/projects?limit=1", None, {"Authorization": f"Bearer {self.key}"}))

    def use_up_pushes(self):
        return self.use_up(("POST", f"/{self.slug}/app.git/git-receive-pack", b"nonsense",
                            {"Authorization": self.server.basic(self.key), "Content-Type": "application/x-git-receive-pack-request"}))

    def expect_headers(self, answer, name, quota):
        wait = answer.headers["Retry-After"]
        self.assertRegex(wait, r"^[1-9][0-9]*$")
        self.assertEqual(answer.headers["RateLimit-Policy"], f'"{name}";q={quota};w=60')
        self.assertEqual(answer.headers["RateLimit"], f'"{name}";r=0;t={wait}')

    # Stories ---------------------------------------------------------------------------------

    def test_a_program_is_told_which_limit_and_when_to_come_back(self):
        answer, text = self.use_up_requests()
        self.expect_headers(answer, "requests", 30)
        self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
        self.assertIn('"code":"rate_limited"', text)
        wait_out(answer.headers["Retry-After"])
        self.assertEqual(self.server.get("/api/projects", key=self.key).status, 200)

    def test_git_over_http_is_told_in_a_remote_line(self):
        repo = self.repo()
        repo.commit("second", **{"more.txt": "more\n"})
        self.use_up_pushes()
        said = repo.refused("push", "origin", "main")
        self.assertRegex(said, r"remote: too many pushes of yours \(at most 6 a minute\); try again in (10|[1-9]) s")
        wait_out(re.search("again in ([0-9]+) s", said)[1])
        repo("push", "-q", "origin", "main")
        self.use_up_requests()
        said = repo.refused("fetch", "origin")
        self.assertRegex(said, r"remote: too many requests of yours \(at most 30 a minute\); try again in (10|[1-9]) s")

    def test_git_over_ssh_is_told_in_a_remote_line(self):
        repo = self.repo()
        repo("remote", "set-url", "origin", self.ssh_url())
        repo.commit("second", **{"more.txt": "more\n"})
        self.use_up_pushes()
        said = repo.refused("push", "origin", "main")
        self.assertRegex(said, r"(?m)^remote: too many pushes of yours \(at most 6 a minute\); try again in (10|[1-9]) s")
        wait_out(re.search("again in ([0-9]+) s", said)[1])
        repo("push", "-q", "origin", "main")
        self.use_up_requests()
        self.assertRegex(repo.refused("ls-remote", "origin"), r"(?m)^remote: too many requests of yours")

    def test_both_doors_count_together(self):
        repo = self.repo()
        self.use_up_pushes()
        for url in (self.http(), self.ssh_url()):
            repo("remote", "set-url", "origin", url)
            repo.commit("more")
            self.assertIn("too many pushes of yours", repo.refused("push", "origin", "main"))
            self.use_up_pushes()

    def test_a_neighbour_does_not_notice(self):
        other = self.server.command_json("client", "create", f"{self.slug}-b", "--data", self.server.data)
        others_key = self.new_key_of(other["clientId"])
        for _ in range(3):
            self.use_up_requests()
            self.assertEqual(self.server.get("/api/projects", key=others_key).status, 200)
        repo = git_client.Repo(self.folder / "other").init(self.http("own", others_key).replace(self.slug, f"{self.slug}-b"))
        repo.commit("first")
        self.use_up_pushes()
        repo("push", "-q", "origin", "main")

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

    def test_a_fetch_that_is_cut_off_is_given_back(self):
        repo = self.repo()
        with socket.create_connection(("127.0.0.1", self.server.port)) as peer:
            head = (f"POST /{self.slug}/app.git/git-upload-pack HTTP/1.1\r\nHost: 127.0.0.1:{self.server.port}\r\n"
                    f"Authorization: {self.server.basic(self.key)}\r\nContent-Length: 1000\r\n"
                    "Content-Type: application/x-git-upload-pack-request\r\n\r\n0011")
            peer.sendall(head.encode())
            said = wait_until("the fetch to begin", lambda: (
                done := repo.run("ls-remote", "origin", check=False)).returncode != 0 and done.stderr)
            self.assertIn("remote: too many fetches of yours (at most 1 at once); try again in 1 s", said)
            repo("remote", "set-url", "origin", self.ssh_url())
            said = repo.refused("fetch", "origin")
            self.assertRegex(said, r"(?m)^remote: too many fetches of yours")
        for url in (self.ssh_url(), self.http()):
            repo("remote", "set-url", "origin", url)
            wait_until("it to be given back", lambda: repo.run("fetch", "-q", "origin", check=False).returncode == 0)

    def test_runs_are_counted(self):
        answer, _ = self.use_up(("POST", "/api/requirements", b"{}", {
            "Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}))
        self.expect_headers(answer, "runs", 6)

    def test_the_operator_is_exempt(self):
        for _ in range(3):
            self.use_up_requests()
            self.server.command("project", "list", "--data", self.server.data)

    def test_what_was_refused_is_counted(self):
        self.use_up_requests()
        # The metrics are the server admin's.
        text = self.server.get("/metrics").text
        self.assertTrue(re.search(r'(?m)^limited_total\{limit="requests"\} [1-9]', text), text)


if __name__ == "__main__":
    unittest.main()

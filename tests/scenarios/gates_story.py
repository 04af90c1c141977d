# SPDX-License-Identifier: Apache-2.0
"""Goal: no secret comes in with a push, a commit of the API or a merge, unless an owner says so; a project's own gate is
asked once a push, and whatever it answers, a push is let through, refused with words, or refused as its setting says.

Method: the real `git` over each door; tokens with right checksums, made here; a gate that checks its signature with code
of its own, and gates that never answer, never end, redirect, speak HTML or have a bad certificate.
"""
import base64
import concurrent.futures
import http.server
import json
import queue
import random
import ssl
import subprocess
import threading
import zlib

import door_table
from hook_receiver import signed_by
from scenario import Scenario
from webhook_hostile_story import Raw

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OPEN_ENDED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1073741824\r\n\r\n"


def token(seed=1):
    """A GitHub token that nobody gave out, with the checksum of one."""
    source = random.Random(seed)
    body = "".join(source.choice(DIGITS) for _ in range(30))
    number, digits = zlib.crc32(body.encode()), ""
    while number:
        number, rest = divmod(number, 62)
        digits = DIGITS[rest] + digits
    return "ghp_" + body + digits.rjust(6, "0")


class SecretScan(Scenario):
    """Over each door."""

    def gates(self, **settings):
        return self.expect(self.server.request("PUT", f"/api/projects/{self.project_id()}/gates", settings), 200).json

    def test_a_push_with_a_secret_moves_nothing_and_says_where_it_is(self):
        repo = self.pushed_repo()
        before = repo.head()
        secret = token()
        repo.commit("settings", **{"src/settings.js": f"// one\n\nconst token = '{secret}'\n"})
        repo.commit("later", **{"src/settings.js": "// gone again\n"})
        said = repo.refused("push", "origin", "main", "main:refs/heads/other")
        for part in ("github_token", "'src/settings.js', line 3", "refs/heads/main", "ghp_...", "git rebase -i", "secrets.allow"):
            self.assertIn(part, said)
        self.assertNotIn(secret, said)
        self.assertNotIn(secret[:6], said)
        self.assertEqual(repo.remote_refs(), {"HEAD": before, "refs/heads/main": before})
        repo("reset", "-q", "--hard", before)
        repo.commit("clean", **{"src/settings.js": "const token = process.env.TOKEN\n"})
        repo("push", "-q", "origin", "main")
        self.assert_same(repo)

    def test_what_is_no_secret_goes_through(self):
        repo = self.new_repo()
        wrong = token()[:-1] + ("a" if token()[-1] != "a" else "b")
        repo.commit("first", **{"a.txt": f"{wrong}\nghp_{'x' * 36}\nAKIAIOSFODNN7EXAMPLE\n",
                                "key.pem": "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----\n"})
        repo("push", "-q", "origin", "main")

    def test_a_private_key_made_by_ssh_keygen_is_refused(self):
        repo = self.pushed_repo()
        for kind in ("ed25519", "rsa", "ecdsa"):
            file = self.folder / f"key_{kind}"
            subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(file)], check=True)
            repo.commit(kind, **{"deploy/key": file.read_text()})
            self.assertIn("private_key", repo.refused("push", "origin", "main"))
            repo("reset", "-q", "--hard", "origin/main")

    def test_an_owner_may_allow_it_and_the_audit_log_says_so(self):
        self.pushed_repo()
        repo = self.clone("owners", who=self.door.key(scopes=["git:read", "git:write", "admin"]))
        repo.commit("fixture", **{"tests/fixture.txt": token(2)})
        project = self.project_id()
        said = repo.run("push", "-o", "secrets.allow", "origin", "main").stderr
        self.assertIn("allowed: a GitHub token", said)
        self.assert_same(repo)
        rows = self.server.get("/api/audit?type=secrets.*").json["audit"]
        row = next(row for row in rows if row.get("projectId") == project)
        self.assertEqual((row["type"], row["subject"], row["details"]["rule"]),
                         ("secrets.allowed", "tests/fixture.txt", "github_token"))
        repo.commit("more", **{"tests/more.txt": "only this is new\n"})
        repo("push", "-q", "origin", "main")

    def test_a_project_may_have_it_off(self):
        repo = self.pushed_repo()
        repo.commit("fixture", **{"fixture.txt": token(3)})
        repo.refused("push", "origin", "main")
        self.assertFalse(self.gates(secretScan=False)["secretScan"])
        repo("push", "-q", "origin", "main")


class SecretScanElsewhere(Scenario):
    def test_only_an_owner_may_allow_it(self):
        repo = self.pushed_repo()
        repo.commit("fixture", **{"fixture.txt": token(4)})
        key = self.server.make_key(scopes=("git:write",))["key"]
        repo("remote", "set-url", "origin", self.server.code_url(self.project, key))
        self.assertIn("is for owners", repo.refused("push", "-o", "secrets.allow", "origin", "main"))

    def test_commits_of_the_api_are_refused_with_a_code(self):
        self.pushed_repo()
        path = f"/api/projects/{self.project_id()}/commits"
        body = {"branch": "main", "message": "m", "files": [{"action": "create", "path": "a", "content": token(5)}]}
        answer = self.expect(self.server.post(path, body), 422, "secret_found")
        self.assertIn("'a', line 1", answer.text)
        self.assertNotIn(token(5), answer.text)
        body["files"][0]["content"] = "fine\n"
        self.expect(self.server.post(path, body), 201)

    def test_all_refs_fall_with_the_one_that_brings_it(self):
        """Their objects are stored together: the next push could name the blob without sending it."""
        repo = self.pushed_repo()
        blob = repo("hash-object", "-w", "--stdin", data=token(6).encode()).strip()
        tree = repo("mktree", data=f"100644 blob {blob}\tsecret\n".encode()).strip()
        hidden = repo("commit-tree", tree, "-m", "hidden", "-p", "HEAD").strip()
        clean = repo.commit("clean", **{"a.txt": "a\n"})
        said = repo.refused("push", "origin", f"{clean}:refs/heads/main", f"{hidden}:refs/heads/hidden")
        self.assertIn("refs/heads/hidden", said)
        self.assertNotIn("refs/heads/hidden", repo.remote_refs())
        repo("push", "-q", "origin", "main")


class Gate:
    """Answers what `judge` makes of the question: (status, body, headers)."""

    def __init__(self, judge):
        self.asked = queue.Queue()
        gate = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                gate.asked.put(({name.lower(): value for name, value in self.headers.items()}, body))
                status, answer, headers = judge(json.loads(body))
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(answer))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/gate"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def says(answer, status=200, **headers):
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return lambda _: (status, body, headers)


class ExternalGate(Scenario):
    CONFIG = '[outbound]\nallow = ["127.0.0.0/8"]\n'

    def gate(self, judge):
        gate = Gate(judge)
        self.addCleanup(gate.close)
        return gate

    def use(self, url, **settings):
        body = {"url": url, "secret": SECRET, "timeoutMs": 5000, **settings}
        return self.expect(self.server.request("PUT", f"/api/projects/{self.project_id()}/gates", body), 200).json

    def test_it_is_asked_once_a_push_and_signed(self):
        repo = self.pushed_repo()
        gate = self.gate(says({"allow": True}))
        shown = self.use(gate.url)
        self.assertEqual((shown["url"], shown["hasSecret"], shown["onFailure"]), (gate.url, True, "closed"))
        self.assertNotIn(SECRET[6:], json.dumps(shown))
        before = repo.head()
        after = repo.commit("second")
        repo("push", "-q", "-o", "ci.skip", "origin", "main", "main:refs/heads/b", "main:refs/tags/v1")
        headers, body = gate.asked.get_nowait()
        self.assertTrue(gate.asked.empty())
        self.assertTrue(signed_by(SECRET, headers, body))
        asked = json.loads(body)
        self.assertEqual(asked["type"], "push.proposed")
        self.assertEqual(asked["data"]["projectId"], self.project_id())
        self.assertEqual(asked["data"]["options"], ["ci.skip"])
        refs = {row["ref"]: row for row in asked["data"]["refs"]}
        self.assertEqual(set(refs), {"refs/heads/main", "refs/heads/b", "refs/tags/v1"})
        self.assertEqual((refs["refs/heads/main"]["before"], refs["refs/heads/main"]["after"]), (before, after))
        self.assertTrue(refs["refs/heads/main"]["defaultBranch"])

    def test_its_no_reaches_git_and_the_api_without_its_tricks(self):
        repo = self.pushed_repo()
        gate = self.gate(says({"allow": False, "message": "ticket missing\x1b[2J\u202e\nsee \x07the wiki\n" + "x" * 5000}))
        self.use(gate.url)
        repo.commit("second")
        said = repo.refused("push", "origin", "main")
        self.assertIn("the project's gate refuses this push: ticket missing", said)
        self.assertIn("gate: see ", said)
        for trick in ("\x1b", "\x07", "\u202e", "x" * 400):
            self.assertNotIn(trick, said)
        path = f"/api/projects/{self.project_id()}"
        body = {"branch": "main", "message": "m", "files": [{"action": "create", "path": "a", "content": "a"}]}
        answer = self.expect(self.server.post(path + "/commits", body), 403, "gate_refused")
        self.assertIn("ticket missing", answer.text)
        self.assertEqual(gate.asked.qsize(), 2)

    def test_a_merge_is_asked_about_too(self):
        repo = self.pushed_repo()
        repo("checkout", "-q", "-b", "side")
        repo.commit("side", **{"side.txt": "s\n"})
        repo("push", "-q", "origin", "side")
        gate = self.gate(lambda question: (200, json.dumps(
            {"allow": question["data"]["refs"][0]["ref"] != "refs/heads/main"}).encode(), {}))
        self.use(gate.url)
        answer = self.server.post(f"/api/projects/{self.project_id()}/merge", {"source": "side"})
        self.expect(answer, 403, "gate_refused")
        self.assertIn("it does not say why", answer.text)

    def test_what_is_no_verdict_fails_closed_or_open(self):
        repo = self.pushed_repo()
        elsewhere = self.gate(says({"allow": True}))
        answers = {
            "HTML": says(b"<html>welcome</html>"), "no bool": says({"allow": "yes"}), "a list": says([True]),
            "nothing": says(b""), "201": says({"allow": True}, status=201), "500": says({"allow": True}, status=500),
            "a redirect": says(b"", status=302, Location=elsewhere.url), "deep": says(b"[" * 60000),
        }
        for name, judge in answers.items():
            with self.subTest(name):
                self.use(self.gate(judge).url, timeoutMs=2000)
                repo.commit(name)
                self.assertIn("gave no verdict", repo.refused("push", "origin", "main"))
        self.assertTrue(elsewhere.asked.empty(), "a redirect was followed")
        self.use(self.gate(answers["HTML"]).url, onFailure="open")
        said = repo.run("push", "origin", "main").stderr
        self.assertIn("it fails open, so the push goes on", said)
        rows = self.server.get("/api/audit?type=gate.*").json["audit"]
        self.assertIn(self.project_id(), [row.get("projectId") for row in rows])

    def test_endpoints_that_never_answer_never_end_or_lie(self):
        repo = self.pushed_repo()
        key, certificate = self.folder / "key.pem", self.folder / "cert.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-subj", "/CN=elsewhere", "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)

        def flood(_, peer):
            peer.sendall(OPEN_ENDED)
            while True:
                peer.sendall(b" " * 65536)

        for name, endpoint in (("silent", Raw(Raw.keep)), ("endless", Raw(flood)), ("certificate", Raw(Raw.keep, context))):
            with self.subTest(name):
                self.addCleanup(endpoint.close)
                self.use(endpoint.url, timeoutMs=500)
                repo.commit(name)
                self.assertIn("gave no verdict", repo.refused("push", "origin", "main"))
        self.assertEqual(self.server.get("/healthz", key=None).status, 200)

    def test_two_pushes_of_a_project_wait_for_it_and_a_third_is_told_so(self):
        self.pushed_repo()
        verdict = threading.Event()

        def when_told(_):
            verdict.wait()
            return 200, b'{"allow": true}', {}

        gate = self.gate(when_told)
        self.addCleanup(verdict.set)
        self.use(gate.url, timeoutMs=10000)

        def commit(branch):
            body = {"branch": branch, "startBranch": "main", "message": "m",
                    "files": [{"action": "create", "path": branch, "content": "a"}]}
            return self.server.post(f"/api/projects/{self.project_id()}/commits", body)

        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            waiting = [pool.submit(commit, branch) for branch in ("a", "b")]
            for _ in waiting:
                gate.asked.get(timeout=10)
            answer = self.expect(commit("c"), 503, "gate_unreachable")
            self.assertIn("too many pushes ask it at once", answer.text)
            self.assertTrue(gate.asked.empty())
            verdict.set()
            self.assertEqual([one.result().status // 100 for one in waiting], [2, 2])
        self.assertEqual(commit("c").status // 100, 2)

    def test_settings_that_cannot_be(self):
        self.pushed_repo()
        path = f"/api/projects/{self.project_id()}/gates"
        for body, code in (({"url": "http://127.0.0.1/x"}, "bad_secret"), ({"url": "ftp://x/", "secret": SECRET}, "bad_url"),
                           ({"url": "http://127.0.0.1/x", "secret": "short"}, "bad_secret"), ({"onFailure": "maybe"}, "bad_action"),
                           ({"timeoutMs": 1}, "bad_time")):
            self.assertEqual(self.server.request("PUT", path, body).code, code, body)
        self.expect(self.server.request("PUT", path, {"timeoutMs": 10001}), 400)
        self.assertEqual(self.server.get(path).json,
                         {"secretScan": True, "url": None, "hasSecret": False, "onFailure": "closed", "timeoutMs": 5000})

    def test_by_command(self):
        self.pushed_repo()
        secret = self.folder / "gate.secret"
        secret.write_text(SECRET + "\n")
        words = ("--data", self.server.data, "--project", self.project_id())
        made = self.server.command_json("gates", "set", *words, "--url", "https://gate.example.org/", "--secret-file", secret,
                                        "--on-failure", "open", "--timeout-ms", "900", "--no-secret-scan")
        self.assertEqual(made, {"secretScan": False, "url": "https://gate.example.org/", "hasSecret": True,
                                "onFailure": "open", "timeoutMs": 900})
        self.assertEqual(self.server.command_json("gates", "show", *words), made)
        self.assertTrue(self.server.command_json("gates", "set", *words)["secretScan"])


class GuardedGate(Scenario):
    def test_private_addresses_are_not_asked(self):
        repo = self.pushed_repo()
        gate = Gate(says({"allow": True}))
        self.addCleanup(gate.close)
        body = {"url": gate.url, "secret": SECRET}
        answer = self.server.request("PUT", f"/api/projects/{self.project_id()}/gates", body)
        if answer.status == 200:
            repo.commit("second")
            self.assertIn("gave no verdict", repo.refused("push", "origin", "main"))
        self.assertTrue(gate.asked.empty())


if __name__ == "__main__":
    door_table.main()

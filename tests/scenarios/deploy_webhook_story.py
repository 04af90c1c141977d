# SPDX-License-Identifier: Apache-2.0
"""Goal: an endpoint of the project's own deploys: it is asked once in effect, with a signature it can check and a link to the
files that ends; what it answers decides, and nothing it answers is believed further than that.

Method: an endpoint that checks the signature with code of its own, fetches the archive without a key, and compares the files.
"""
import base64
import http.server
import io
import json
import queue
import tarfile
import threading
import urllib.error
import urllib.request

import door_table
from deployments import Deployments
from hook_receiver import signed_by
from origin_server import wait_until

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
FILES = {"index.html": b"one\n", "sub/a b.txt": b"a\n"}


class Endpoint:
    """Answers with the next of `answers`: (status, body, headers); the last one for ever. Or as `decides` says.

    hold(number, told): the request so many from now gets no answer until end_hold(); `told`: it was decided.
    """

    def __init__(self):
        self.answers, self.asked = [(204, b"", {})], queue.Queue()
        self.decides = self.told = None
        self.count = self.held = 0
        self.reached, self.ended = threading.Event(), threading.Event()
        endpoint = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def meet(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                endpoint.count += 1
                held = endpoint.count == endpoint.held
                if held and not endpoint.told:
                    return self.keep()
                endpoint.asked.put((self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body))
                if endpoint.decides:
                    status, answer, headers = endpoint.decides(self.command, self.path, body)
                else:
                    status, answer, headers = endpoint.answers.pop(0) if len(endpoint.answers) > 1 else endpoint.answers[0]
                if held:
                    return self.keep()
                answer = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(answer))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)

            def keep(self):
                endpoint.reached.set()
                endpoint.ended.wait(60)
                self.close_connection = True

            do_POST = do_GET = meet

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def says(self, *answers):
        self.answers = [(status, body, headers[0] if headers else {}) for status, body, *headers in answers]

    def hold(self, number, told):
        self.reached.clear()
        self.ended.clear()
        self.told, self.held = told, self.count + number

    def end_hold(self):
        self.ended.set()

    def requests(self):
        rows = []
        while not self.asked.empty():
            rows.append(self.asked.get_nowait())
        return rows

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class ToWebhook(Deployments):
    def setUp(self):
        super().setUp()
        self.endpoint = Endpoint()
        self.addCleanup(self.endpoint.close)
        self.work = self.pushed_repo()
        self.target()
        self.expect(self.server.request("PUT", self.api("/rules"), {"pattern": "main", "target": "production"}), 200)

    def target(self, status=200, **changes):
        body = {"connector": "webhook", "settings": {"url": self.endpoint.base + "/deploy"}, "secret": SECRET, **changes}
        return self.expect(self.server.request("PUT", self.api("/targets/production"), body), status)

    def push(self, files):
        commit = self.write(self.work, files)
        self.work("push", "-qf", "origin", "HEAD:refs/heads/main")
        return commit

    def archive(self, data):
        """What the link gives to whoever has it."""
        with urllib.request.urlopen(data["archiveUrl"]) as answer:
            archive = tarfile.open(fileobj=io.BytesIO(answer.read()))
        return {name.split("/", 1)[1]: archive.extractfile(name).read() for name in archive.getnames() if archive.getmember(name).isfile()}

    def deployed(self, number):
        self.push({**FILES, "n.txt": b"%d" % number})
        return self.settled()

    def test_it_is_asked_with_a_signature_and_a_link_to_the_files(self):
        self.endpoint.says((200, {"url": "https://shop.example/"}))
        commit = self.push(FILES)
        row = self.settled()
        self.assertEqual((row["state"], row["url"]), ("live", "https://shop.example/"), row)
        (method, path, headers, body), = self.endpoint.requests()
        self.assertEqual((method, path), ("POST", "/deploy"))
        self.assertTrue(signed_by(SECRET, headers, body))
        asked = json.loads(body)
        data = asked["data"]
        self.assertEqual((asked["type"], data["deploymentId"], data["commit"], data["ref"], data["preview"]),
                         ("deployment.requested", row["id"], commit, "refs/heads/main", False))
        self.assertEqual(self.archive(data), FILES)
        first = self.work("rev-parse", "HEAD^").strip()
        for changed in (data["archiveUrl"].replace(commit, first), data["archiveUrl"][:-4] + "AAAA",
                        data["archiveUrl"].split("&")[0]):
            with self.assertRaises(urllib.error.HTTPError, msg=changed) as refused:
                urllib.request.urlopen(changed)
            self.assertEqual(refused.exception.code, 401)
            refused.exception.close()

    def test_of_a_commit_that_was_built_the_link_leads_to_what_its_build_left(self):
        state = self.server.get("/readyz", key=None).json["sandbox"]
        if state != "ready":
            self.skipTest(state)
        toml = b"[build]\ncommand = 'mkdir -p out/a; tr a-z A-Z <index.html >out/index.html; echo a >out/a/b.txt'\noutput = 'out'\n"
        commit = self.push({**FILES, ".origind.toml": toml})
        row = self.settled()
        self.assertEqual((row["state"], row["commit"]), ("live", commit), row)
        (_, _, _, body), = self.endpoint.requests()
        data = json.loads(body)["data"]
        built = {"index.html": b"ONE\n", "a/b.txt": b"a\n"}
        self.assertEqual((data["commit"], self.archive(data)), (commit, built))
        after = self.push(FILES)
        self.settled()
        (_, _, _, body), = self.endpoint.requests()
        data = json.loads(body)["data"]
        self.assertEqual((data["commit"], self.archive(data)), (after, FILES))
        first = next(each for each in self.server.deployments(self.project_id()) if each["commit"] == commit)
        answer = self.server.post(self.api(f"/deployments/{self.newest()['id']}/rollback"))
        self.assertIn(answer.status, (200, 201, 202), answer)
        self.settled()
        (_, _, _, body), = self.endpoint.requests()
        self.assertEqual(self.archive(json.loads(body)["data"]), built)

    def test_a_status_url_is_followed_until_it_says_live_or_failed(self):
        status = self.endpoint.base + "/status/7"
        self.endpoint.says((202, {"statusUrl": status}), (200, {"state": "pending", "message": "building"}),
                           (200, {"state": "live", "url": "https://x.example/"}))
        row = self.deployed(1)
        self.assertEqual((row["state"], row["url"]), ("live", "https://x.example/"), row)
        rows = self.endpoint.requests()
        self.assertEqual([(method, path) for method, path, _, _ in rows],
                         [("POST", "/deploy"), ("GET", "/status/7"), ("GET", "/status/7")])
        self.assertTrue(all(signed_by(SECRET, headers, body) for _, _, headers, body in rows))
        self.endpoint.says((202, {"statusUrl": status}), (200, {"state": "failed", "message": "no space\x1b[2J"}))
        row = self.deployed(2)
        self.assertEqual((row["state"], row["error"]), ("failed", "the endpoint: no space\\x1b[2J"), row)
        self.endpoint.says((202, {"statusUrl": "http://169.254.169.254/"}))
        self.assertIn("at its own host", self.deployed(3)["error"])

    def test_what_may_pass_is_asked_again_with_the_same_id(self):
        self.endpoint.says((503, b"later", {"Retry-After": "0"}), (429, {"message": "slow"}), (200, b"<html>welcome</html>"), (204, b""))
        row = self.deployed(1)
        self.assertEqual(row["state"], "live", row)
        ids = {headers["webhook-id"] for _, _, headers, _ in self.endpoint.requests()}
        self.assertEqual(len(ids), 1)

    def test_what_does_not_pass_ends_it(self):
        for answer, said in (((401, b""), "401"), ((404, {"message": "no such app"}), "no such app"),
                             ((302, b"", {"Location": self.endpoint.base + "/elsewhere"}), "302")):
            with self.subTest(said):
                self.endpoint.says(answer)
                row = self.deployed(len(said) + answer[0])
                self.assertEqual(row["state"], "failed", row)
                self.assertIn(said, row["error"])
        self.assertNotIn("/elsewhere", [path for _, path, _, _ in self.endpoint.requests()])

    def test_going_back_asks_for_the_earlier_commit(self):
        first = self.deployed(1)
        second = self.deployed(2)
        self.endpoint.requests()
        answer = self.server.post(self.api(f"/deployments/{second['id']}/rollback"))
        self.assertIn(answer.status, (200, 201, 202), answer)
        row = self.settled()
        self.assertEqual((row["state"], row["commit"]), ("live", first["commit"]), row)
        (_, _, _, body), = self.endpoint.requests()
        data = json.loads(body)["data"]
        self.assertEqual((data["commit"], data["rollbackOf"]), (first["commit"], first["id"]))

    def test_killed_at_each_request_it_is_asked_again_with_the_same_id(self):
        """Of an endpoint that says later when it is live: before it hears a request, when it did, and when it has answered."""
        live = {}

        def decides(method, path, body):
            if method == "POST":
                data = json.loads(body)["data"]
                live[data["deploymentId"]] = live.get(data["deploymentId"], 0)
                return 202, {"statusUrl": f"{self.endpoint.base}/status/{data['deploymentId']}"}, {}
            name = path.rsplit("/", 1)[1]
            live[name] += 1
            return 200, {"state": "live", "url": f"http://{name}.example/"} if live[name] > 1 else {"state": "pending"}, {}

        self.endpoint.decides = decides
        pushes = 0
        for request in range(1, 4):
            for when in ("unheard", "told", "answered"):
                with self.subTest(request=request, when=when):
                    self.endpoint.requests()
                    before = self.endpoint.count
                    if when != "answered":
                        self.endpoint.hold(request, when == "told")
                    commit = self.push({**FILES, "n.txt": f"{request} {when}".encode()})
                    pushes += 1
                    if when != "answered":
                        self.assertTrue(self.endpoint.reached.wait(60))
                    else:
                        wait_until(f"request {request}", lambda: self.endpoint.count >= before + request)
                    self.server.kill()
                    self.endpoint.end_hold()
                    self.server.start()
                    row = self.settled()
                    self.assertEqual((row["state"], row["commit"], row["url"]), ("live", commit, f"http://{row['id']}.example/"), row)
                    posts = [(headers["webhook-id"], json.loads(body)["data"]) for method, _, headers, body in self.endpoint.requests()
                             if method == "POST"]
                    self.assertEqual({(name, data["deploymentId"], data["commit"]) for name, data in posts},
                                     {(f"deploy_{row['id']}_deployment.requested", row["id"], commit)})
                    self.assertLessEqual(len(posts), 2, "asked for what it has already")
                    self.check_releases(pushes)

    def test_settings_that_cannot_be(self):
        self.assertEqual(self.server.request("PUT", self.api("/targets/x"), {"connector": "webhook", "settings": {}, "secret": SECRET}).code,
                         "missing_setting")
        for url, code in (("ftp://x/", "bad_setting"), ("https://u:p@x/", "bad_setting")):
            answer = self.server.request("PUT", self.api("/targets/x"), {"connector": "webhook", "settings": {"url": url}, "secret": SECRET})
            self.assertEqual(answer.code, code, answer)
        self.target(secret="not a secret of this kind")
        self.assertIn("whsec_", self.deployed(1)["error"])


if __name__ == "__main__":
    door_table.main()

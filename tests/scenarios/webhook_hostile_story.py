# SPDX-License-Identifier: Apache-2.0
"""Goal: no endpoint, however it answers or wherever its name leads, harms the server, its network or other endpoints.

Method: endpoints that never answer, never end, lie about where they are; many of them; and a network of our own whose DNS
changes its answers (rebinding_world.py, in name spaces).
"""
import contextlib
import json
import pathlib
import socket
import ssl
import subprocess
import sys
import threading

import door_table
from hook_receiver import HookScenario, signed_by
from origin_server import wait_until
from scenario import Scenario

HERE = pathlib.Path(__file__).resolve().parent
GIBIBYTE = 1 << 30
FLOOD = 60


class Raw:
    """Hands each connection to `speak`, once a request's head has come; keeps those that it is given to keep."""

    def __init__(self, speak, context=None):
        self.speak, self.context = speak, context
        self.kept, self.refused = [], []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"http{'s' if context else ''}://127.0.0.1:{self.listener.getsockname()[1]}/hook"
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self.listener.accept()
                threading.Thread(target=self._meet, args=(peer,), daemon=True).start()

    def _meet(self, peer):
        try:
            if self.context:
                peer = self.context.wrap_socket(peer, server_side=True)
            got = b""
            while b"\r\n\r\n" not in got:
                got += peer.recv(65536) or b"\r\n\r\n"
            self.speak(self, peer)
        except OSError as failure:  # Also of TLS.
            self.refused.append(failure)

    def keep(self, peer):
        """Says nothing, for ever."""
        self.kept.append(peer)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)  # Or it would go on to accept from whoever gets the number next.
        self.thread.join()
        self.listener.close()
        for peer in self.kept:
            peer.close()


class HostileEndpoints(HookScenario):
    def setUp(self):
        super().setUp()
        self.hooks = f"/api/projects/{self.make()}/webhooks"

    def make(self, name=None):
        """A project with an empty repository; its id."""
        return self.expect(self.server.post("/api/projects", {"name": name or self.project}), 201).json["projectId"]

    def raw(self, speak, context=None):
        endpoint = Raw(speak, context)
        self.addCleanup(endpoint.close)
        return endpoint

    def commit(self, hooks=None):
        path = (hooks or self.hooks).replace("/webhooks", "/commits")
        number = self.server.get((hooks or self.hooks).replace("/webhooks", "/events?limit=200")).json["events"]
        return self.expect(self.server.post(path, {"branch": "main", "message": "x", "files": [
            {"action": "create", "path": f"file-{len(number)}", "content": "x\n"}]}), 201)

    def endpoint(self, url, hooks=None):
        return self.expect(self.server.post(hooks or self.hooks, {"url": url, "events": ["push"]}), 201).json

    def log(self, hook, hooks=None):
        return self.server.get(f"{hooks or self.hooks}/{hook['id']}").json["deliveries"]

    def first(self, hook):
        return wait_until("an attempt in the log", lambda: self.log(hook))[-1]

    def test_one_that_never_answers_is_given_up_and_keeps_nobody_waiting(self):
        silent, receiver = self.raw(Raw.keep), self.receiver()
        hook, good = self.endpoint(silent.url), self.endpoint(receiver.url)
        self.commit()
        wait_until("the silent one to be called", lambda: silent.kept)
        headers, body, _ = receiver.next()
        self.assertTrue(signed_by(good["secret"], headers, body))
        self.assertEqual(self.log(hook), [], "the other was told while this one was waited for")
        tried = self.first(hook)
        self.assertIsNone(tried["status"])
        self.assertIn("too long", tried["error"])

    def test_an_answer_of_a_gibibyte_is_not_read(self):
        sent = []

        def pour(_, peer):
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % GIBIBYTE)
            with contextlib.suppress(OSError):
                for _ in range(GIBIBYTE // 65536):
                    peer.sendall(b"x" * 65536)
                    sent.append(65536)
            peer.close()

        hook = self.endpoint(self.raw(pour).url)
        self.commit()
        tried = self.first(hook)
        self.assertEqual(tried["status"], 200, "it took the message")
        self.assertLess(sum(sent), 64 << 20)
        whole = self.server.get(f"{self.hooks}/{hook['id']}/deliveries/{tried['delivery']}").json
        self.assertEqual(whole["response"]["body"], "x" * 1024)

    def test_a_redirect_is_a_failure_and_is_not_followed(self):
        inside = self.receiver()
        receiver = self.receiver((302, {"Location": "http://169.254.169.254/latest/meta-data"}), (307, {"Location": inside.url}))
        hook = self.endpoint(receiver.url)
        self.commit()
        receiver.next()
        receiver.next()
        wait_until("two attempts", lambda: len(self.log(hook)) >= 2)
        self.assertEqual([each["status"] for each in self.log(hook)[-2:]], [307, 302])
        self.assertTrue(inside.got.empty())

    def test_a_bad_certificate_gets_nothing(self):
        folder = self.folder
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
                        "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem",
                        "-out", folder / "chain.pem"], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "chain.pem", folder / "key.pem")
        endpoint = self.raw(lambda raw, peer: raw.refused.append("a request came"), context)
        hook = self.endpoint(endpoint.url)
        self.commit()
        tried = self.first(hook)
        self.assertIsNone(tried["status"])
        self.assertIn("certificate", tried["error"])
        self.assertNotIn("a request came", endpoint.refused)

    def test_answers_that_are_no_http(self):
        answers = {"nonsense": b"SSH-2.0-OpenSSH_9.2\r\n", "nothing": b"", "an endless head": b"HTTP/1.1 200 OK\r\n" + b"X-Pad: " + b"x" * 200_000}
        for name, answer in answers.items():
            with self.subTest(name):
                def speak(_, peer, answer=answer):
                    with contextlib.suppress(OSError):
                        peer.sendall(answer)
                    peer.close()
                hook = self.endpoint(self.raw(speak).url)
                self.commit()
                tried = self.first(hook)
                self.assertIsNone(tried["status"])
                self.assertTrue(tried["error"])

    def test_a_flood_of_silent_endpoints_delays_no_other(self):
        receiver, newcomer, silent = self.receiver(), self.receiver(), self.raw(Raw.keep)
        quick = self.endpoint(receiver.url)
        self.commit()
        receiver.next()  # It is known as quick from now on.
        hooks = []
        for number in range(FLOOD // 20):
            hooks.append(f"/api/projects/{self.make(f'flood {number}')}/webhooks")
            for _ in range(20):
                self.endpoint(silent.url, hooks[-1])
        self.expect(self.server.post(hooks[0], {"url": silent.url}), 413, "too_many_webhooks")
        for each in hooks:
            self.commit(each)
        held = wait_until("every slow worker to wait for the flood", lambda: len(silent.kept) >= 12 and list(silent.kept))
        for _ in range(5):
            self.commit()
            headers, body, _ = receiver.next()
            self.assertTrue(signed_by(quick["secret"], headers, body))
        self.assertEqual(silent.kept, held, "five deliveries while the same ones waited")
        # One that nobody knows comes after those that wait now, not after the whole flood.
        other = self.server.post("/api/clients", {"slug": "newcomer"})
        key = self.server.post("/api/keys", {"clientId": other.json["clientId"], "title": "k", "scopes": ["deploy", "git:write", "projects:create"]}).json["key"]
        project = self.server.post("/api/projects", {"name": "new"}, key=key).json["projectId"]
        self.server.post(f"/api/projects/{project}/webhooks", {"url": newcomer.url, "events": ["push"]}, key=key)
        self.server.post(f"/api/projects/{project}/commits", {"branch": "main", "message": "x", "files": [
            {"action": "create", "path": "a", "content": "a\n"}]}, key=key)
        newcomer.next()
        self.assertLess(len(silent.kept), FLOOD)


class Rebinding(Scenario):
    """With the settings as they are by default: nothing inside may be called."""

    def test_a_name_that_changes_where_it_leads(self):
        spaces = ["unshare", "--user", "--map-root-user", "--net", "--mount"]
        if subprocess.run([*spaces, "true"], capture_output=True, check=False).returncode != 0:
            self.skipTest("there are no name spaces here")
        done = subprocess.run([*spaces, sys.executable, "-B", HERE / "rebinding_world.py"], capture_output=True, text=True, check=False, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr)
        told = json.loads(done.stdout)
        refused = "The URL leads to an address that may not be called."
        called, log = told["called"], {url.split("//")[1].replace(":8080", ""): seen for url, seen in told["log"].items()}
        self.assertEqual(called["127.0.0.1"] + called["169.254.169.254"], [], told)
        self.assertEqual(log["honest.test/hook"], [204, 204])
        self.assertEqual(log["flip.test/hook"][:2], [204, refused], "asked again at the second attempt, judged again")
        self.assertEqual(called["93.184.216.34"].count("flip.test/hook"), 1)
        self.assertEqual(set(log["both.test/hook"] + log["metadata.test/hook"]), {refused}, "one bad address is enough")
        self.assertEqual(set(log["honest.test/away"]), {302}, "not followed")


if __name__ == "__main__":
    door_table.main()

# SPDX-License-Identifier: Apache-2.0
"""Goal: a slow, huge or ambiguous request costs little and is refused clearly (promise 6, decision D6).

Method: bytes no honest client sends, over plain sockets; the server must answer or close, and still serve others.
"""
import gzip
import pathlib
import socket

import door_table
from scenario import Scenario
from wire import pkt

HOST = "127.0.0.1"


class HttpEdges(Scenario):
    def head(self, first, *lines, host=True):
        lines = ([f"Host: {HOST}:{self.server.port}"] if host else []) + list(lines)
        return ("\r\n".join([first, *lines, "", ""])).encode("latin-1")

    def status(self, data, **more):
        """The first answer's status; 0: closed without one."""
        got = self.server.raw(data, **more)
        return int(got.split(b" ", 2)[1]) if got.startswith(b"HTTP/1.") else 0

    def tearDown(self):
        self.assertEqual(self.server.get("/healthz", key=None).status, 200)

    def test_ambiguous_requests_are_refused(self):
        bodies = {
            "two lengths": self.head("POST /api/requirements HTTP/1.1", "Content-Length: 5", "Content-Length: 6") + b"hello!",
            "length and chunked": self.head("POST /api/requirements HTTP/1.1", "Content-Length: 5", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
            "a coding that ends like one": self.head("POST /api/requirements HTTP/1.1", "Transfer-Encoding: xchunked") + b"0\r\n\r\n",
            "chunked twice": self.head("POST /api/requirements HTTP/1.1", "Transfer-Encoding: chunked, chunked") + b"0\r\n\r\n",
            "a negative length": self.head("POST /api/requirements HTTP/1.1", "Content-Length: -1"),
            "a length with a plus": self.head("POST /api/requirements HTTP/1.1", "Content-Length: +5") + b"hello",
            "a folded header": self.head("GET / HTTP/1.1", "X-A: b", " c"),
            "a space before the colon": self.head("GET / HTTP/1.1", "X-A : b"),
            "no host": self.head("GET / HTTP/1.1", host=False),
            "two hosts": self.head("GET / HTTP/1.1", "Host: other.example.org"),
            "a bare newline": f"GET / HTTP/1.1\nHost: {HOST}:{self.server.port}\n\n".encode(),
            "a nul in a header": self.head("GET / HTTP/1.1", "X-A: b\0c"),
            "another version": self.head("GET / HTTP/3.7"),
            "a target with a space": self.head("GET /a b HTTP/1.1"),
            "no request at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        }
        for name, data in bodies.items():
            with self.subTest(name):
                self.assertIn(self.status(data, end=True), (0, 400, 411, 421, 501, 505), name)

    def test_a_smuggled_second_request_is_not_answered(self):
        data = self.head("POST /api/requirements HTTP/1.1", "Content-Length: 4", "Transfer-Encoding: chunked") + \
            b"0\r\n\r\n" + self.head("GET /healthz HTTP/1.1")
        self.assertEqual(self.server.raw(data, end=True).count(b"HTTP/1.1 "), 1)

    def test_an_authorization_trailer_is_no_credential(self):
        data = self.head("POST /api/projects HTTP/1.1", "Transfer-Encoding: chunked", "Content-Type: application/json", "Trailer: Authorization") + \
            b'f\r\n{"name":"sneak"}\r\n0\r\nAuthorization: Bearer ' + self.server.key.encode() + b"\r\n\r\n"
        self.assertIn(self.status(data, end=True), (400, 401))
        self.assertNotIn("sneak", self.server.get("/api/projects").text)

    def test_a_10_gb_content_length(self):
        ten = 10 * 1024 ** 3
        for path, kind in (("/api/requirements", "application/json"), ("/admin/x.git/git-upload-pack", "application/x-git-upload-pack-request"),
                           ("/admin/x.git/git-receive-pack", "application/x-git-receive-pack-request")):
            with self.subTest(path=path):
                data = self.head(f"POST {path} HTTP/1.1", f"Authorization: Bearer {self.server.key}", f"Content-Type: {kind}",
                                 f"Content-Length: {ten}")
                self.assertIn(self.status(data), (404, 413))

    def test_expect_continue_is_refused_before_the_body(self):
        data = self.head("POST /api/requirements HTTP/1.1", "Content-Type: application/json", "Content-Length: 1000000",
                         "Expect: 100-continue")
        self.assertEqual(self.status(data), 401)

    def test_a_body_that_stops_half_way(self):
        self.pushed_repo()
        before = self.server.events()
        body = b'{"clientId": "' + self.server.client_id.encode() + b'", "requirements": "A page'
        data = self.head("POST /api/requirements HTTP/1.1", f"Authorization: Bearer {self.server.key}",
                         "Content-Type: application/json", f"Content-Length: {len(body) + 100}") + body
        self.assertIn(self.status(data, end=True), (0, 400))
        pack = pkt("0" * 40 + " " + "1" * 40 + " refs/heads/x\0report-status") + b"0000PACK\0\0\0\2\0\0\0\5\x9f"
        data = self.head(f"POST /admin/{self.project}.git/git-receive-pack HTTP/1.1", f"Authorization: Bearer {self.server.key}",
                         "Content-Type: application/x-git-receive-pack-request", f"Content-Length: {len(pack) + 5000}") + pack
        self.assertIn(self.status(data, end=True), (0, 400))
        self.assertEqual(self.server.events(), before)
        self.assertEqual(self.leftovers(), [])

    def leftovers(self):
        """Files of unfinished pushes: they go with their connection, and with a restart at the latest."""
        self.server.restart()
        return [str(path) for path in pathlib.Path(self.server.data).rglob("*")
                if path.is_file() and ("quarantine" in str(path) or path.name.startswith("tmp"))]

    def test_a_head_that_is_too_long(self):
        self.assertIn(self.status(self.head("GET / HTTP/1.1", "X-Long: " + "a" * 40_000)), (0, 431))
        self.assertIn(self.status(self.head("GET / HTTP/1.1", *[f"X-{n}: a" for n in range(200)])), (0, 431))
        self.assertIn(self.status(self.head("GET /" + "a" * 12_000 + " HTTP/1.1")), (0, 414, 431))

    def test_a_gzip_bomb(self):
        """16 KB that become 16 MB: refused by ratio, not by running out of memory."""
        self.pushed_repo()
        bomb = gzip.compress(b"0032want " + b"a" * 32 * 1024 * 1024)
        answer = self.server.request("POST", f"/admin/{self.project}.git/git-upload-pack", bomb,
                                     headers={"Content-Type": "application/x-git-upload-pack-request", "Content-Encoding": "gzip"})
        self.assertIn(answer.status, (400, 413))

    def test_keep_alive_and_pipelined_requests(self):
        one = self.head("GET /healthz HTTP/1.1")
        got = self.server.raw(one * 3 + self.head("GET /healthz HTTP/1.1", "Connection: close"))
        self.assertEqual(got.count(b"HTTP/1.1 200"), 4)

    def test_many_idle_connections_do_not_stop_others(self):
        idle = [socket.create_connection((HOST, self.server.port)) for _ in range(300)]
        try:
            for peer in idle[::3]:
                peer.sendall(b"GET / HT")
            self.assertEqual(self.server.get("/healthz", key=None).status, 200)
        finally:
            for peer in idle:
                peer.close()

    def test_a_peer_that_never_reads(self):
        """It holds a buffer and never a worker: more such peers than workers, and others are served."""
        repo = self.new_repo()
        repo.config.append("core.compression=0")
        repo.commit("big", **{"big.bin": bytes(range(256)) * 60_000})
        repo("push", "-q", "origin", "main")
        want = pkt("command=fetch") + b"0001" + pkt("done") + pkt(f"want {repo.head()}\n") + b"0000"
        data = self.head(f"POST /admin/{self.project}.git/git-upload-pack HTTP/1.1", f"Authorization: Bearer {self.server.key}",
                         "Git-Protocol: version=2", "Content-Type: application/x-git-upload-pack-request", f"Content-Length: {len(want)}")
        peers = []
        try:
            for _ in range(20):
                peer = socket.socket()
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                peer.connect((HOST, self.server.port))
                peer.sendall(data + want)
                peers.append(peer)
            self.assertEqual(self.server.get("/api/projects").status, 200)
            self.clone("beside")
        finally:
            for peer in peers:
                peer.close()


if __name__ == "__main__":
    door_table.main()

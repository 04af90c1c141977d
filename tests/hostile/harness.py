# SPDX-License-Identifier: Apache-2.0
"""What the tables stand on: a case, the servers it is run against, and ways to say what no honest client says."""
import contextlib
import dataclasses
import hashlib
import json
import os
import pathlib
import re
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import typing

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/scenarios"))

import git_client  # noqa: E402
from origin_server import PATIENCE_SECONDS, Server, program, wait_until  # noqa: E402
from watch import MEMORY_MIB_MAX, Secrets, Watch  # noqa: E402
from wire import ZERO, pkt, push_body, report_of  # noqa: E402

__all__ = ["CONFIG", "Case", "Elsewhere", "PATIENCE_SECONDS", "NOTHING_NEW", "ROOT", "Server", "Talk", "World", "Wrong", "ZERO", "check", "environment",
           "git_client", "one_of", "pkt", "program", "push_body", "report_of", "wait_until"]


class Wrong(AssertionError):
    """The answer was not the one the table promises."""


def check(truth, why):
    if not truth:
        raise Wrong(why)


def one_of(got, wanted, what="status"):
    check(got in wanted, f"{what} {got}, expected {' or '.join(map(str, sorted(wanted)))}")
    return str(got)


@dataclasses.dataclass(eq=False)
class Case:
    row: str    # The row of the table of attacks: H1 to S24.
    name: str   # What is sent.
    run: typing.Callable  # World -> a few words on the answer; raises Wrong.
    on: str = "plain"     # Which server: plain, tls, ssh, or none (the case starts what it needs).
    logs: bool = True     # It must leave a line in the log.
    memory_mib: int = MEMORY_MIB_MAX
    keeps_open: int = 0   # Packs of an accepted push stay open for readers.
    fakeable: bool = True  # False: it needs more of a server than an impostor of the controls has.
    slow: bool = False    # It waits for a deadline: all such cases run at once, beside the others.


@dataclasses.dataclass
class Elsewhere:
    """A row, or a part of one, that is not sent here, and why."""
    row: str
    what: str
    why: str


class Talk:
    """What came back over a plain socket."""

    def __init__(self, got, closed):
        self.got, self.closed = got, closed

    @property
    def statuses(self):
        return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", self.got)]

    @property
    def status(self):
        """Of the first answer; 0: closed without one, -1: still open without one."""
        return self.statuses[0] if self.statuses else 0 if self.closed else -1

    @property
    def headers(self):
        return self.got.split(b"\r\n\r\n", 1)[0].decode("latin-1")

    @property
    def body(self):
        return self.got.split(b"\r\n\r\n", 1)[-1]


NOTHING_NEW = b"PACK" + struct.pack(">II", 2, 0)
NOTHING_NEW += hashlib.sha1(NOTHING_NEW).digest()
CONFIG = '[log]\nformat = "json"\n[workers]\nthreads = 8\n'


class World:
    """Three servers, one plain, one with TLS and one with an SSH door, a project with a history, and a live site."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.secrets = Secrets()
        self.answers = []  # Bytes that came back, for the search for secrets.
        self.servers, self.watches = {}, {}
        self.addresses = (f"127.{a}.{b}.9" for a in range(7, 250) for b in range(1, 250))

    def start(self):
        self.start_server("plain", CONFIG)
        certificate = self.certificate()
        self.start_server("tls", CONFIG + f'[http]\ntls_certificate = "{certificate[0]}"\ntls_key = "{certificate[1]}"\n')
        self.start_server("ssh", CONFIG, "--ssh", "127.0.0.1:0")
        self.make_project()
        for name, server in self.servers.items():
            self.watches[name] = Watch(server, self.secrets, lambda name=name: self.http_connection(name))

    def start_server(self, name, config, *options):
        (self.folder / name).mkdir()
        path = self.folder / f"{name}.toml"
        path.write_text(config)
        server = Server(self.folder / name, ["--config", str(path), *options]).init()
        self.servers[name] = server
        self.secrets.add(f"the key of {name}", server.key)
        self.secrets.add(f"the key of {name} in base64", server.basic().split()[1])
        return server.start()

    def end(self):
        for watch in self.watches.values():
            watch.end()
        return {name: server.stop() for name, server in self.servers.items() if server.process is not None}

    def remove(self):
        for watch in self.watches.values():
            watch.probe.over.set()
        for server in self.servers.values():
            server.remove()
        shutil.rmtree(self.folder, ignore_errors=True)

    def certificate(self):
        chain, key = self.folder / "chain.pem", self.folder / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-keyout", key, "-out", chain, "-days", "2", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True, capture_output=True)
        return chain, key

    @property
    def server(self):
        return self.servers["plain"]

    def make_project(self):
        """`base`: one commit on main, a live site, and refs that rows lean on."""
        repo = git_client.Repo(self.folder / "base").init(self.server.code_url("base"))
        repo.commit("first", **{"README.md": "hello\n", "index.html": "<h1>here</h1>\n", "dir__index.html": "<p>in</p>\n"})
        repo("push", "-q", "origin", "main")
        self.base, self.base_repo = repo.head(), repo
        self.tree = repo.head("HEAD^{tree}")
        self.project = next(row["projectId"] for row in self.server.get("/api/projects").json["projects"])
        self.server.request("PUT", f"/api/projects/{self.project}/targets/production", {"connector": "local"})
        self.server.request("PUT", f"/api/projects/{self.project}/rules", {"pattern": "main", "target": "production"})
        self.base = repo.commit("second", **{"style.css": "p {}\n"})
        repo("push", "-q", "origin", "main")
        live = self.server.settle_deployments(self.project)[-1]
        self.site_host = live["url"].split("/")[2]
        self.page = (repo.path / "index.html").read_bytes()
        large = git_client.Repo(self.folder / "large", config=["core.compression=0"]).init(self.server.code_url("large"))
        self.large = large.commit("large", **{"large.bin": os.urandom(20_000_000)})
        large("push", "-q", "origin", "main")

    # HTTP ------------------------------------------------------------------------------------

    def new_address(self):
        """An address nobody has asked from: bad keys slow the one they come from."""
        return next(self.addresses)

    def client_tls(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context

    def connect(self, on="plain", source="127.0.0.1", seconds=PATIENCE_SECONDS, receive_bytes=None):
        peer = socket.socket()
        peer.settimeout(seconds)
        if receive_bytes:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        peer.bind((source, 0))
        peer.connect(("127.0.0.1", self.servers[on].port))
        return self.client_tls().wrap_socket(peer, server_hostname="localhost") if on == "tls" else peer

    def http_connection(self, on):
        import http.client
        connection = http.client.HTTPConnection("127.0.0.1", self.servers[on].port, timeout=20)
        if on == "tls":
            connection.sock = self.connect(on, seconds=20)
        return connection

    def head(self, first, *lines, host=True, key=None, on="plain"):
        """A request's head as bytes. `key`: "" the admin's."""
        server = self.servers[on]
        rows = [f"Host: 127.0.0.1:{server.port}"] if host else []
        if key is not None:
            rows.append(f"Authorization: Bearer {key or server.key}")
        return b"\r\n".join(row.encode("latin-1") for row in [first, *rows, *lines, "", ""])

    def talk(self, data, on="plain", end=False, seconds=PATIENCE_SECONDS, source="127.0.0.1", until=None):
        """Sends `data` (bytes or pieces) and reads until the server closes, `until` is there, or time is up."""
        got, closed = b"", False
        with contextlib.closing(self.connect(on, source, seconds)) as peer:
            try:
                for piece in [data] if isinstance(data, bytes) else data:
                    peer.sendall(piece)
                if end and on == "plain":
                    peer.shutdown(socket.SHUT_WR)
            except (ConnectionError, ssl.SSLError):
                pass  # It was refused before we had said it all.
            try:
                while not (until and until in got):
                    piece = peer.recv(65536)
                    if not piece:
                        closed = True
                        break
                    got += piece
            except (ConnectionError, ssl.SSLError):
                closed = True
            except TimeoutError:
                pass
        self.answers.append(got)
        return Talk(got, closed)

    def ask(self, method, path, body=None, **more):
        """One honest HTTP request to the plain server."""
        answer = self.server.request(method, path, body, **more)
        self.answers.append(answer.body + str(answer.headers).encode())
        return answer

    @staticmethod
    def reset(peer):
        """Ends a connection by RST."""
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.close()

    # Git -------------------------------------------------------------------------------------

    def refs(self, project="base"):
        """{name: id}, seen from outside."""
        body = self.ask("GET", f"/admin/{project}.git/info/refs?service=git-upload-pack").body
        return {name.decode(): oid.decode() for oid, name in re.findall(rb"([0-9a-f]{40}) (refs/[^\0\n]+)", body)}

    def post_git(self, service, body, project="base", headers=None, **more):
        return self.ask("POST", f"/admin/{project}.git/{service}", body, headers={
            "Content-Type": f"application/x-{service}-request", **(headers or {})}, **more)

    def push(self, commands, pack=None, capabilities="report-status", project="base", tail=b""):
        """Returns (the unpack line, {ref: "ok" or why not}); an HTTP refusal is ("HTTP <status>: ...", {}).

        `pack`: None is what git sends when there is nothing new: a pack of no objects, or none for deletes alone.
        """
        if pack is None:
            pack = NOTHING_NEW if any(new != ZERO for _, new, _ in commands) else b""
        answer = self.post_git("git-receive-pack", push_body(commands, tail + pack, capabilities), project)
        if answer.status != 200:
            return f"HTTP {answer.status}: {answer.text[:200]}", {}
        return report_of(answer.body)

    def fetch(self, lines, protocol="version=2", project="base"):
        body = b"".join(line if isinstance(line, bytes) and line in (b"0000", b"0001") else pkt(line) for line in lines)
        return self.post_git("git-upload-pack", body, project, {"Git-Protocol": protocol} if protocol else {})

    def leftovers(self, name="plain"):
        """Files of pushes that were refused."""
        projects = pathlib.Path(self.servers[name].data) / "projects"
        return [str(path) for path in projects.rglob("quarantine/*") if path.is_file()]

    def unchanged(self, act, project="base"):
        """Runs `act` and requires that it moved no ref and left no file; returns what `act` did."""
        before = self.refs(project)
        result = act()
        after = self.refs(project)
        check(after == before, f"refs moved: {set(after.items()) ^ set(before.items())}")
        wait_until("quarantine to be empty", lambda: not self.leftovers(), 20)
        return result


def json_bytes(value):
    return json.dumps(value).encode()


def environment():
    return {**os.environ, "LC_ALL": "C.UTF-8"}

# SPDX-License-Identifier: Apache-2.0
"""A real origind on a temporary data folder and a free port, and plain HTTP to speak to it.

The program is $ORIGIND, else build/dev/origind, else build/release/origind. Everything is
waited for; nothing sleeps. A server is stopped and killed by its process id alone.
"""
import base64
import http.client
import json
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Sanitizer builds are slow, and two cores are shared: this is when a test gives up, not what it expects.
PATIENCE_SECONDS = 120
# For what asks as fast as it can with one key: a configuration without limits of clients.
NO_LIMITS = """[limits]
requests_per_minute = 0
address_requests_per_minute = 0
pushes_per_minute = 0
runs_per_minute = 0
fetches_at_once = 0
projects = 0
stored_bytes = 0
"""


def program():
    for path in (os.environ.get("ORIGIND"), ROOT / "build/dev/origind", ROOT / "build/release/origind"):
        if path and pathlib.Path(path).is_file():
            return str(path)
    raise SystemExit("There is no origind program: build one first (./dev build).")


def wait_until(what, condition, seconds=PATIENCE_SECONDS):
    """Asks `condition` until it gives something true, and returns that."""
    end = time.monotonic() + seconds
    pause = 0.005
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        select.select([], [], [], pause)
        pause = min(pause * 1.5, 0.25)


class Answer:
    """An HTTP answer, read whole."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """The stable `code` of a problem document; None for anything else."""
        if not (self.headers.get("Content-Type") or "").startswith("application/problem+json"):
            return None
        return self.json.get("code")

    def __repr__(self):
        return f"<{self.status} {self.text[:2000]}>"


class Server:
    def __init__(self, folder=None, options=()):
        self.root = pathlib.Path(folder or tempfile.mkdtemp(prefix="origind-test-"))
        self.data = self.root / "data"
        self.log_path = self.root / "server.log"
        self.options = list(options)
        self.process = None
        self.port = 0
        self.url = self.ssh_url = None
        self.environment = {**os.environ, "NO_PROXY": "*", "no_proxy": "*"}

    # Life ------------------------------------------------------------------------------------

    def command(self, *words, check=True, **more):
        """Runs `origind WORDS...`; returns the finished process."""
        done = subprocess.run([program(), *map(str, words)], capture_output=True, text=True,
                              timeout=PATIENCE_SECONDS, env=self.environment, **more)
        if check and done.returncode != 0:
            raise AssertionError(f"origind {' '.join(map(str, words))}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def command_json(self, *words):
        return json.loads(self.command(*words, "--json").stdout)

    def init(self):
        made = self.command_json("init", "--data", self.data)
        self.client_id, self.key_id, self.key = made["clientId"], made["keyId"], made["key"]
        self.client = "admin"
        return self

    def start(self):
        """Returns once requests are taken. Started again, it takes the port it had: once that is free, for somebody's
        connection may have got it meanwhile."""
        assert self.process is None, "it runs already"
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            before = len(self.log())
            doors = self._begin()
            if " serves " in doors:
                break
            self._gone()
            if "Address already in use" not in self.log()[before:] or time.monotonic() > end:
                raise AssertionError(f"origind did not start: {doors}\n{self.log()[-4000:]}")
            time.sleep(0.2)
        urls = [line.split(" serves ")[1] for line in doors.splitlines() if " serves " in line]
        self.url, self.ssh_url = urls[0], (urls + [None])[1]
        self.port = int(self.url.rsplit(":", 1)[1])
        return self

    def _begin(self):
        """Returns what it says first."""
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [program(), "serve", "--data", str(self.data), "--http", f"127.0.0.1:{self.port}", *self._options()],
                stdout=subprocess.PIPE, stderr=log, env=self.environment)
        return self._first_lines(2 if "--ssh" in self.options else 1)

    def _options(self):
        """Started again, the SSH door has the port it had."""
        had = self.ssh_url.rsplit(":", 1)[1] if self.ssh_url else "0"
        return [f"127.0.0.1:{had}" if before == "--ssh" and word == "127.0.0.1:0" else word
                for before, word in zip([None, *self.options], self.options)]

    def _first_lines(self, count):
        """HTTP's, then the SSH door's; more may come along."""
        end = time.monotonic() + PATIENCE_SECONDS
        line = b""
        while line.count(b"\n") < count and time.monotonic() < end:
            if not select.select([self.process.stdout], [], [], 1)[0]:
                continue
            piece = os.read(self.process.stdout.fileno(), 4096)
            if not piece:
                break
            line += piece
        return line.decode()

    def stop(self):
        """Asks it to stop, and returns its exit status."""
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGTERM)
        return self._gone()

    def kill(self):
        """kill -9."""
        self.process.kill()
        return self._gone()

    def _gone(self):
        status = self.process.wait(timeout=PATIENCE_SECONDS)
        self.process.stdout.close()
        self.process = None
        return status

    def restart(self):
        self.kill()
        return self.start()

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def remove(self):
        if self.process is not None:
            self.kill()
        # A server that was killed told nobody else what a sanitizer found in it.
        found = re.search(r"^.*(?:Address|Thread|Leak)Sanitizer: .*$|^.*: runtime error: .*$", self.log(), re.MULTILINE)
        shutil.rmtree(self.root, ignore_errors=True)
        if found:
            raise AssertionError(f"a sanitizer says of the server: {found.group()}")

    def __enter__(self):
        return self.init().start()

    def __exit__(self, *_):
        self.remove()

    # HTTP ------------------------------------------------------------------------------------

    def connect(self, timeout=PATIENCE_SECONDS, source="127.0.0.1"):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout, source_address=(source, 0))

    def request(self, method, path, body=None, headers=None, key="", host=None, source="127.0.0.1"):
        """`key`: "" the admin's, None none, else that one. `body`: bytes, or what becomes JSON.

        `source`: the address asked from: one that shows bad keys is slowed.
        """
        sent = {"Host": host or f"127.0.0.1:{self.port}", **(headers or {})}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        if key is not None:
            sent.setdefault("Authorization", f"Bearer {key or self.key}")
        connection = self.connect(source=source)
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def operate(self, verb, body):
        """What `origind VERB` asks of a running server: on the socket in its data folder, as its operator."""
        connection = http.client.HTTPConnection("localhost", timeout=PATIENCE_SECONDS)
        connection.sock = socket.socket(socket.AF_UNIX)
        try:
            connection.sock.settimeout(PATIENCE_SECONDS)
            connection.sock.connect(str(self.data / "origind.sock"))
            connection.request("POST", f"/api/operator/{verb}", json.dumps(body).encode(), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def post(self, path, body=None, **more):
        return self.request("POST", path, {} if body is None else body, **more)

    def open_url(self, url, headers=None, method="GET"):
        """A URL the server handed out, site hosts included, as a browser without a key asks it."""
        scheme, _, rest = url.partition("://")
        assert scheme == "http", url
        host, slash, path = rest.partition("/")
        return self.request(method, slash + path if slash else "/", host=host, headers=headers, key=None)

    def raw(self, data, seconds=PATIENCE_SECONDS, end=False):
        """Sends bytes as they are; returns all bytes that come back until the server closes.

        `end`: shuts our side down after sending.
        """
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as peer:
            got = b""
            try:
                peer.sendall(data)
                if end:
                    peer.shutdown(socket.SHUT_WR)
                while piece := peer.recv(65536):
                    got += piece
            except (ConnectionResetError, BrokenPipeError):
                pass
            return got

    def basic(self, key=None):
        return "Basic " + base64.b64encode(f"any:{key or self.key}".encode()).decode()

    # What most stories need ------------------------------------------------------------------

    def code_url(self, project, key=None):
        """The Git URL of the admin's project `project`, with the key as password."""
        return f"http://dev:{key or self.key}@127.0.0.1:{self.port}/{self.client}/{project}.git"

    def with_key(self, code_url, key=None):
        return code_url.replace("://", f"://dev:{key or self.key}@", 1)

    def make_key(self, client=None, scopes=(), projects=()):
        words = ["key", "create", "--data", self.data, "--client", client or self.client_id, "--title", "a test's"]
        for scope in scopes:
            words += ["--scope", scope]
        for project in projects:
            words += ["--project", project]
        return self.command_json(*words)

    def require(self, text, wait=60, headers=None, **more):
        """Posts a requirement and waits for its end."""
        body = {"clientId": self.client_id, "requirements": text, **more}
        answer = self.post("/api/requirements", body, headers={"Prefer": f"wait={wait}", **(headers or {})})
        if answer.status == 202:
            request = answer.json["requestId"]
            answer = wait_until(f"run {request}", lambda: self._settled(request))
        return answer

    def _settled(self, request):
        answer = self.get(f"/api/requirements/{request}")
        return answer if answer.status != 200 or answer.json["status"] != "pending" else None

    def wait_run(self, request):
        """The run once it is settled; None if there is no such run."""
        def settled():
            answer = self.get(f"/api/requirements/{request}")
            if answer.status == 404:
                return [None]
            return [answer.json] if answer.status == 200 and answer.json["status"] != "pending" else None
        return wait_until(f"run {request}", settled)[0]

    def events(self, project=None):
        """The whole event log, or that of one project, oldest first."""
        path = f"/api/projects/{project}/events" if project else "/api/events"
        found, cursor = [], None
        while True:
            page = self.get(f"{path}?limit=200" + (f"&after={cursor}" if cursor else ""))
            if page.status != 200:
                raise AssertionError(f"events: {page}")
            found += page.json["events"]
            if not page.json["events"]:
                return found
            cursor = page.json["events"][-1]["cursor"]

    def pages(self, path, name):
        """Every row of a list, page by page."""
        found, cursor = [], None
        while True:
            page = self.get(f"{path}{'&' if '?' in path else '?'}limit=200" + (f"&cursor={cursor}" if cursor else ""))
            if page.status != 200:
                raise AssertionError(f"{path}: {page}")
            found += page.json[name]
            cursor = page.json.get("nextCursor")
            if not cursor:
                return found

    def deployments(self, project):
        """Every deployment of a project, oldest first."""
        return sorted(self.pages(f"/api/projects/{project}/deployments", "deployments"), key=lambda row: row["id"])

    def settle_deployments(self, project):
        """Waits until no deployment is on its way or looked at; returns them all, oldest first."""
        going = {"queued", "building", "uploading", "processing"}
        return wait_until("deployments to settle",
                          lambda: (rows := self.deployments(project)) and not any(
                              r["state"] in going or r.get("health") == "checking" for r in rows) and rows)

# SPDX-License-Identifier: Apache-2.0
"""The seeded small repository, and what the real `git` says to a server about it, recorded.

A recording is a list of exchanges in the order the client made them. Replayed, each goes to another
place (path, credentials) with the same method, headers and body.
"""
import dataclasses
import http.client
import http.server
import random
import threading

import load
from git_client import Repo

# 331 objects: a commit, 4 trees and 90 blobs; then 59 commits that change one file: 4 objects each.
FOLDERS, FILES_PER_FOLDER, LATER_COMMITS = 3, 30, 59
WORDS = ("anchor basin canal delta estuary ferry gauge harbour inlet jetty keel lagoon mooring narrows "
         "outlet pier quay rapids shoal tide upstream vessel weir yard").split()
KEPT_HEADERS = ("Accept", "Accept-Encoding", "Accept-Language", "Content-Type", "Content-Encoding", "Git-Protocol",
                "User-Agent", "Pragma")


def text(rng, words):
    return "".join(rng.choice(WORDS) + str(rng.randrange(10_000)) + ("\n" if i % 9 == 8 else " ") for i in range(words)) + "\n"


class History:
    """Feeds `git fast-import` commits of one line of history on refs/heads/main."""

    def __init__(self, rng):
        self.rng, self.stream, self.time = rng, [], 1_700_000_000

    def commit(self, message, files, base=None):
        self.time += 60
        lines = [f"commit refs/heads/main\ncommitter Ada <ada@example.org> {self.time} +0000\ndata {len(message)}\n{message}\n"]
        if base:
            lines.append(f"from {base}\n")
        for path, content in files.items():
            lines.append(f"M 100644 inline {path}\ndata {len(content)}\n{content}\n")
        self.stream.append("".join(lines))

    def bytes(self):
        return "".join(self.stream).encode()


def make_small_repository(folder):
    """A bare repository, the same on every machine. Returns it."""
    rng = random.Random(20)
    history = History(rng)
    files = {f"part-{d}/file-{f}.txt": text(rng, 60) for d in range(FOLDERS) for f in range(FILES_PER_FOLDER)}
    history.commit("Begin\n", files)
    for number in range(LATER_COMMITS):
        path = f"part-{number % FOLDERS}/file-{number % FILES_PER_FOLDER}.txt"
        files[path] += text(rng, 20)
        history.commit(f"Change {number}\n", {path: files[path]})
    repo = Repo(folder)
    repo.path.mkdir(parents=True)
    repo("init", "-q", "--bare", ".")
    repo("symbolic-ref", "HEAD", "refs/heads/main")
    repo("fast-import", "--quiet", data=history.bytes())
    repo("repack", "-adbq")
    return repo


def add_chain(repo, commits):
    """That many small commits on top of main; main stays. Returns their ids, oldest first."""
    rng = random.Random(21)
    tip = repo("rev-parse", "refs/heads/main")
    history = History(rng)
    for number in range(commits):
        history.commit(f"Push {number}\n", {f"part-0/file-{number % 10}.txt": text(rng, 60)}, None if number else tip)
    repo("fast-import", "--quiet", "--force", data=history.bytes())
    chain = repo("rev-list", "--reverse", f"{tip}..refs/heads/main").split()
    repo("update-ref", "refs/heads/main", tip)
    repo("update-ref", "refs/chain/tip", chain[-1])
    return chain


@dataclasses.dataclass
class Exchange:
    method: str
    path: str  # Below the repository: "/info/refs?service=git-upload-pack".
    headers: dict
    body: bytes
    answer: bytes


def to_server(exchanges, prefix, headers):
    """The requests of a recording as one server is asked them."""
    return [load.request(e.method, prefix + e.path, {**e.headers, **headers}, e.body) for e in exchanges]


def to_fixed_paths(exchanges):
    """The requests as the bare server is asked them: each path is the number of its answer."""
    return [load.request(e.method, f"/{number}", e.headers, e.body) for number, e in enumerate(exchanges)]


class Recorder:
    """A proxy before a server: what passes through it is kept in `exchanges`."""

    def __init__(self, port, prefix):
        self.target, self.prefix, self.exchanges = port, prefix, []
        recorder = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                recorder.pass_on(self)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def pass_on(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        headers = {name: handler.headers[name] for name in KEPT_HEADERS if handler.headers[name]}
        sent = {**headers, "Authorization": handler.headers.get("Authorization", "")}
        connection = http.client.HTTPConnection("127.0.0.1", self.target, timeout=60)
        connection.request(handler.command, handler.path, body or None, sent)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        assert handler.path.startswith(self.prefix), handler.path
        assert answer.status == 200, f"{handler.path}: {answer.status} {data[:300]}"
        self.exchanges.append(Exchange(handler.command, handler.path[len(self.prefix):], headers, body, data))
        handler.send_response(answer.status)
        for name in ("Content-Type", "Cache-Control", "Content-Encoding"):
            if answer.headers[name]:
                handler.send_header(name, answer.headers[name])
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)


def record(origin, project, words):
    """What `git WORDS` (its "URL" replaced) says to `project` of an origind. `words`: (Repo, words...)."""
    repo, *rest = words
    prefix = f"/{origin.client}/{project}.git"
    with Recorder(origin.port, prefix) as recorder:
        url = f"http://127.0.0.1:{recorder.port}{prefix}"
        repo("-c", f"http.extraHeader=Authorization: {origin.basic()}", *[url if w == "URL" else w for w in rest])
        return recorder.exchanges

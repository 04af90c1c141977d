# SPDX-License-Identifier: Apache-2.0
"""Measurements of the API side: commits, project creation, a push's way to its site and to a webhook."""
import http.server
import itertools
import json
import queue
import random
import socket
import threading
import time

import load
import record
from figures import Figure, spread
from world import CLIENTS

COMMIT_FILES, COMMIT_BYTES = 10, 100_000


def _commit_body(rng, action):
    """A commit of ten files; the files' last line has the counter, so each commit changes all of them."""
    files = []
    for number in range(COMMIT_FILES):
        content = ""
        while len(content) < COMMIT_BYTES // COMMIT_FILES - 20:
            content += record.text(rng, 9)
        files.append({"action": action, "path": f"src/module-{number}/file.txt", "content": content + f"{load.COUNTER}\n"})
    return json.dumps({"branch": "main", "message": f"Commit {load.COUNTER}", "files": files}).encode()


def _commit_requests(world, project, name):
    """A file with one commit's request for a new project that has the ten files already."""
    origin, rng = world.origin, random.Random(name)
    path = f"/api/projects/{project}/commits"
    first = _commit_body(rng, "create").replace(load.COUNTER.encode(), b"000000000")
    answer = origin.request("POST", path, first, {"Content-Type": "application/json"})
    assert answer.status in (200, 201), answer
    return load.write(world.root / "requests" / name, [
        load.request("POST", path, origin.api_headers(), _commit_body(rng, "update"))])


def commit(world):
    """API commits of ten files: one client, then sixteen with a project each, then sixteen on one."""
    sizes, origin = world.sizes, world.origin
    numbers = itertools.count()
    alone, alone_p99, spread_out, spread_p99 = [], [], [], []
    counter = 1
    for _ in range(sizes.rounds):
        def fresh():
            name = f"commits-{next(numbers)}"
            return _commit_requests(world, origin.make_project(name), name)
        run = load.run(origin, fresh(), 1, operations=sizes.commits, warm=2, counter=counter)
        counter = run["counter"]
        alone.append(run["latency_us"]["p50"] / 1000)
        alone_p99.append(run["latency_us"]["p99"] / 1000)
        run = load.run(origin, [fresh() for _ in range(CLIENTS)], CLIENTS, operations=sizes.commits * 4, warm=CLIENTS,
                       counter=counter)
        counter = run["counter"]
        spread_out.append(run["per_second"])
        spread_p99.append(run["latency_us"]["p99"] / 1000)
    p50 = Figure("api_commit_p50", "API commit, 10 files, 100 KB, p50", "ms", spread(alone), goal="under 3 ms")
    p50.met = p50.ours["median"] < 3
    rate = Figure("api_commit_rate", f"API commits, {CLIENTS} clients, a project each", "/s", spread(spread_out),
                  goal="1,000/s", more={"p99_ms": spread(spread_p99)})
    rate.met = rate.ours["median"] >= 1000
    return [p50, Figure("api_commit_p99", "API commit, 10 files, 100 KB, p99", "ms", spread(alone_p99)), rate,
            Figure("api_commit_rate_p99", f"API commits, {CLIENTS} clients, p99", "ms", spread(spread_p99))]


def project(world):
    """Project creation, one client."""
    origin, sizes = world.origin, world.sizes
    body = json.dumps({"name": f"made-{load.COUNTER}", "slug": f"made-{load.COUNTER}"}).encode()
    file = load.write(world.root / "requests" / "project", [load.request("POST", "/api/projects", origin.api_headers(), body)])
    p50, p99, counter = [], [], 1
    for _ in range(sizes.rounds):
        run = load.run(origin, file, 1, operations=sizes.samples, warm=1, counter=counter)
        counter = run["counter"]
        p50.append(run["latency_us"]["p50"] / 1000)
        p99.append(run["latency_us"]["p99"] / 1000)
    figure = Figure("project_creation", "create a project, p50", "ms", spread(p50), goal="under 2 ms", more={"p99": spread(p99)})
    figure.met = figure.ours["median"] < 2
    return [figure]


class Asker:
    """One kept connection that asks for one page again and again, with as little Python as can be."""

    def __init__(self, port, host, path):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()

    def page(self):
        self.socket.sendall(self.request)
        got = b""
        while True:
            got += self.socket.recv(65536)
            head, end, body = got.partition(b"\r\n\r\n")
            if end:
                length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
                if len(body) >= length:
                    return body

    def close(self):
        self.socket.close()


def deploy(world):
    """From an API commit's answer, which leaves after its transaction, to the site serving that commit."""
    origin, times = world.origin, []
    project_id = origin.make_project("deployed")
    origin.deploys_main(project_id)
    origin.commit(project_id, "index.html", "version start\n")
    live = origin.settle_deployments(project_id)[-1]
    assert live["state"] == "live", live
    host = live["url"].split("://")[1].rstrip("/")
    asker = Asker(origin.port, host, "/index.html")
    for number in range(world.sizes.samples):
        wanted = f"version {number}\n".encode()
        origin.commit(project_id, "index.html", wanted.decode(), "update")
        begun = time.perf_counter()
        while asker.page() != wanted:
            pass
        times.append((time.perf_counter() - begun) * 1000)
    asker.close()
    return [Figure("deploy_to_live", "commit's answer to live site", "ms", spread(times))]


class Receiver:
    """Notes when each webhook's request has come in."""

    def __init__(self):
        self.got = queue.Queue()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                came = time.perf_counter()
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(204)
                self.end_headers()
                receiver.got.put(came)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def webhook(world):
    """From an API commit's answer to the webhook's request at its receiver."""
    origin, times = world.origin, []
    project_id = origin.make_project("hooked")
    receiver = Receiver()
    try:
        made = origin.post(f"/api/projects/{project_id}/webhooks", {"url": receiver.url, "events": ["push"]})
        assert made.status == 201, made
        for number in range(world.sizes.samples):
            origin.commit(project_id, f"file-{number}", "x\n")
            begun = time.perf_counter()
            times.append(max(0.0, (receiver.got.get(timeout=60) - begun) * 1000))
    finally:
        receiver.close()
    return [Figure("webhook_latency", "commit's answer to webhook's arrival", "ms", spread(times))]

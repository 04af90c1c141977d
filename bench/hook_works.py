# SPDX-License-Identifier: Apache-2.0
"""Measurements of webhooks: what a slow endpoint that is told a lot costs the others."""
import http.client
import http.server
import json
import multiprocessing
import threading
import time

from api_works import Receiver
from figures import Figure, spread

OFFERED = 200       # Events a second.
SLOW_SECONDS = 1.0  # What the slow endpoint takes to answer.
OTHERS = 4          # Quick endpoints, in projects of their own.
PROCESSES = multiprocessing.get_context("fork")  # The load must not take turns with the clock's thread.


class Endpoint:
    """A receiver in a process of its own, that takes `seconds` to answer and counts."""

    def __init__(self, seconds):
        self.count, ports = PROCESSES.Value("i", 0), PROCESSES.Queue()
        self.process = PROCESSES.Process(target=self._serve, args=(seconds, ports), daemon=True)
        self.process.start()
        self.url = f"http://127.0.0.1:{ports.get()}/hook"

    def _serve(self, seconds, ports):
        count = self.count

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                time.sleep(seconds)
                self.send_response(204)
                self.end_headers()
                with count.get_lock():
                    count.value += 1

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        ports.put(server.server_port)
        server.serve_forever()

    def close(self):
        self.process.kill()
        self.process.join()


class Events:
    """Makes OFFERED events a second in a project, by statuses of one of its commits, while it is a context."""

    def __init__(self, origin, project):
        self.origin, self.made, self.stop = origin, PROCESSES.Value("i", 0), PROCESSES.Event()
        page = json.loads(origin.get(f"/api/projects/{project}/commits").body)
        self.path = f"/api/projects/{project}/commits/{page['commits'][0]['commit']}/statuses"
        self.process = PROCESSES.Process(target=self._make, daemon=True)

    def _make(self):
        def some(number, threads):
            connection, made = http.client.HTTPConnection("127.0.0.1", self.origin.port, timeout=60), 0
            begun = time.perf_counter()
            while not self.stop.wait(max(0.0, begun + made * threads / OFFERED - time.perf_counter())):
                body = json.dumps({"context": f"ci/{number}", "state": ("pending", "success")[made % 2]})
                connection.request("POST", self.path, body, self.origin.api_headers())
                answer = connection.getresponse()
                answer.read()
                assert answer.status in (200, 201), answer.status
                made += 1
                with self.made.get_lock():
                    self.made.value += 1

        workers = [threading.Thread(target=some, args=(number, 4)) for number in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    def __enter__(self):
        self.begun = time.perf_counter()
        self.process.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.process.join()
        self.seconds = time.perf_counter() - self.begun

    def per_second(self):
        return self.made.value / self.seconds


def _times(world, others, name):
    """From asking for an API commit until its webhook has arrived, at the other endpoints in turn."""
    times = []
    for number in range(world.sizes.samples):
        project, receiver = others[number % len(others)]
        begun = time.perf_counter()
        world.origin.commit(project, f"{name}-{number}", "x\n")
        times.append((receiver.got.get(timeout=60) - begun) * 1000)
    return times


def webhooks(world):
    """The delay of quick endpoints: alone; beside 200 events a second for a quick one; and for a slow one."""
    origin, receivers, figures = world.origin, [], []

    def hooked(name, receiver, events):
        project = origin.make_project(name)
        origin.commit(project, "first", "x\n")
        receivers.append(receiver)
        made = origin.post(f"/api/projects/{project}/webhooks", {"url": receiver.url, "events": [events]})
        assert made.status == 201, made
        return project, receiver

    try:
        loads = [(name, *hooked(f"{name}-load", Endpoint(seconds), "commit.status"), title) for name, seconds, title in (
            ("quick", 0, "a quick endpoint"), ("slow", SLOW_SECONDS, "one that takes 1 s"))]
        others = [hooked(f"other-{number}", Receiver(), "push") for number in range(OTHERS)]
        _times(world, others, "warm")  # So that they are known as quick.
        figures.append(Figure("webhooks_others_alone", "API commit to its webhook's arrival", "ms", spread(_times(world, others, "alone"))))
        for name, project, receiver, title in loads:
            with Events(origin, project) as events:
                time.sleep(min(2.0, world.sizes.samples / 10))  # The load is there before it is measured.
                times = _times(world, others, name)
            figures.append(Figure(
                f"webhooks_others_beside_{name}", f"the same beside {OFFERED} events/s for {title}", "ms", spread(times),
                note=f"{events.per_second():.0f} events/s, {receiver.count.value} of {events.made.value} delivered to it meanwhile",
                more={"events_per_second": events.per_second(), "delivered": receiver.count.value}))
    finally:
        for receiver in receivers:
            receiver.close()
    return figures

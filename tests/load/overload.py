# SPDX-License-Identifier: Apache-2.0
"""Ten times the load a server can take, of writes (API commits) and of cheap reads (ref listings).

What it can take is measured first: the best rate of a few connections, none of which is refused. Ten times that is ten
times as many clients as it serves in a second, each of which wants one thing after another: who is served asks again at
once, who is refused asks again after the Retry-After it was told. They come within a second and share kept connections,
as behind a proxy. bench_load plays them (bench/load_run.h). It has the last processor for itself and the server all
others, in every measurement: so it takes nothing from the server but what its requests cost there.

Thousands of connections cost by themselves: nothing of the next one is in a cache. For reads, which take so little time
that this counts, a bare Boost.Beast server with one thread plays the same in turn, and what it keeps of its best rate
is what there is to keep.
"""
import contextlib
import json
import os
import pathlib
import statistics
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))

import load  # noqa: E402
import peers  # noqa: E402
from git_client import Repo  # noqa: E402
from origin_server import NO_LIMITS, Server, wait_until  # noqa: E402

TIMES = 10
CONNECTIONS_MAX = 8000  # The server takes 10,000.
PROJECTS, FILES = 256, 16
BRANCHES = 20  # Of a listing.


class Loaded(Server):
    """A server without limits of clients, that bench/load.py can load. `apart`: it runs on all processors but the load program's."""

    def __init__(self, apart=True):
        super().__init__()
        config = self.root / "origind.toml"
        config.write_text(NO_LIMITS)
        self.options = ["--config", str(config)]
        self.all_cpus = os.sched_getaffinity(0)
        self.load_cpus = {max(self.all_cpus)} if apart else self.all_cpus
        self.counter = 1

    def start(self):
        with on_cpus((self.all_cpus - self.load_cpus) or self.all_cpus):
            return super().start()

    def pids(self):
        return [self.process.pid]

    def run(self, files, connections, **more):
        found = self.run_other(self, files, connections, counter=self.counter, **more)
        self.counter = found["counter"]
        return found

    def run_other(self, server, files, connections, **more):
        with on_cpus(self.load_cpus):
            return load.run(server, files, connections, **more)

    @contextlib.contextmanager
    def bare(self, answer):
        """A bare server where this one runs, and the file of the request that it answers with `answer`."""
        bare = peers.Beast(self.root / "bare")
        (bare.root / "0").write_bytes(answer)
        with contextlib.ExitStack() as stack:
            with on_cpus((self.all_cpus - self.load_cpus) or self.all_cpus):
                stack.enter_context(bare)
            yield bare, load.write(self.root / "requests" / "bare", [load.request("GET", "/0", self.headers())])

    def headers(self):
        return {"Authorization": f"Bearer {self.key}"}


@contextlib.contextmanager
def on_cpus(cpus):
    """What is started in here stays on `cpus`."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class Commits:
    """API commits of one small file, each on a branch of its own, over many projects."""

    fills_a_queue = True
    answer = None

    def __init__(self, server):
        self.server = server
        self.projects = [server.post("/api/projects", {"name": f"p{number}"}).json["projectId"] for number in range(PROJECTS)]
        body = json.dumps({"branch": f"b{load.COUNTER}", "message": f"n{load.COUNTER}", "files": [
            {"action": "create", "path": f"f/{load.COUNTER}.txt", "content": f"{load.COUNTER}\n"}]}).encode()
        headers = {**server.headers(), "Content-Type": "application/json"}
        requests = [load.request("POST", f"/api/projects/{project}/commits", headers, body) for project in self.projects]
        # Each connection goes through all projects; they begin at different ones.
        self.files = [load.write(server.root / "requests" / str(first), requests[first:] + requests[:first])
                      for first in range(0, PROJECTS, PROJECTS // FILES)]

    def lost(self, served):
        """How many of the commits that were answered with success are not there."""
        stored = sum(len(self.server.pages(f"/api/projects/{project}/branches", "branches")) for project in self.projects)
        return max(0, served - stored)


class Listings:
    """Ref listings of a project with twenty branches: protocol v0, where one request is a whole listing."""

    fills_a_queue = False  # As many as there may be connections are served in less time than anybody is to wait.

    def __init__(self, server):
        repo = Repo(server.root / "seed").init(server.code_url("listed"))
        repo.commit("seed", readme="hello\n")
        repo("push", "-q", "origin", *(f"HEAD:refs/heads/b{number}" for number in range(BRANCHES)))
        path = f"/{server.client}/listed.git/info/refs?service=git-upload-pack"
        self.answer = server.request("GET", path, headers={"Authorization": server.basic()}).body
        self.files = [load.write(server.root / "requests" / "listing", [
            load.request("GET", path, {"Authorization": server.basic()})])]

    @staticmethod
    def lost(_):
        return 0


class Plan:
    def __init__(self, quick):
        self.quick = quick
        self.rounds = 1 if quick else 3
        self.best_ms, self.flood_ms = (700, 1000) if quick else (3000, 10_000)
        self.connections = (8,) if quick else (8, 16, 32, 64)


def rate(found, milliseconds):
    return found["served_in_time"] / milliseconds * 1000


def run(kind, quick):
    plan = Plan(quick)
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(Loaded())
        work, everything, rounds, bare_rounds, backs = kind(server), [], [], [], []
        bare, file = stack.enter_context(server.bare(work.answer)) if work.answer and not quick else (None, None)

        def asked(connections, **more):
            found = server.run(work.files, connections, **more)
            everything.append(found)
            return found

        def some():
            """Two dozen requests in turn, as of somebody who comes by."""
            return asked(8, clients=8, milliseconds=60_000, operations=24)

        def calm():
            found = some()
            return found["refused"] == 0 and found["latency_us"]["p50"] < 3 * normal

        def flood_of(asked_of, at):
            """The best rate, then ten times as many clients as that."""
            best = asked_of(at, clients=at, milliseconds=plan.best_ms)
            clients = 400 if quick else int(TIMES * rate(best, plan.best_ms))
            return best, asked_of(min(clients, CONNECTIONS_MAX), clients=clients, milliseconds=plan.flood_ms), clients

        tried = {connections: rate(asked(connections, clients=connections, milliseconds=plan.best_ms), plan.best_ms)
                 for connections in plan.connections}
        at = max(tried, key=tried.get)
        normal = statistics.median(some()["latency_us"]["p50"] for _ in range(3))
        for _ in range(plan.rounds):
            best, flood, clients = flood_of(asked, at)
            begun = time.monotonic()
            wait_until("the server to be as quick as before", calm)
            backs.append(flood["drained_ms"] / 1000 + time.monotonic() - begun)
            rounds.append((best, flood))
            if bare:
                bare_rounds.append(flood_of(lambda *of, **more: server.run_other(bare, [file], *of, **more), at)[:2])
        figures = figures_of(plan, rounds)
        if bare_rounds:
            figures |= {f"bare_{name}": figures_of(plan, bare_rounds)[name] for name in ("best_per_s", "flood_per_s", "kept")}
        return {"quick": quick, "best_connections": at, "flood_clients": clients, "flood_connections": min(clients, CONNECTIONS_MAX),
                "fills_a_queue": kind.fills_a_queue, **figures,
                "refused_without_retry_after": sum(found["refused_without_retry_after"] for found in everything),
                "broken": sum(found["reconnects"] for found in everything),
                "lost": work.lost(sum(found["served"] for found in everything)),
                "back_to_normal_s": [round(back, 2) for back in backs]}


def figures_of(plan, rounds):
    """The medians of rounds, each of which compares a flood with the best rate just before it."""
    def middle(of):
        return round(statistics.median(of(best, flood) for best, flood in rounds), 3)

    def in_all(flood):
        return (flood["served_in_time"] + flood["refused_in_time"]) / plan.flood_ms * 1000
    return {"best_per_s": middle(lambda best, _: rate(best, plan.best_ms)),
            "flood_per_s": middle(lambda _, flood: rate(flood, plan.flood_ms)),
            "kept": middle(lambda best, flood: rate(flood, plan.flood_ms) / rate(best, plan.best_ms)),
            "asked_times": middle(lambda best, flood: in_all(flood) / rate(best, plan.best_ms)),
            "refused": sum(flood["refused"] for _, flood in rounds),
            "served_p50_ms": middle(lambda _, flood: flood["latency_us"]["p50"] / 1000),
            "served_p99_ms": middle(lambda _, flood: flood["latency_us"]["p99"] / 1000),
            "server_cpu_best": middle(lambda best, _: best["server_cpu_seconds"] / best["seconds"]),
            "server_cpu_flood": middle(lambda _, flood: flood["server_cpu_seconds"] / flood["seconds"]),
            "load_cpu_best": middle(lambda best, _: best["load_cpu_seconds"] / best["seconds"]),
            "load_cpu_flood": middle(lambda _, flood: flood["load_cpu_seconds"] / flood["seconds"])}


def judge(figures):
    yield "every refusal says when to come again (Retry-After)", figures["refused_without_retry_after"] == 0
    yield "no connection was lost", figures["broken"] == 0
    yield "everything that was answered with success is there", figures["lost"] == 0
    if not figures["quick"]:
        yield ("at least 80 % of the best throughput, or of what a bare server keeps of its own",
               figures["kept"] >= 0.8 * min(1, figures.get("bare_kept", 1)))
        yield "what does not fit is refused", figures["refused"] > 0 or not figures["fills_a_queue"]
        yield "back to normal within 2 s", max(figures["back_to_normal_s"]) < 2


# Each verdict must fail on this.
FAILING = {"quick": False, "refused_without_retry_after": 1, "broken": 1, "lost": 1, "kept": 0.55, "bare_kept": 0.7, "refused": 0,
           "fills_a_queue": True, "back_to_normal_s": [0.1, 2.1]}
